import type { Reply } from "./call.ts";

/** An answer that is an error: thrown where it is noticed, turned into Graph's envelope in one place. */
export class GraphProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function badRequest(message: string): GraphProblem {
  return new GraphProblem(400, "Request_BadRequest", message);
}

export function unsupportedQuery(message: string): GraphProblem {
  return new GraphProblem(400, "Request_UnsupportedQuery", message);
}

/** Also what replication lag looks like right after a creation. */
export function notFound(id: string): GraphProblem {
  return new GraphProblem(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

export function denied(hint?: string): GraphProblem {
  return new GraphProblem(
    403,
    "Authorization_RequestDenied",
    "Insufficient privileges to complete the operation.",
    hint === undefined ? {} : { "x-lab-hint": hint },
  );
}

/** An honest answer for what real Graph can do and the lab cannot. */
export function notImitated(what: string): GraphProblem {
  return new GraphProblem(501, "NotImplemented", `The lab does not imitate ${what}.`);
}

export function tooManyRequests(
  retryAfterSeconds: number | undefined,
  headers: Readonly<Record<string, string>> = {},
): GraphProblem {
  const retryAfter = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  return new GraphProblem(429, "TooManyRequests", "Too many requests.", { ...retryAfter, ...headers });
}

/** The error envelope of every Graph answer that is not a success. */
export function problemReply(problem: GraphProblem, ids: ErrorIds): Reply {
  const { status, code, message, headers } = problem;
  const innerError = {
    date: new Date(ids.at).toISOString().slice(0, 19),
    "request-id": ids.requestId,
    "client-request-id": ids.clientRequestId ?? ids.requestId,
  };
  return { status, headers, body: { error: { code, message, innerError } } };
}

export type ErrorIds = {
  readonly at: number;
  readonly requestId: string;
  readonly clientRequestId: string | null;
};
