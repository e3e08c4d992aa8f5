import { batchProblems } from "./check-batch.ts";
import { bodyProblems } from "./check-body.ts";
import { methodProblem } from "./check-method.ts";
import { checkQuery } from "./check-query.ts";
import type { Metadata } from "./metadata.ts";
import { parseQuery } from "./query-options.ts";
import { resolvePath, type Target } from "./resolve-path.ts";

/** A request to Graph; `url` is the path and query after `/v1.0`, `body` the parsed JSON. */
export type GraphRequest = { readonly method: string; readonly url: string; readonly body?: unknown };

export type CheckedRequest = {
  /** In plain words, empty when the request agrees with the metadata. */
  readonly problems: readonly string[];
  /** The path with `{id}` for every key; what cannot be resolved stays as it was sent. */
  readonly template: string;
  /** Property names that the request reads (`$select`, `$filter`, …) or writes (the body's top level). */
  readonly properties: readonly string[];
};

/** Compares one request with Graph's published metadata; `checkPart` does it for the parts of a batch. */
export function checkRequest(
  metadata: Metadata,
  request: GraphRequest,
  checkPart = (part: GraphRequest): CheckedRequest => checkRequest(metadata, part),
): CheckedRequest {
  const { url, method } = request;
  // A guest's UPN contains #EXT#: unless that is encoded, everything behind it never reaches Graph.
  if (url.includes("#")) return refused(url, `${url} has an unencoded #: send %23`);
  if (!url.startsWith("/")) return refused(url, `${url} must begin with /, the path after /v1.0`);
  const [path = "", ...rest] = url.split("?");
  const resolved = resolvePath(metadata, path);
  const { template } = resolved;
  if (resolved.kind === "missing") return refused(template, resolved.problem);
  const wrongMethod = methodProblem(metadata, resolved.target, { method, template });
  if (wrongMethod !== undefined) return refused(template, wrongMethod);
  const content = { ...request, query: rest.join("?") };
  return { template, ...checkContent(metadata, resolved.target, { request: content, checkPart }) };
}

function refused(template: string, problem: string): CheckedRequest {
  return { problems: [problem], template, properties: [] };
}

function checkContent(
  metadata: Metadata,
  target: Target,
  {
    request,
    checkPart,
  }: {
    readonly request: GraphRequest & { readonly query: string };
    readonly checkPart: (part: GraphRequest) => CheckedRequest;
  },
): Omit<CheckedRequest, "template"> {
  const { method, body } = request;
  const parsed = parseQuery(request.query);
  if (parsed.kind === "unreadable") return { problems: [parsed.problem], properties: [] };
  const checked = checkQuery(metadata, target, { method, options: parsed.options });
  const wrongBody =
    target.kind === "batch"
      ? batchProblems(body, (part) => checkPart(part).problems)
      : bodyProblems(metadata, target, { method, body });
  return {
    problems: [...checked.problems, ...wrongBody],
    properties: [...checked.properties, ...writtenNames(target, body)],
  };
}

function writtenNames(target: Target, body: unknown): readonly string[] {
  if (target.kind === "operation" || target.kind === "batch") return [];
  return typeof body === "object" && body !== null
    ? Object.keys(body).filter((name) => !name.startsWith("@"))
    : [];
}
