import { isWrite, type Call } from "../http/call.ts";

/** What the app did, counted. Administrators are counted apart, so that "converged means zero writes" shows. */
export type GraphCounters = {
  readonly tenants: Readonly<Record<string, TenantCounters>>;
  readonly webhooks: WebhookCounters;
};

type TenantCounters = {
  /** By "METHOD /path/{template}"; parts of a `$batch` under their own templates. */
  readonly requests: Record<string, number>;
  /** How many of these were parts of a `$batch`; the rest were round trips. */
  batchParts: number;
  resourceUnits: number;
  writes: number;
  /** Answers 429. */
  throttled: number;
  /** Writes that could have been known to change nothing. */
  redundantWrites: number;
  readonly adminRequests: Record<string, number>;
};

export type WebhookCounters = {
  /** POSTs sent, retries included. */
  readonly deliveries: number;
  readonly acknowledged: number;
  /** POSTs that were not acknowledged in time. */
  readonly failed: number;
  /** Given up after four hours, lost on the way, or not sent because access had lapsed. */
  readonly dropped: number;
  readonly ackMs: { readonly p50: number; readonly max: number };
};

export type Counters = {
  answered(call: Call, status: number, resourceUnits: number): void;
  redundantWrite(call: Call): void;
  tenants(): Record<string, TenantCounters>;
};

export function counters(tenantIds: Iterable<string>): Counters {
  const byTenant = new Map([...tenantIds].map((id) => [id, emptyCounters()]));
  const of = (call: Call) => {
    const known = byTenant.get(call.tenant.id);
    if (known === undefined) throw new Error(`No counters for tenant ${call.tenant.id}.`);
    return known;
  };
  return {
    answered(call, status, resourceUnits) {
      const counts = of(call);
      const key = `${call.method} ${call.template}`;
      if (call.caller.kind === "admin") return bump(counts.adminRequests, key);
      bump(counts.requests, key);
      if (call.batch !== undefined) counts.batchParts++;
      if (status === 429) counts.throttled++;
      if (call.template === "/$batch") return;
      counts.resourceUnits += resourceUnits;
      if (isWrite(call.method, call.template)) counts.writes++;
    },
    redundantWrite(call) {
      if (call.caller.kind === "app") of(call).redundantWrites++;
    },
    tenants: () => structuredClone(Object.fromEntries(byTenant)),
  };
}

function emptyCounters(): TenantCounters {
  return {
    requests: {},
    batchParts: 0,
    resourceUnits: 0,
    writes: 0,
    throttled: 0,
    redundantWrites: 0,
    adminRequests: {},
  };
}

function bump(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
