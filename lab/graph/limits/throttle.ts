import { isWrite, type Call } from "../http/call.ts";
import { tooManyRequests, type GraphProblem } from "../http/problem.ts";
import type { Quotas } from "./quotas.ts";
import { resourceCost } from "./resource-cost.ts";
import { slidingWindow, type SlidingWindow } from "./sliding-window.ts";
import { tokenBucket, type TokenBucket } from "./token-bucket.ts";

/** Graph's published limits per app and tenant, and per app over all tenants. */
export type Throttle = { charge(call: Call): Charge };

type Charge = {
  readonly resourceUnits: number;
  /** `x-ms-resource-unit` and, near the limit, `x-ms-throttle-limit-percentage`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly refusal: GraphProblem | undefined;
};

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

type Budget = { readonly units: TokenBucket; readonly writes: TokenBucket };
type TenantBudget = Budget & { readonly windows: ReadonlyMap<string, SlidingWindow> };

export function throttle(quotas: Quotas, now: () => number): Throttle {
  const ofTenants = new Map<string, TenantBudget>();
  const ofApps = new Map<string, Budget>();

  function tenantBudget({ caller, tenant }: Call): TenantBudget {
    const key = `${caller.appId}/${tenant.id}`;
    const known = ofTenants.get(key);
    if (known !== undefined) return known;
    const created: TenantBudget = {
      units: tokenBucket(() => quotas.units(tenant.users.size), 10_000, now),
      writes: tokenBucket(() => quotas.writes, 150_000, now),
      windows: new Map(
        services.map(({ name, limit, windowMs }) => [name, slidingWindow(limit, windowMs, now)]),
      ),
    };
    ofTenants.set(key, created);
    return created;
  }

  function appBudget({ caller }: Call): Budget | undefined {
    const { app } = quotas;
    if (app === undefined) return undefined;
    const known = ofApps.get(caller.appId);
    if (known !== undefined) return known;
    const created = {
      units: tokenBucket(() => app.units, 20_000, now),
      writes: tokenBucket(() => app.writes, 300_000, now),
    };
    ofApps.set(caller.appId, created);
    return created;
  }

  return {
    charge(call) {
      const resourceUnits = resourceCost(call.method, call.template, call.url.searchParams);
      const unlimited = { resourceUnits, headers: unitHeader(resourceUnits), refusal: undefined };
      if (call.caller.kind === "admin") return unlimited;
      return chargeApp(call, resourceUnits, { tenant: tenantBudget(call), app: appBudget(call) });
    },
  };
}

function chargeApp(
  call: Call,
  resourceUnits: number,
  budgets: { readonly tenant: TenantBudget; readonly app: Budget | undefined },
): Charge {
  const { appId } = call.caller;
  const taken = [
    ...take(call, resourceUnits, {
      budget: budgets.tenant,
      scope: `Tenant_Application/ReadWrite/${appId}/${call.tenant.id}`,
    }),
    ...(budgets.app === undefined
      ? []
      : take(call, resourceUnits, { budget: budgets.app, scope: `Application/ReadWrite/${appId}` })),
  ];
  const used = Math.max(...taken.map((one) => one.used));
  const headers = { ...unitHeader(resourceUnits), ...percentageHeader(used) };
  const refuse = (retryAfterMs: number, reason: string, scope: string): Charge => ({
    resourceUnits,
    headers,
    refusal: tooManyRequests(Math.ceil(retryAfterMs) / 1000, {
      "x-ms-throttle-scope": scope,
      "x-ms-throttle-information": reason,
    }),
  });
  const refused = taken.find((one) => one.kind === "refused");
  if (refused !== undefined) return refuse(refused.retryAfterMs, refused.reason, refused.scope);
  const serviceWaitMs = admitToService(call, budgets.tenant.windows);
  if (serviceWaitMs !== undefined)
    return refuse(
      serviceWaitMs,
      "RequestLimitExceeded",
      `Tenant_Application/ReadWrite/${appId}/${call.tenant.id}`,
    );
  return { resourceUnits, headers, refusal: undefined };
}

/** From every budget the call counts for: also from those that are exhausted, as Graph goes on counting. */
function take(call: Call, resourceUnits: number, from: { readonly budget: Budget; readonly scope: string }) {
  const { budget, scope } = from;
  const units = { ...budget.units.take(resourceUnits), scope, reason: "ResourceUnitLimitExceeded" };
  if (!isWrite(call.method, call.template)) return [units];
  return [units, { ...budget.writes.take(1), scope, reason: "WriteLimitExceeded" }];
}

function admitToService(call: Call, windows: TenantBudget["windows"]): number | undefined {
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
