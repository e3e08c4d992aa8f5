import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import type { LabClock } from "../clock.ts";
import { weatherOf, type Weather } from "../weather.ts";
import { buildTenant, shareExtensions } from "./directory/build-tenant.ts";
import type { Tenant } from "./directory/tenant.ts";
import { drawsFrom, type Draws } from "./draws.ts";
import { faultBook } from "./faults/fault-registry.ts";
import { sentinelWatch } from "./faults/sentinel-watch.ts";
import { conduct, type Conduct } from "./http/conduct.ts";
import { graphApp } from "./http/graph-app.ts";
import { heldCalls } from "./http/held-calls.ts";
import { requestHooks, type RequestHooks } from "./http/hooks.ts";
import { registeredApps, type RegisteredApps } from "./identity/registered-apps.ts";
import { tokenIssuer, type TokenIssuer } from "./identity/token-issuer.ts";
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
import { syncEngine } from "./sync/engine.ts";
import { createJob, type SyncJob } from "./sync/job.ts";
import { troubles } from "./sync/trouble.ts";
import { workflowEngine } from "./workflows/engine.ts";

export type SimulationOptions = {
  readonly clock: LabClock;
  readonly seed: WorldSeed;
  /** How kind the world is. Default: calm. */
  readonly weather?: Weather;
  /** Real latency added to every Graph response, milliseconds. */
  readonly rttMs?: number;
};

/** Everything behind the network: the parts, put together. */
export type Simulation = {
  readonly lab: Lab;
  readonly conduct: Conduct;
  readonly hooks: RequestHooks;
  readonly sign: TokenIssuer["sign"];
  fetch(request: Request, env: Partial<HttpBindings | Http2Bindings>): Promise<Response>;
  close(): void;
};

export async function assemble(options: SimulationOptions): Promise<Simulation> {
  const { clock, seed } = options;
  const apps = registeredApps(seed);
  const closing = new AbortController();
  const weather = options.weather ?? weatherOf("calm");
  const draws = drawsFrom(seed.seed);
  const tenants = buildTenants(seed, { clock, weather, draws, apps });
  const lab = buildLab(options, { weather, draws, tenants, closing: closing.signal });
  const hooks = requestHooks();
  const conducted = conduct(lab, hooks);
  const issuer = await tokenIssuer(clock, seed.seed);
  const { app, route } = graphApp(lab, conducted, { apps, issuer });
  registerResources(route, lab, async (request, part) => app.fetch(request, { part }));
  const { mint, faults } = lab;
  app.route("/", tokenRoutes({ apps, issuer, clock, mint, tenants, faults }));
  return {
    lab,
    conduct: conducted,
    hooks,
    sign: (claims) => issuer.sign(claims),
    fetch: async (request, env) => app.fetch(request, env),
    close() {
      closing.abort();
      lab.faults.clear();
      lab.notifier.close();
    },
  };
}

function buildTenants(
  seed: WorldSeed,
  world: { clock: LabClock; weather: Weather; draws: Draws; apps: RegisteredApps },
): ReadonlyMap<string, Tenant> {
  const { apps } = world;
  const tenants = new Map(seed.tenants.map((tenant) => [tenant.id, buildTenant(tenant, { ...world, seed })]));
  shareExtensions(tenants, (appId, tenantId) => {
    const app = apps.find(appId);
    return app !== undefined && apps.isConsented(app, tenantId);
  });
  return tenants;
}

function buildLab(
  options: SimulationOptions,
  built: {
    weather: Weather;
    draws: Draws;
    tenants: ReadonlyMap<string, Tenant>;
    closing: AbortSignal;
  },
): Lab {
  const { clock, seed } = options;
  const rtt = { ms: options.rttMs ?? 0 };
  const { weather, draws, tenants, closing } = built;
  const now = () => clock.now();
  const mint = mintFrom(seed.seed);
  const random = randomFrom(seed.seed, "lab");
  const faults = faultBook(seed.seed, mint);
  const sentinels = sentinelWatch(tenants.values());
  const subscribed = subscriptions(now);
  const reported = violations();
  const quotas = quotasOf(seed.limits ?? {}, weather.publishedQuotas > 0 ? "published" : "generous");
  return {
    clock,
    weather,
    draws,
    mint,
    random,
    rtt,
    closing,
    tenants,
    held: heldCalls(clock),
    faults,
    sentinels,
    throttle: throttle(quotas, now),
    traffic: traffic(now),
    counters: counters(tenants.keys()),
    manners: manners(reported, { protectedIds: seed.protected ?? [], now, rtt }),
    violations: reported,
    subscriptions: subscribed,
    notifier: notifier({
      clock,
      weather,
      draws,
      sentinels,
      tenants,
      subscriptions: subscribed,
      faults,
      random,
      closing,
    }),
    workflows: workflowEngine(clock),
    sync: syncEngine(createJobs(seed, { tenants, weather }), {
      clock,
      weather,
      faults,
      draws,
      troubleWith: troubles({ weather, draws, faults, sentinels }),
    }),
  };
}

function createJobs(
  seed: WorldSeed,
  { tenants, weather }: { tenants: ReadonlyMap<string, Tenant>; weather: Weather },
): SyncJob[] {
  return (seed.syncJobs ?? []).map((job) => {
    const source = tenants.get(job.sourceTenantId);
    const target = tenants.get(job.targetTenantId);
    if (source === undefined || target === undefined) {
      throw new Error(`Sync job ${job.jobId} joins tenants that the seed does not have.`);
    }
    return createJob(job, { source, target, weather });
  });
}
