import { errorText } from "../model/error-text.ts";
import { identify, type Caller, type TokenRules } from "./caller.ts";
import type { Endpoint, Reply } from "./endpoint.ts";
import { challenge, json, problem, type Answer } from "./problem.ts";
import type { RawInput, Wrong } from "./read-input.ts";
import { suffices, type ApiRole } from "./roles.ts";

/** An HTTP request as far as an endpoint needs it. */
export type ApiRequest = Omit<RawInput, "body"> & {
  /** The body, read when it is wanted. */
  readonly text: () => Promise<string>;
};

export type ServePorts<Ports> = {
  /** What tokens are checked by. */
  readonly rules: () => TokenRules;
  readonly ports: () => Promise<Ports>;
  readonly newRequestId: () => string;
  /** Whether something that was thrown says that what Muster stands on does not answer. */
  readonly isOutage: (error: unknown) => boolean;
  readonly log: (
    level: "info" | "warn" | "error",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
};

/** What an operator asks takes a few hundred bytes. */
export const bodyLimit = 100_000;
const retryAfterSeconds = 10;

/** What every endpoint may refuse, whatever it is about. */
export const commonProblems = {
  400: "The request cannot be read; `errors` says what is wrong with it, and where.",
  401: "The token is missing or not good for Muster; the log says why.",
  403: "The token is good, and lacks the app role.",
  413: `The body has more than ${bodyLimit} bytes; nothing of it was read.`,
  500: "Muster has failed; the log says how, by the request's id.",
  503: "What Muster stands on does not answer; ask again after `Retry-After`.",
} as const;

/** What came of a request: its answer without what all answers have, and what the log is to know besides. */
type Outcome = {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** For a problem; null: it is none. */
  readonly detail: string | null;
  readonly caller: Caller | null;
  readonly why: string | null;
};

/**
 * Answers a request: says who calls, whether they may, what is wrong with what they ask, and what came of it. Every answer has the
 * request's id, which the log has as well.
 */
export async function serve<Ports>(
  endpoint: Endpoint<Ports>,
  request: ApiRequest,
  outside: ServePorts<Ports>,
): Promise<Answer> {
  const requestId = outside.newRequestId();
  const outcome = await outcomeOf(endpoint, request, outside);
  const { status, caller, why } = outcome;
  const level = status < 400 ? "info" : status < 500 ? "warn" : "error";
  outside.log(level, "The API has answered.", {
    requestId,
    endpoint: endpoint.name,
    status,
    ...(caller !== null && { tenant: caller.tenant, object: caller.object, app: caller.app }),
    ...(why !== null && { why }),
  });
  const answer = answerOf(outcome, requestId);
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ...outcome.headers,
      "x-request-id": requestId,
      "cache-control": "no-store",
    },
  };
}

async function outcomeOf<Ports>(
  endpoint: Endpoint<Ports>,
  request: ApiRequest,
  { rules, ports, isOutage }: ServePorts<Ports>,
): Promise<Outcome> {
  let caller: Caller | null = null;
  try {
    const identified = await identify(request.header("authorization"), rules());
    if (identified.kind === "unavailable") return outage(null, identified.why);
    if (identified.kind === "refused") return unknownCaller(identified.why);
    caller = identified.caller;
    if (!suffices(caller.roles, endpoint.role)) return lacking(endpoint.role, caller);
    const body = endpoint.body === null ? "" : await bodyOf(request);
    if (body === null) return refused(413, commonProblems[413], caller);
    const reply = await endpoint.carryOut({ ...request, body }, caller, await ports());
    return reply.kind === "unreadable"
      ? unreadable(reply.wrong, caller)
      : outcomeOfReply(endpoint, reply, caller);
  } catch (error) {
    if (isOutage(error)) return outage(caller, errorText(error));
    return refused(500, commonProblems[500], caller, errorText(error));
  }
}

/** @returns null when it is too long */
async function bodyOf({ header, text }: ApiRequest): Promise<string | null> {
  if (Number(header("content-length") ?? 0) > bodyLimit) return null;
  const body = await text();
  return body.length > bodyLimit ? null : body;
}

function outcomeOfReply<Ports>({ answer }: Endpoint<Ports>, reply: Reply, caller: Caller): Outcome {
  if (reply.kind === "refused") {
    const outcome = refused(reply.status, reply.detail, caller);
    return reply.status === 503 ? { ...outcome, headers: retryLater } : outcome;
  }
  return {
    status: answer.status,
    body: reply.body,
    headers: reply.headers,
    detail: null,
    caller,
    why: null,
  };
}

const retryLater = { "retry-after": String(retryAfterSeconds) };

function refused(status: number, detail: string, caller: Caller | null, why: string = detail): Outcome {
  return { status, body: {}, headers: {}, detail, caller, why };
}

const outage = (caller: Caller | null, why: string): Outcome => ({
  ...refused(503, "What Muster stands on does not answer. Ask again in a moment.", caller, why),
  headers: retryLater,
});

const unknownCaller = (why: string): Outcome => ({
  ...refused(401, "Send a token of Microsoft Entra for this application, as docs/api.md says.", null, why),
  headers: challenge,
});

const lacking = (role: ApiRole, caller: Caller): Outcome => ({
  ...refused(403, `This takes the app role ${role}; docs/api.md says how it is assigned.`, caller),
  headers: { "www-authenticate": 'Bearer error="insufficient_scope"' },
});

function unreadable(errors: readonly Wrong[], caller: Caller): Outcome {
  const detail = errors.map(({ at, problem: what }) => `${at}: ${what}`).join("; ");
  return { ...refused(400, detail, caller), body: { errors } };
}

function answerOf({ status, body, detail }: Outcome, requestId: string): Answer {
  if (detail === null) return json(status, body);
  // What a refusal has for a body is what it says besides.
  const more = { requestId, ...(body as Readonly<Record<string, unknown>>) };
  return problem({ status, title: titles[status] ?? "Refused", detail, more });
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  413: "Content Too Large",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
