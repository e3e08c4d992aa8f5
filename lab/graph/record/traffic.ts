import type { Call, Reply } from "../http/call.ts";

/** One Graph request and its answer, as contract checks want it: bodies included, tokens not. */
export type TrafficRecord = {
  readonly seq: number;
  /** Virtual time of arrival, ISO 8601. */
  readonly at: string;
  /** Virtual time of the answer: what it would have taken. */
  readonly answeredAt: string;
  /** Empty when the request carried no usable token. */
  readonly tenantId: string;
  readonly appId: string;
  readonly caller: "app" | "admin";
  readonly method: string;
  readonly url: string;
  /** Without `/v1.0`. */
  readonly path: string;
  readonly template: string;
  readonly query: Readonly<Record<string, string>>;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: unknown;
  /** 0 when a fault kept the answer from being sent. */
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: unknown;
  /** Real time. */
  readonly durationMs: number;
  /** Id of the `$batch` request this was a part of. */
  readonly batch?: string;
};

export type Traffic = {
  record(call: Call, reply: Reply, durationMs: number): void;
  /** Adds a request that never became a call: no token, no tenant. */
  recordRaw(record: TrafficRecord): void;
  since(seq: number): TrafficRecord[];
  /** Lets go of what is of no use any more: answers of weeks fill gigabytes. */
  forget(isOver: (record: TrafficRecord) => boolean): void;
};

// Long benchmarks must not fill the memory: the oldest records go.
const keep = 200_000;

export function traffic(now: () => number): Traffic {
  let records: TrafficRecord[] = [];
  function recordRaw(record: TrafficRecord): void {
    records.push(record);
    if (records.length > keep * 1.1) records = records.slice(-keep);
  }
  return {
    recordRaw,
    record: (call, reply, durationMs) =>
      recordRaw(recordOf(call, reply, { durationMs, answeredAt: new Date(now()).toISOString() })),
    forget(isOver) {
      records = records.filter((record) => !isOver(record));
    },
    since: (seq) => records.filter((record) => record.seq > seq).toSorted((a, b) => a.seq - b.seq),
  };
}

function recordOf(
  call: Call,
  reply: Reply,
  took: Pick<TrafficRecord, "answeredAt" | "durationMs">,
): TrafficRecord {
  return {
    seq: call.seq,
    at: new Date(call.at).toISOString(),
    ...took,
    tenantId: call.tenant.id,
    appId: call.caller.appId,
    caller: call.caller.kind,
    method: call.method,
    url: call.url.href,
    path: call.path,
    template: call.template,
    query: Object.fromEntries(call.url.searchParams),
    requestHeaders: plainHeaders(call.headers),
    requestBody: call.body,
    status: reply.status,
    responseHeaders: reply.headers ?? {},
    responseBody: reply.body ?? reply.text,
    ...(call.batch !== undefined && { batch: call.batch }),
  };
}

export function plainHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name !== "authorization"));
}
