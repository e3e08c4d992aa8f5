import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import { z } from "zod";
import { coalesce, type Place } from "./batch.ts";
import { GraphError, isPassing } from "./error.ts";
import { late, tokenTimeoutText, type Http, type HttpAnswer, type Method } from "./http.ts";

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
  /**
   * Slow, separately limited calls travel alone and wait alone, in a lane of their own: one synchronization job that is slow
   * holds up no other.
   */
  readonly lane?: `on-demand ${string}`;
  /** Not sent any more after this, epoch ms: whoever asked may have lost the right to. */
  readonly sendBefore?: number;
};

/** How urgent a write is, and until when it may be sent, epoch ms. */
export type SendLimits = { readonly priority: Priority; readonly sendBefore: number };

export type Refusal = { readonly status: number; readonly code: string; readonly message: string };

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
  readonly appliedBefore: AppliedBefore;
};

/**
 * Whether an earlier try may already have taken effect. "maybe": it got no answer, or an error of the server's. "unlikely": Graph said
 * that it was not available just then, which is no proof that it did nothing.
 */
type AppliedBefore = "no" | "unlikely" | "maybe";

/** One tenant's Graph, with its own concurrency limit and its own memory of being throttled. */
export type GraphTenant = {
  readonly tenantId: string;
  readonly url: string;
  /** @throws GraphError when Graph gives no answer the call asked for. */
  readonly send: (call: GraphCall) => Promise<GraphReply>;
  /** The tenant's own time, epoch ms, as its answers tell it. */
  readonly now: () => number;
};

/** `directory`: whatever has no limit of its own. */
export type LimitKind = "directory" | "onDemand";

/** A tenant whose calls wait for each other, and for what other hosts were told by it. Times are the tenant's own, epoch ms. */
export type PacedTenant = GraphTenant & {
  /** Another host was asked to wait until then. */
  readonly heed: (kind: LimitKind, until: number) => void;
};

export type TenantOptions = {
  /** Hears that the tenant has asked to wait, for longer than is waited here. */
  readonly onPause?: (kind: LimitKind, until: number) => void;
  readonly tenantId: string;
  readonly url: string;
  readonly http: Http;
  /** HTTP requests in flight at once; a batch counts as one. */
  readonly concurrency?: number;
};

/** Waits up to this long are made here; longer ones go back to the queue, because a worker never waits. */
const patienceMs = 2_000;
/** A call under a limit of its own is made once: whoever counts the calls against it counts one. */
const tryLimits = { directory: 3, onDemand: 1 } as const;
const timeouts = { directory: 10_000, onDemand: 60_000 } as const;
/** Provisioning takes up to a minute, in which 5 begin every 10 seconds: none of them waits for another, and loses its turn. */
const onDemandConcurrency = 30;
const queuePriority = { high: 2, normal: 1, low: 0 } as const;

/** One row of calls: what waits and what stays silent concern the others in it alone. */
type Lane = {
  readonly queue: PQueue;
  readonly timeoutMs: number;
  readonly tryLimit: number;
  /** A limit is a tenant's: the calls of one kind have it together, whatever their lane. */
  readonly limit: Limit;
  silentUntil: number;
  silences: number;
};

type Limit = { readonly kind: LimitKind; pausedUntil: number };

const lane = (kind: LimitKind, concurrency: number, limit: Limit): Lane => ({
  queue: new PQueue({ concurrency }),
  timeoutMs: timeouts[kind],
  tryLimit: tryLimits[kind],
  limit,
  silentUntil: 0,
  silences: 0,
});

export function graphTenant(options: TenantOptions): PacedTenant {
  const { tenantId, url, http, concurrency = 4, onPause = () => undefined } = options;
  const directoryLimit: Limit = { kind: "directory", pausedUntil: 0 };
  const directory = lane("directory", concurrency, directoryLimit);
  const onDemand = new Map<string, Lane>();
  const onDemandLimit: Limit = { kind: "onDemand", pausedUntil: 0 };
  let aheadMs = 0;
  /** What other hosts were asked for, in the tenant's time, while this one has not heard what time that is. */
  let unheard: Map<Limit, number> | null = new Map();
  const unanswered = answerless();

  /** A tenant that was silent twice in a row is left alone for a while, also by the calls that were waiting for their turn. */
  const asking =
    (of: Lane): Http =>
    async (call) => {
      if (of.silentUntil > Date.now()) return silence;
      if (call.sendBefore !== undefined && call.sendBefore < Date.now()) return late;
      if (of.limit.pausedUntil > Date.now()) return stillPaused(of.limit.pausedUntil - Date.now());
      const sentAt = Date.now();
      const answer = await http(call);
      of.silences = isTimeout(answer) ? of.silences + 1 : 0;
      if (of.silences > 1) of.silentUntil = Date.now() + silenceMs;
      // An answer that was long under way tells a time that is over.
      if (Date.now() - sentAt < clockGrainMs) tell(aheadOf(answer));
      return answer;
    };
  const placeIn =
    (of: Lane, priority: Priority): Place =>
    (run) =>
      of.queue.add(run, { priority: queuePriority[priority] });
  const ask = asking(directory);
  const together = {
    high: coalesce(ask, placeIn(directory, "high")),
    normal: coalesce(ask, placeIn(directory, "normal")),
    low: coalesce(ask, placeIn(directory, "low")),
  };

  function laneOf({ lane: name }: GraphCall): Lane {
    if (name === undefined) return directory;
    const known = onDemand.get(name) ?? lane("onDemand", onDemandConcurrency, onDemandLimit);
    onDemand.set(name, known);
    return known;
  }

  async function send(call: GraphCall): Promise<GraphReply> {
    const of = laneOf(call);
    const clientRequestId = crypto.randomUUID();
    const startedAt = Date.now();
    let appliedBefore: AppliedBefore = "no";
    for (let tries = 1; ; tries += 1) {
      const pauseMs = Math.max(of.limit.pausedUntil, of.silentUntil) - Date.now();
      if (pauseMs > patienceMs) throw paused({ call, tenantId, clientRequestId, appliedBefore }, pauseMs);
      if (pauseMs > 0) await sleep(pauseMs);
      const answer = await transmit(call, of, clientRequestId);
      unanswered.note(call, answer);
      if (isAnswer(call, answer)) {
        const trace = traceOf(answer, { clientRequestId, startedAt, tries });
        return { status: answer.status, body: answer.body, trace, appliedBefore };
      }
      const isSilent = unanswered.isSilent();
      const error = toError({ call, tenantId, clientRequestId, answer, appliedBefore, isSilent });
      if (asksToWait(answer)) pause(of.limit, waitMs(error, tries));
      if (!isPassing(answer.status) || tries >= of.tryLimit || waitMs(error, tries) > patienceMs) throw error;
      if (error.failure.code === "token" || error.failure.code === "late") throw error;
      appliedBefore = appliedAfter(answer, appliedBefore);
      await sleep(waitMs(error, tries));
    }
  }

  function pause(limit: Limit, ms: number): void {
    limit.pausedUntil = Math.max(limit.pausedUntil, Date.now() + ms);
    if (ms > patienceMs) onPause(limit.kind, limit.pausedUntil + aheadMs);
  }

  function heed(kind: LimitKind, until: number): void {
    const limit = kind === "directory" ? directoryLimit : onDemandLimit;
    if (unheard === null) limit.pausedUntil = Math.max(limit.pausedUntil, until - aheadMs);
    if (unheard === null || (unheard.get(limit) ?? 0) >= until) return;
    unheard.set(limit, until);
    // It may mean hours by a clock that is behind: after a while the tenant is asked, which says for how long itself.
    limit.pausedUntil = Math.max(limit.pausedUntil, Math.min(until, Date.now() + unsureMs));
  }

  function tell(ms: number | undefined): void {
    if (ms === undefined) return;
    aheadMs = ms;
    const heeded = unheard ?? new Map<Limit, number>();
    unheard = null;
    for (const [limit, until] of heeded) limit.pausedUntil = Math.max(limit.pausedUntil, until - aheadMs);
  }

  function transmit(call: GraphCall, of: Lane, clientRequestId: string): Promise<HttpAnswer> {
    const place = placeIn(of, call.priority);
    const carrier: Http = of === directory ? together[call.priority] : (one) => place(() => asking(of)(one));
    return carrier({
      method: call.method,
      path: call.path,
      headers: {
        "client-request-id": clientRequestId,
        "x-ms-throttle-priority": call.priority,
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: call.body }),
      // Said in the tenant's time.
      ...(call.sendBefore === undefined ? {} : { sendBefore: call.sendBefore - aheadMs }),
      timeoutMs: of.timeoutMs,
    });
  }

  return { tenantId, url, send, heed, now: () => Date.now() + aheadMs };
}

/** How long a tenant is left alone for what another host was told, by who does not know what time it is there. */
const unsureMs = 45_000;

/** Answers say the time in whole seconds; less of a difference than that is none. */
const clockGrainMs = 2_000;

/** How far the tenant's clock is ahead of ours, ms; undefined when the answer does not say. */
function aheadOf({ headers }: HttpAnswer): number | undefined {
  const at = Date.parse(headers["date"] ?? "");
  if (Number.isNaN(at)) return undefined;
  const aheadMs = at - Date.now();
  return Math.abs(aheadMs) < clockGrainMs ? 0 : aheadMs;
}

/** Nothing but server trouble, or no answer, for so long, whatever was asked for, is the tenant's trouble: one user has fewer paths. */
const answerlessMs = 60_000;
const answerlessPaths = 5;

function answerless() {
  const paths = new Set<string>();
  let answeredAt = Date.now();
  return {
    note({ path }: GraphCall, { status }: HttpAnswer): void {
      if (status === 0 || status >= 500) {
        if (paths.size < answerlessPaths) paths.add(path);
        return;
      }
      paths.clear();
      answeredAt = Date.now();
    },
    isSilent: () => paths.size >= answerlessPaths && Date.now() - answeredAt > answerlessMs,
  };
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

/** Nothing came back, neither from Graph nor, where a token was needed first, from the token service. */
function isTimeout({ status, body }: HttpAnswer): boolean {
  const error = status === 0 ? envelopeSchema.safeParse(body).data?.error : undefined;
  return error?.code === "timeout" || error?.message === tokenTimeoutText;
}

function isAnswer(call: GraphCall, { status, body }: HttpAnswer): boolean {
  if (status >= 200 && status < 300) return true;
  return call.accepts?.({ status, ...refusalIn(body) }) ?? false;
}

/** What Graph says with a refusal; empty where it says nothing. */
export function refusalIn(body: unknown): Omit<Refusal, "status"> {
  return envelopeSchema.safeParse(body).data?.error ?? { code: "", message: "" };
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

function appliedAfter({ status }: HttpAnswer, before: AppliedBefore): AppliedBefore {
  if (before === "maybe" || status === 0 || (status >= 500 && status !== 503)) return "maybe";
  return status === 503 ? "unlikely" : before;
}

/** 503 says for how long nothing will be done when it says so at all: RFC 9110, 10.2.3. */
const asksToWait = ({ status, headers }: HttpAnswer) =>
  status === 429 || (status === 503 && headers["retry-after"] !== undefined);

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
  readonly appliedBefore: AppliedBefore;
  readonly isSilent: boolean;
};

function toError({ call, tenantId, clientRequestId, answer, appliedBefore, isSilent }: Failed): GraphError {
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
    ...(appliedBefore === "no" ? {} : { appliedBefore }),
    ...(isSilent ? { silent: "yes" } : {}),
  });
}

function paused(
  { call, tenantId, clientRequestId, appliedBefore }: Omit<Failed, "answer" | "isSilent">,
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
    ...(appliedBefore === "no" ? {} : { appliedBefore }),
  });
}
