import { shown } from "./check-value.ts";

/** One part of a batch, as a request of its own. */
export type BatchPart = { readonly method: string; readonly url: string; readonly body?: unknown };

// https://learn.microsoft.com/graph/json-batching
const maxParts = 20;

/** The parts of a `$batch` body that are readable as requests. */
export function batchParts(body: unknown): readonly BatchPart[] {
  return rawParts(body).flatMap((part) => {
    const { method, url } = part;
    if (typeof method !== "string" || typeof url !== "string") return [];
    return [{ method, url, ...(part["body"] === undefined ? {} : { body: part["body"] }) }];
  });
}

/** What is wrong with a `$batch` envelope; `check` answers for each part. */
export function batchProblems(
  body: unknown,
  check: (part: BatchPart) => readonly string[],
): readonly string[] {
  const parts = rawParts(body);
  if (parts.length === 0) return [`a batch needs a list of requests, not ${shown(body)}`];
  const ids = parts.map((part) => part["id"]);
  return [
    ...(parts.length > maxParts ? [`a batch takes ${maxParts} requests, not ${parts.length}`] : []),
    ...parts.flatMap((part, index) => {
      const others = ids.toSpliced(index, 1);
      const name = `part ${typeof part["id"] === "string" ? part["id"] : `number ${index + 1}`}`;
      return [...envelopeProblems(part, others), ...contentProblems(part, check)].map(
        (text) => `${name}: ${text}`,
      );
    }),
  ];
}

type RawPart = { readonly [name: string]: unknown };

function envelopeProblems(part: RawPart, otherIds: readonly unknown[]): readonly string[] {
  const { id, dependsOn = [], headers, body } = part;
  const problems: string[] = [];
  if (typeof id !== "string" || id === "") problems.push(`id must be a text, not ${shown(id)}`);
  if (otherIds.includes(id)) problems.push(`its id is used twice`);
  if (!Array.isArray(dependsOn) || dependsOn.some((other: unknown) => !otherIds.includes(other)))
    problems.push(`dependsOn must list ids of other parts, not ${shown(dependsOn)}`);
  if (body !== undefined && !hasJsonType(headers))
    problems.push("a body needs the header Content-Type: application/json");
  return problems;
}

function contentProblems(part: RawPart, check: (part: BatchPart) => readonly string[]): readonly string[] {
  const { method, url, body } = part;
  if (typeof method !== "string") return [`method must be a text, not ${shown(method)}`];
  if (typeof url !== "string" || !url.startsWith("/"))
    return [`url must be relative and begin with /, not ${shown(url)}`];
  if (/^\/(v1\.0|beta)\//.test(url)) return [`url must not name the version: ${url}`];
  if (url.startsWith("/$batch")) return ["a batch does not nest"];
  return check({ method, url, ...(body === undefined ? {} : { body }) });
}

function hasJsonType(headers: unknown): boolean {
  if (!isRecord(headers)) return false;
  return Object.entries(headers).some(
    ([name, value]) =>
      name.toLowerCase() === "content-type" &&
      typeof value === "string" &&
      value.startsWith("application/json"),
  );
}

function rawParts(body: unknown): readonly RawPart[] {
  const requests = isRecord(body) ? body["requests"] : undefined;
  return Array.isArray(requests) ? requests.filter(isRecord) : [];
}

function isRecord(value: unknown): value is RawPart {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
