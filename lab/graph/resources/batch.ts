import { z } from "zod";
import type { Call, Reply } from "../http/call.ts";
import { GraphProblem } from "../http/problem.ts";
import type { Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { shuffled } from "../random.ts";

const maxParts = 20;

const partSchema = z.object({
  id: z.string().min(1),
  method: z.string().transform((method) => method.toUpperCase()),
  url: z.string().min(1),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
  dependsOn: z.array(z.string()).default([]),
});
const batchSchema = z.object({ requests: z.array(partSchema).min(1) });

type Part = z.infer<typeof partSchema>;
type PartReply = { id: string; status: number; headers?: Record<string, string>; body?: unknown };

/** Serves one part of a batch as if it had come alone. */
export type ServePart = (request: Request, part: { batch: Call; body: unknown }) => Promise<Response>;

export function batchRoute(route: Route, lab: Lab, serve: ServePart): void {
  route("POST", "/$batch", async (call) => {
    const parts = readParts(call);
    const responses = await answerAll(call, parts, serve);
    // Graph promises no order: whoever does not correlate by id is found out.
    return { status: 200, body: { responses: shuffled(responses, lab.random) } } satisfies Reply;
  });
}

function readParts(call: Call): readonly Part[] {
  const parsed = batchSchema.safeParse(call.body);
  if (!parsed.success) throw invalid(`Invalid batch payload: ${z.prettifyError(parsed.error)}`);
  const parts = parsed.data.requests;
  if (parts.length > maxParts)
    throw invalid(`The number of batch requests exceeds the limit of ${maxParts}.`);
  const ids = new Set(parts.map(({ id }) => id));
  if (ids.size < parts.length) throw invalid("The ids of the requests in a batch must be unique.");
  for (const part of parts) checkPart(part, ids);
  const byId = new Map(parts.map((part) => [part.id, part]));
  for (const part of parts) refuseLoop(part, byId, []);
  return parts;
}

function checkPart(part: Part, ids: ReadonlySet<string>): void {
  const unknown = part.dependsOn.find((id) => !ids.has(id) || id === part.id);
  if (unknown !== undefined)
    throw invalid(`Request ${part.id} depends on ${unknown}, which is not in the batch.`);
  const hasType = Object.keys(part.headers).some((name) => name.toLowerCase() === "content-type");
  if (part.body !== undefined && !hasType) {
    throw invalid(`Write request id : ${part.id} does not contain Content-Type header or body.`);
  }
  if (/^https?:/i.test(part.url) || part.url.includes("/$batch")) {
    throw invalid(`Invalid url in request ${part.id}: relative URLs without a version are expected.`);
  }
}

function refuseLoop(part: Part, byId: ReadonlyMap<string, Part>, waiting: readonly string[]): void {
  if (waiting.includes(part.id)) throw invalid(`Request ${part.id} depends on itself.`);
  for (const id of part.dependsOn) {
    const needed = byId.get(id);
    if (needed !== undefined) refuseLoop(needed, byId, [...waiting, part.id]);
  }
}

function invalid(message: string): GraphProblem {
  return new GraphProblem(400, "BadRequest", message);
}

/** Parts run at once, except that a part waits for those it depends on and falls with them. */
async function answerAll(call: Call, parts: readonly Part[], serve: ServePart): Promise<PartReply[]> {
  const started = new Map<string, Promise<PartReply>>();
  const byId = new Map(parts.map((part) => [part.id, part]));

  function start(part: Part): Promise<PartReply> {
    const known = started.get(part.id);
    if (known !== undefined) return known;
    const needed = part.dependsOn.flatMap((id) => byId.get(id) ?? []);
    const before = needed.map(start);
    const running = Promise.all(before).then((replies) =>
      replies.every(({ status }) => status < 400) ? answer(call, part, serve) : failedDependency(part),
    );
    started.set(part.id, running);
    return running;
  }

  return Promise.all(parts.map(start));
}

async function answer(call: Call, part: Part, serve: ServePart): Promise<PartReply> {
  const path = part.url.startsWith("/") ? part.url : `/${part.url}`;
  const headers = new Headers(part.headers);
  const request = new Request(`${call.url.origin}/v1.0${path}`, { method: part.method, headers });
  const response = await serve(request, { batch: call, body: part.body });
  const reply = { id: part.id, status: response.status, headers: partHeaders(response.headers) };
  const text = await response.text();
  if (text === "") return reply;
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { ...reply, body: isJson ? (JSON.parse(text) as unknown) : text };
}

// Header names inside a batch are spelled as a person would.
function partHeaders(headers: Headers): Record<string, string> {
  const spelling: Readonly<Record<string, string>> = {
    "content-type": "Content-Type",
    "retry-after": "Retry-After",
    "odata-version": "OData-Version",
  };
  return Object.fromEntries([...headers].map(([name, value]) => [spelling[name] ?? name, value]));
}

function failedDependency(part: Part): PartReply {
  const error = { code: "FailedDependency", message: "A request this one depends on has failed." };
  return { id: part.id, status: 424, headers: { "Content-Type": "application/json" }, body: { error } };
}
