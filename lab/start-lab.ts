import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { startBroker, type Broker } from "./bus/broker.ts";
import { buildApp } from "./build-app.ts";
import { startClock, type LabClock } from "./clock.ts";
import { startControl } from "./control.ts";
import { consentBesides } from "./consent.ts";
import { freePort } from "./free-port.ts";
import { createCertificates } from "./graph/certificates.ts";
import type { WorldSeed } from "./graph/seed.ts";
import { startGraph, type GraphLab } from "./graph/simulator.ts";
import { coldStarts, type ColdStarts } from "./host/cold-starts.ts";
import type { FunctionGroup } from "./host/function-group.ts";
import {
  createHost,
  hostOfTimer,
  scheduleTimers,
  type HostLogLine,
  type HostProcess,
} from "./host/host-process.ts";
import { bundleHost } from "./host/program.ts";
import { startTables, type TableServer } from "./tables/azurite.ts";
import { enlist } from "./enlist.ts";
import type { RunningLab } from "./running-lab.ts";
import { relay } from "./relay.ts";
import { timingOf } from "./timing.ts";
import { weatherOf, type WeatherName } from "./weather.ts";
import { buildWorld, type World } from "./world.ts";

export type LabOptions = {
  readonly analysts?: number;
  readonly targets?: number;
  /** Targets that invite, besides. Default: none. */
  readonly pull?: number;
  readonly hosts?: number;
  /** "split": each host has a process for HTTP, one for timers and one for each queue. Default: one for all. */
  readonly processes?: "together" | "split";
  readonly seed?: number;
  /** Virtual time at the beginning, epoch ms. Default: now. */
  readonly startsAt?: number;
  /** Functions that are switched off, by the app setting that does it in Azure. Default: none. */
  readonly disabled?: readonly string[];
  /** App settings besides those that the lab needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Added to every Graph response, ms. */
  readonly rttMs?: number;
  /** How kind the world is; see lab/weather.ts. Default: azure. */
  readonly weather?: WeatherName;
  /** A world to use instead of the one that the numbers above describe. */
  readonly world?: World;
  /** A policy file to use instead of the world's own. */
  readonly policyFile?: string;
  /** A policy to use instead, made of the world's own. */
  readonly policyOf?: (world: World) => string;
  /** Where lab.json goes; its folder takes the certificate, the policy and the logs. */
  readonly out?: string;
  readonly onLog?: (line: HostLogLine) => void;
  readonly onProgress?: (line: string) => void;
};

/** What Azure scales apart. */
const groups = [
  "http",
  "timers",
  "queue:analysts",
  "queue:arrivals",
  "queue:access",
  "queue:sweeps",
] as const;

const projectDir = resolve(import.meta.dirname, "..");
const queues = [
  { name: "analysts", sessions: "required" },
  { name: "arrivals", sessions: "required" },
  { name: "access", sessions: "required" },
  { name: "sweeps", sessions: "required" },
  { name: "parked", sessions: "none" },
] as const;

export async function startLab(options: LabOptions = {}): Promise<RunningLab> {
  const { onProgress = () => undefined } = options;
  const world =
    options.world ??
    buildWorld({
      seed: options.seed ?? 1,
      analysts: options.analysts ?? 12,
      targets: options.targets ?? 3,
      pull: options.pull ?? 0,
    });
  const weather = weatherOf(options.weather ?? "azure");
  const out = resolve(options.out ?? join(projectDir, ".lab", "lab.json"));
  const folder = dirname(out);
  await mkdir(folder, { recursive: true });
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const clock = startClock(() => Date.now(), options.startsAt);
    stops.push(async () => clock.stop());
    onProgress("starting Graph, Service Bus and tables");
    const [certificates, tables, bus, appDir] = await Promise.all([
      createCertificates(),
      startTables(clock),
      startBroker({ clock, queues, weather, seed: options.seed ?? 1 }),
      buildApp(projectDir),
      bundleHost(),
    ]);
    stops.push(tables.close, () => bus.close());
    const policy = await policyIn(world, options);
    const graph = await startGraph({
      clock,
      seed: consented(world.seed, policy),
      ca: { cert: certificates.certPem, key: certificates.keyPem },
      weather,
      rttMs: options.rttMs ?? 0,
    });
    stops.push(() => graph.close());
    const files = await writeFiles(out, {
      world,
      certificate: certificates.caPem,
      policy,
    });
    onProgress("starting the app");
    const cold = coldStarts(clock);
    const hosts = await startHosts({ appDir, options, world, clock, graph, bus, tables, files, cold });
    stops.push(async () => void (await Promise.all(hosts.map((host) => host.stop()))));
    const timers = scheduleTimers({ clock, hosts });
    stops.push(async () => timers.stop());

    const relayed = relay({
      clock,
      fetch: (request) => graph.fetch(request),
      authority: graph.url,
      identity: world.apps.relay,
      audience,
      url: `${hosts.find(servesHttp)?.url ?? ""}/api/lifecycle-workflows`,
    });
    graph.onCallout(relayed.call);
    const timing = timingOf({ clock, graph, relay: relayed, bus, tables, hosts });
    stops.push(async () => timing.stop());
    const { settled, advance } = timing;
    const parts = {
      world,
      weather,
      clock,
      graph,
      bus,
      tables,
      hosts,
      coldStarts: cold,
      policyFile: files.policy,
      settled,
      advance,
    };
    const control = await startControl(parts);
    stops.push(control.close);
    onProgress("subscribing to changes");
    await subscribe(hosts, advance);
    onProgress(`giving ${world.analysts.length} analysts their roles`);
    await enlist({ world, graph, settled, advance });
    const description = describe({ ...parts, controlUrl: control.url, files });
    await writeAtomically(out, `${JSON.stringify(description, null, 2)}\n`);
    return { ...parts, controlUrl: control.url, description, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As often as the app's own timer would try within the hour: the first minutes may bring bad weather. */
async function subscribe(hosts: readonly HostProcess[], advance: RunningLab["advance"]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await hostOfTimer(hosts, "subscriptions")?.fireTimer("subscriptions");
    } catch (error) {
      if (tries === 12) throw error;
      await advance(30_000);
    }
  }
}

function policyIn(world: World, { policyFile, policyOf }: LabOptions): Promise<string> | string {
  if (policyFile !== undefined) return readFile(policyFile, "utf8");
  return policyOf === undefined ? world.policy : policyOf(world);
}

/** Administrators consent to what the policy makes use of in their tenant. */
function consented(seed: WorldSeed, policy: string): WorldSeed {
  const moreRoles = consentBesides(policy);
  return { ...seed, apps: seed.apps.map((app) => (app.kind === "app" ? { ...app, moreRoles } : app)) };
}

type Files = { readonly certificate: string; readonly policy: string; readonly token: string };

async function writeFiles(
  out: string,
  content: { readonly world: World; readonly certificate: string; readonly policy: string },
): Promise<Files> {
  // Labs that are described side by side keep their files apart: lab.json has ca.pem, other.json has other.ca.pem.
  const name = basename(out, ".json");
  const beside = (file: string) => join(dirname(out), name === "lab" ? file : `${name}.${file}`);
  const files = { certificate: beside("ca.pem"), policy: beside("policy.yaml"), token: beside("token") };
  await writeAtomically(files.certificate, content.certificate);
  await writeAtomically(files.policy, content.policy);
  await writeAtomically(files.token, content.world.apps.muster.assertion);
  return files;
}

async function writeAtomically(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** What tokens for Muster's own functions are made for. */
const audience = "api://muster";

type HostParts = {
  /** Holds the package that is deployed. */
  readonly appDir: string;
  readonly options: LabOptions;
  readonly world: World;
  readonly clock: LabClock;
  readonly graph: GraphLab;
  readonly bus: Broker;
  readonly tables: TableServer;
  readonly files: Files;
  readonly cold: ColdStarts;
};

async function startHosts({
  appDir,
  options,
  world,
  clock,
  graph,
  bus,
  tables,
  files,
  cold,
}: HostParts): Promise<HostProcess[]> {
  // Graph delivers to one address, which in Azure is a load balancer; here it is the first host.
  const ports = await Promise.all(Array.from({ length: options.hosts ?? 1 }, () => freePort()));
  const env = {
    NODE_EXTRA_CA_CERTS: files.certificate,
    MUSTER_POLICY: files.policy,
    MUSTER_GRAPH_URL: graph.url,
    MUSTER_AUTHORITY_URL: graph.url,
    MUSTER_CLIENT_ID: world.apps.muster.clientId,
    MUSTER_TOKEN_FILE: files.token,
    MUSTER_NOTIFICATION_URL: `http://127.0.0.1:${ports[0]}/api/notifications`,
    MUSTER_API_AUDIENCE: audience,
    MUSTER_API_TENANTS: world.source.tenantId,
    MUSTER_WORKFLOW_CALLERS: [
      world.source,
      ...Object.values(world.targets),
      ...Object.values(world.pullTargets),
    ]
      .map(({ tenantId }) => `${tenantId}/${world.apps.relay.clientId}`)
      .join(),
    MUSTER_TABLES: tables.connectionString,
    ServiceBus: bus.connectionString,
    ...Object.fromEntries(
      (options.disabled ?? []).map((name) => [`AzureWebJobs.${name}.Disabled`, "true"] as const),
    ),
    ...options.settings,
  };
  const onLog = options.onLog === undefined ? {} : { onLog: options.onLog };
  const create = (named: { readonly name: string; readonly port: number; readonly only?: FunctionGroup }) =>
    createHost({
      appDir,
      clock,
      env,
      afterDeath: "restart",
      beforeHttp: (request) => cold.wakeUp(request),
      ...named,
      ...onLog,
    });
  const hosts = ports.flatMap((port, index) => {
    const name = `host-${index + 1}`;
    if (options.processes !== "split") return [create({ name, port })];
    return groups.map((only) => create({ name: `${name}/${only}`, port: only === "http" ? port : 0, only }));
  });
  await Promise.all(hosts.map((host) => host.start()));
  return hosts;
}

const servesHttp = (host: HostProcess) => host.functions().some(({ kind }) => kind === "http");

type Description = Omit<RunningLab, "stop" | "description"> & { readonly files: Files };

/** lab.json: what a program needs to drive the lab. */
function describe({ world, graph, bus, tables, hosts, controlUrl, files }: Description) {
  const { apps, source, targets, pullTargets, analysts, people, cast } = world;
  return {
    graph: graph.url,
    authority: graph.url,
    ca: files.certificate,
    functions: hosts.filter(servesHttp).map(({ url }) => url),
    hosts: hosts.map(({ name }) => name),
    control: controlUrl,
    serviceBus: bus.connectionString,
    tables: tables.connectionString,
    policy: files.policy,
    source,
    targets: { ...targets, ...pullTargets },
    analysts: analysts.map(({ id, userPrincipalName }) => ({ id, userPrincipalName })),
    people,
    cast,
    admin: apps.admin,
    operator: { ...apps.operator, audience },
    operators: Object.fromEntries(
      Object.entries(apps.operators).map(([name, app]) => [name, { ...app, audience }]),
    ),
    relay: { ...apps.relay, audience },
  };
}
