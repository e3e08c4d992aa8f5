import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { weatherOf } from "../weather.ts";
import { buildTenant, shareExtensions } from "./directory/build-tenant.ts";
import type { Tenant } from "./directory/tenant.ts";
import { drawsFrom } from "./draws.ts";
import { faultBook } from "./faults/fault-registry.ts";
import { sentinelWatch } from "./faults/sentinel-watch.ts";
import { conduct, type Conduct } from "./http/conduct.ts";
import { graphApp } from "./http/graph-app.ts";
import { requestHooks, type RequestHooks } from "./http/hooks.ts";
import { registeredApps, type RegisteredApps } from "./identity/registered-apps.ts";
import { tokenIssuer } from "./identity/token-issuer.ts";
import { tokenRoutes } from "./identity/token-routes.ts";
import { mintFrom } from "./ids.ts";
import type { Lab } from "./lab.ts";
import { quotasOf } from "./limits/quotas.ts";
import { throttle } from "./limits/throttle.ts";
import { notifier } from "./notify/notifier.ts";
import { subscriptions } from "./notify/subscriptions.ts";
import { randomFrom } from "./random.ts";
import { counters } from "./record/counters.ts";
import { manners } from "./record/manners.ts";
import { traffic } from "./record/traffic.ts";
import { violations } from "./record/violations.ts";
import { registerResources } from "./resources/register.ts";
import type { WorldSeed } from "./seed.ts";
import type { GraphOptions } from "./simulator.ts";
import { syncEngine } from "./sync/engine.ts";
import { createJob, type SyncJob } from "./sync/job.ts";

/** Everything behind the network: the parts, put together. */
export type World = {
  readonly lab: Lab;
  readonly conduct: Conduct;
  readonly hooks: RequestHooks;
  fetch(request: Request, env: Partial<HttpBindings | Http2Bindings>): Promise<Response>;
  close(): void;
};

export async function buildWorld(options: GraphOptions): Promise<World> {
  const { clock, seed } = options;
  const apps = registeredApps(seed);
  const closing = new AbortController();
  const lab = buildLab(options, { tenants: buildTenants(options, apps), closing: closing.signal });
  const hooks = requestHooks();
  const conducted = conduct(lab, hooks);
  const issuer = await tokenIssuer(clock, seed.seed);
  const { app, route } = graphApp(lab, conducted, { apps, issuer });
  registerResources(route, lab, async (request, part) => app.fetch(request, { part }));
  const { mint, tenants, faults } = lab;
  app.route("/", tokenRoutes({ apps, issuer, clock, mint, tenants, faults }));
  return {
    lab,
    conduct: conducted,
    hooks,
    fetch: async (request, env) => app.fetch(request, env),
    close() {
      closing.abort();
      lab.faults.clear();
      lab.notifier.close();
    },
  };
}

function buildTenants({ clock, seed }: GraphOptions, apps: RegisteredApps): ReadonlyMap<string, Tenant> {
  const tenants = new Map(
    seed.tenants.map((tenant) => [tenant.id, buildTenant(tenant, { seed, clock, apps })]),
  );
  shareExtensions(tenants, (appId, tenantId) => {
    const app = apps.find(appId);
    return app !== undefined && apps.isConsented(app, tenantId);
  });
  return tenants;
}

function buildLab(
  options: GraphOptions,
  { tenants, closing }: { tenants: ReadonlyMap<string, Tenant>; closing: AbortSignal },
): Lab {
  const { clock, seed, rttMs = 0, weather = weatherOf("calm") } = options;
  const now = () => clock.now();
  const mint = mintFrom(seed.seed);
  const random = randomFrom(seed.seed, "lab");
  const faults = faultBook(seed.seed, mint);
  const subscribed = subscriptions(now);
  const reported = violations();
  const quotas = quotasOf(seed.limits ?? {}, weather.publishedQuotas > 0 ? "published" : "generous");
  return {
    clock,
    weather,
    draws: drawsFrom(seed.seed),
    mint,
    random,
    rttMs,
    closing,
    tenants,
    faults,
    sentinels: sentinelWatch(tenants.values()),
    throttle: throttle(quotas, now),
    traffic: traffic(),
    counters: counters(tenants.keys()),
    manners: manners(reported, { protectedIds: seed.protected ?? [], now, rttMs }),
    violations: reported,
    subscriptions: subscribed,
    notifier: notifier({ clock, tenants, subscriptions: subscribed, faults, random, closing }),
    sync: syncEngine(createJobs(seed, tenants), { clock, faults }),
  };
}

function createJobs(seed: WorldSeed, tenants: ReadonlyMap<string, Tenant>): SyncJob[] {
  return (seed.syncJobs ?? []).map((job) => {
    const source = tenants.get(job.sourceTenantId);
    const target = tenants.get(job.targetTenantId);
    if (source === undefined || target === undefined) {
      throw new Error(`Sync job ${job.jobId} joins tenants that the seed does not have.`);
    }
    return createJob(job, { source, target });
  });
}
