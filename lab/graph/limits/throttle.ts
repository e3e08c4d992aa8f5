import { isWrite, type Call } from "../http/call.ts";
import { tooManyRequests, type GraphProblem } from "../http/problem.ts";
import { resourceCost } from "./resource-cost.ts";
import { slidingWindow, type SlidingWindow } from "./sliding-window.ts";
import { tokenBucket, type TokenBucket } from "./token-bucket.ts";

/** Graph's published limits per app and tenant. */
export type Throttle = { charge(call: Call): Charge };

type Charge = {
  readonly resourceUnits: number;
  /** `x-ms-resource-unit` and, near the limit, `x-ms-throttle-limit-percentage`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly refusal: GraphProblem | undefined;
};

export type Limits = { readonly resourceUnits: number; readonly writes: number };

/** Limits of single services, on top of the resource units. */
const services = [
  // Reports and audit logs share one budget.
  { name: "reports", method: "GET", template: /^\/auditLogs\//, limit: 5, windowMs: 10_000 },
  { name: "onDemand", method: "POST", template: /\/provisionOnDemand$/, limit: 5, windowMs: 10_000 },
  { name: "subscriptionList", method: "GET", template: /^\/subscriptions$/, limit: 25, windowMs: 20_000 },
  {
    name: "subscriptionWrites",
    method: "POST|PATCH|PUT|DELETE",
    template: /^\/subscriptions/,
    limit: 500,
    windowMs: 20_000,
  },
] as const;

type Budgets = {
  readonly units: TokenBucket;
  readonly writes: TokenBucket;
  readonly windows: ReadonlyMap<string, SlidingWindow>;
};

export function throttle(limits: Limits, now: () => number): Throttle {
  const budgets = new Map<string, Budgets>();

  function budgetsOf(call: Call): Budgets {
    const key = `${call.caller.appId}/${call.tenant.id}`;
    const known = budgets.get(key);
    if (known !== undefined) return known;
    const created: Budgets = {
      units: tokenBucket(limits.resourceUnits, 10_000, now),
      writes: tokenBucket(limits.writes, 150_000, now),
      windows: new Map(
        services.map(({ name, limit, windowMs }) => [name, slidingWindow(limit, windowMs, now)]),
      ),
    };
    budgets.set(key, created);
    return created;
  }

  return {
    charge(call) {
      const resourceUnits = resourceCost(call.method, call.template, call.url.searchParams);
      const unlimited = { resourceUnits, headers: unitHeader(resourceUnits), refusal: undefined };
      return call.caller.kind === "admin" ? unlimited : chargeApp(call, resourceUnits, budgetsOf(call));
    },
  };
}

function chargeApp(call: Call, resourceUnits: number, budgets: Budgets): Charge {
  const units = budgets.units.take(resourceUnits);
  const writes = isWrite(call.method, call.template) ? budgets.writes.take(1) : undefined;
  const used = Math.max(units.used, writes?.used ?? 0);
  const headers = { ...unitHeader(resourceUnits), ...percentageHeader(used) };
  const refuse = (retryAfterMs: number, reason: string): Charge => ({
    resourceUnits,
    headers,
    refusal: tooManyRequests(Math.ceil(retryAfterMs) / 1000, {
      "x-ms-throttle-scope": `Tenant_Application/ReadWrite/${call.caller.appId}/${call.tenant.id}`,
      "x-ms-throttle-information": reason,
    }),
  });
  if (units.kind === "refused") return refuse(units.retryAfterMs, "ResourceUnitLimitExceeded");
  if (writes?.kind === "refused") return refuse(writes.retryAfterMs, "WriteLimitExceeded");
  const serviceWaitMs = admitToService(call, budgets.windows);
  if (serviceWaitMs !== undefined) return refuse(serviceWaitMs, "RequestLimitExceeded");
  return { resourceUnits, headers, refusal: undefined };
}

function admitToService(call: Call, windows: Budgets["windows"]): number | undefined {
  const service = services.find(
    ({ method, template }) => method.split("|").includes(call.method) && template.test(call.template),
  );
  return service === undefined ? undefined : windows.get(service.name)?.admit();
}

function unitHeader(resourceUnits: number) {
  return { "x-ms-resource-unit": String(resourceUnits) };
}

// Sent from 80 % on; 1.0 is where throttling starts.
function percentageHeader(used: number): Record<string, string> {
  return used > 0.8 ? { "x-ms-throttle-limit-percentage": used.toFixed(2) } : {};
}
