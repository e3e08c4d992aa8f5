import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import { z } from "zod";
import { coalesce } from "./batch.ts";
import { GraphError, isPassing } from "./error.ts";
import type { Http, HttpAnswer, Method } from "./http.ts";

/**
 * What to serve first when a tenant throttles: `high` for leavers, `low` for sweeps.
 * https://learn.microsoft.com/graph/throttling-limits (x-ms-throttle-priority)
 */
export type Priority = "high" | "normal" | "low";

export type GraphCall = {
  readonly method: Method;
  /** After /v1.0, query included and encoded. */
  readonly path: string;
  /** The path with `{id}` in place of ids. */
  readonly template: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly priority: Priority;
  /** Says which refusals are answers, not errors. */
  readonly accepts?: (refusal: Refusal) => boolean;
  /** Slow, separately limited calls travel alone and wait alone. */
  readonly lane?: "directory" | "on-demand";
};

export type Refusal = { readonly status: number; readonly message: string };

/** "Not found" is an answer. */
export const notFound = ({ status }: Refusal): boolean => status === 404;

/** Evidence of one call: Graph's own request id finds it in the tenant's logs. */
export type Trace = {
  readonly clientRequestId: string;
  readonly requestId: string | null;
  readonly status: number;
  /** From the first try to the answer. */
  readonly ms: number;
  readonly tries: number;
};

export type GraphReply = {
  readonly status: number;
  readonly body: unknown;
  readonly trace: Trace;
  /** "maybe": an earlier try got no answer, so this call may already have taken effect. */
  readonly appliedBefore: "no" | "maybe";
};

/** One tenant's Graph, with its own concurrency limit and its own memory of being throttled. */
export type GraphTenant = {
  readonly tenantId: string;
  readonly url: string;
  /** @throws GraphError when Graph gives no answer the call asked for. */
  readonly send: (call: GraphCall) => Promise<GraphReply>;
};

export type TenantOptions = {
  readonly tenantId: string;
  readonly url: string;
  readonly http: Http;
  /** HTTP requests in flight at once; a batch counts as one. */
  readonly concurrency?: number;
};

/** Waits up to this long are made here; longer ones go back to the queue, because a worker never waits. */
const patienceMs = 2_000;
const tryLimit = 3;
const timeouts = { directory: 10_000, "on-demand": 60_000 } as const;
const queuePriority = { high: 2, normal: 1, low: 0 } as const;

export function graphTenant({ tenantId, url, http, concurrency = 4 }: TenantOptions): GraphTenant {
  // On-demand calls take up to a minute: in a queue of their own they hold up nobody else.
  const queues = { directory: new PQueue({ concurrency }), "on-demand": new PQueue({ concurrency }) };
  const pausedUntil = { directory: 0, "on-demand": 0 };
  const silentUntil = { directory: 0, "on-demand": 0 };
  const silences = { directory: 0, "on-demand": 0 };
  const limited = (priority: Priority, lane: keyof typeof queues = "directory"): Http => {
    // A tenant that was silent twice in a row is left alone for a while, also by the calls that were waiting for their turn.
    const ask: Http = async (call) => {
      if (silentUntil[lane] > Date.now()) return silence;
      if (pausedUntil[lane] > Date.now()) return stillPaused(pausedUntil[lane] - Date.now());
      const answer = await http(call);
      silences[lane] = isTimeout(answer) ? silences[lane] + 1 : 0;
      if (silences[lane] > 1) silentUntil[lane] = Date.now() + silenceMs;
      return answer;
    };
    return (call) => queues[lane].add(() => ask(call), { priority: queuePriority[priority] });
  };
  const together = {
    high: coalesce(limited("high")),
    normal: coalesce(limited("normal")),
    low: coalesce(limited("low")),
  };

  async function send(call: GraphCall): Promise<GraphReply> {
    const lane = call.lane ?? "directory";
    const clientRequestId = crypto.randomUUID();
    const startedAt = Date.now();
    let appliedBefore: GraphReply["appliedBefore"] = "no";
    for (let tries = 1; ; tries += 1) {
      const pauseMs = Math.max(pausedUntil[lane], silentUntil[lane]) - Date.now();
      if (pauseMs > patienceMs) throw paused({ call, tenantId, clientRequestId, appliedBefore }, pauseMs);
      if (pauseMs > 0) await sleep(pauseMs);
      const answer = await transmit(call, lane, clientRequestId);
      if (isAnswer(call, answer)) {
        const trace = traceOf(answer, { clientRequestId, startedAt, tries });
        return { status: answer.status, body: answer.body, trace, appliedBefore };
      }
      const error = toError({ call, tenantId, clientRequestId, answer, appliedBefore });
      if (answer.status === 429)
        pausedUntil[lane] = Math.max(pausedUntil[lane], Date.now() + waitMs(error, tries));
      if (!isPassing(answer.status) || tries >= tryLimit || waitMs(error, tries) > patienceMs) throw error;
      if (error.failure.code === "token") throw error;
      if (answer.status === 0 || answer.status >= 500) appliedBefore = "maybe";
      await sleep(waitMs(error, tries));
    }
  }

  function transmit(
    call: GraphCall,
    lane: keyof typeof timeouts,
    clientRequestId: string,
  ): Promise<HttpAnswer> {
    const carrier = lane === "on-demand" ? limited(call.priority, lane) : together[call.priority];
    return carrier({
      method: call.method,
      path: call.path,
      headers: {
        "client-request-id": clientRequestId,
        "x-ms-throttle-priority": call.priority,
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: call.body }),
      timeoutMs: timeouts[lane],
    });
  }

  return { tenantId, url, send };
}

/** Workers are shared: one tenant that does not answer must not keep them all waiting. */
const silenceMs = 10_000;

const silence: HttpAnswer = {
  status: 0,
  headers: {},
  body: {
    error: { code: "timeout", message: "this tenant did not answer a moment ago and was not asked again" },
  },
};

/** Somebody else was throttled while this call waited for its turn. */
const stillPaused = (ms: number): HttpAnswer => ({
  status: 429,
  headers: { "retry-after": String(ms / 1_000) },
  body: { error: { code: "paused", message: "this tenant asked to wait, so the call was not made" } },
});

const isTimeout = ({ status, body }: HttpAnswer) =>
  status === 0 && envelopeSchema.safeParse(body).data?.error.code === "timeout";

function isAnswer(call: GraphCall, { status, body }: HttpAnswer): boolean {
  if (status >= 200 && status < 300) return true;
  return (
    call.accepts?.({ status, message: envelopeSchema.safeParse(body).data?.error.message ?? "" }) ?? false
  );
}

function traceOf(
  answer: HttpAnswer,
  { clientRequestId, startedAt, tries }: { clientRequestId: string; startedAt: number; tries: number },
): Trace {
  return {
    clientRequestId,
    requestId: answer.headers["request-id"] ?? null,
    status: answer.status,
    ms: Date.now() - startedAt,
    tries,
  };
}

/** Seconds, and they may have a fraction; Graph sends none for some resources, then the wait grows with every try. */
function waitMs(error: GraphError, tries: number): number {
  if (error.failure.retryAfterMs !== null) return error.failure.retryAfterMs;
  return Math.ceil(250 * 2 ** tries * (0.75 + Math.random() / 2));
}

const envelopeSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

type Failed = {
  readonly call: GraphCall;
  readonly tenantId: string;
  readonly clientRequestId: string;
  readonly answer: HttpAnswer;
  readonly appliedBefore: GraphReply["appliedBefore"];
};

function toError({ call, tenantId, clientRequestId, answer, appliedBefore }: Failed): GraphError {
  const envelope = envelopeSchema.safeParse(answer.body);
  const retryAfter = Number.parseFloat(answer.headers["retry-after"] ?? "");
  return new GraphError({
    status: answer.status,
    code: envelope.data?.error.code ?? "unknown",
    message: envelope.data?.error.message ?? "no error text came back",
    method: call.method,
    template: call.template,
    tenantId,
    requestId: answer.headers["request-id"] ?? null,
    clientRequestId,
    retryAfterMs: Number.isFinite(retryAfter) ? Math.ceil(retryAfter * 1000) : null,
    ...(appliedBefore === "maybe" ? { appliedBefore } : {}),
  });
}

function paused(
  { call, tenantId, clientRequestId, appliedBefore }: Omit<Failed, "answer">,
  pauseMs: number,
): GraphError {
  return new GraphError({
    status: 429,
    code: "paused",
    message: "this tenant asked to wait, so the call was not made",
    method: call.method,
    template: call.template,
    tenantId,
    requestId: null,
    clientRequestId,
    retryAfterMs: Math.ceil(pauseMs),
    ...(appliedBefore === "maybe" ? { appliedBefore } : {}),
  });
}
