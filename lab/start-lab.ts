import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { startBroker, type Broker } from "./bus/broker.ts";
import { buildApp } from "./build-app.ts";
import { startClock, type LabClock } from "./clock.ts";
import { startControl } from "./control.ts";
import { freePort } from "./free-port.ts";
import { createCertificates } from "./graph/certificates.ts";
import { startGraph, type GraphLab } from "./graph/simulator.ts";
import { createHost, scheduleTimers, type HostLogLine, type HostProcess } from "./host/host-process.ts";
import { untilRest } from "./rest.ts";
import { startTables, type TableServer } from "./tables/azurite.ts";
import { enlist } from "./enlist.ts";
import { weatherOf, type Weather, type WeatherName } from "./weather.ts";
import { buildWorld, type World } from "./world.ts";

export type LabOptions = {
  readonly analysts?: number;
  readonly targets?: number;
  readonly hosts?: number;
  readonly seed?: number;
  /** Added to every Graph response, ms. */
  readonly rttMs?: number;
  /** How kind the world is; see lab/weather.ts. Default: calm. */
  readonly weather?: WeatherName;
  /** A policy file to use instead of the world's own. */
  readonly policyFile?: string;
  /** Where lab.json goes; its folder takes the certificate, the policy and the logs. */
  readonly out?: string;
  readonly onLog?: (line: HostLogLine) => void;
  readonly onProgress?: (line: string) => void;
};

/** The whole system on this machine. Everything listens on 127.0.0.1. */
export type RunningLab = {
  readonly world: World;
  readonly weather: Weather;
  readonly clock: LabClock;
  readonly graph: GraphLab;
  readonly bus: Broker;
  readonly tables: TableServer;
  readonly hosts: readonly HostProcess[];
  readonly policyFile: string;
  readonly controlUrl: string;
  /** What lab.json says. */
  readonly description: unknown;
  /** Waits for rest; keys that fall due within `soonMs` count as unrest. @returns what is still going on, if anything */
  readonly settled: (options?: {
    readonly timeoutMs?: number;
    readonly soonMs?: number;
  }) => Promise<readonly string[]>;
  /** Moves the clock, letting the system come to rest at every stop. */
  readonly advance: (byMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const projectDir = resolve(import.meta.dirname, "..");
const queues = [
  { name: "analysts", sessions: "required" },
  { name: "access", sessions: "required" },
  { name: "parked", sessions: "none" },
] as const;
/** Nobody consumes these. */
const shelves = ["parked"];

export async function startLab(options: LabOptions = {}): Promise<RunningLab> {
  const { onProgress = () => undefined } = options;
  const world = buildWorld({
    seed: options.seed ?? 1,
    analysts: options.analysts ?? 12,
    targets: options.targets ?? 3,
  });
  const weather = weatherOf(options.weather ?? "calm");
  const out = resolve(options.out ?? join(projectDir, ".lab", "lab.json"));
  const folder = dirname(out);
  await mkdir(folder, { recursive: true });
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const clock = startClock();
    stops.push(async () => clock.stop());
    onProgress("starting Graph, Service Bus and tables");
    const [certificates, tables, bus] = await Promise.all([
      createCertificates(),
      startTables(),
      startBroker({ clock, queues }),
      buildApp(projectDir),
    ]);
    stops.push(tables.close, () => bus.close());
    const graph = await startGraph({
      clock,
      seed: world.seed,
      ca: { cert: certificates.certPem, key: certificates.keyPem },
      weather,
      rttMs: options.rttMs ?? 0,
    });
    stops.push(() => graph.close());
    const files = await writeFiles(out, {
      world,
      certificate: certificates.caPem,
      policyFile: options.policyFile,
    });
    onProgress("starting the app");
    const hosts = await startHosts({ options, world, clock, graph, bus, tables, files });
    stops.push(async () => void (await Promise.all(hosts.map((host) => host.stop()))));
    const timers = scheduleTimers({ clock, hosts });
    stops.push(async () => timers.stop());

    const busy = (soonMs: number) => [
      ...graph.busy(),
      ...bus.busy(shelves),
      ...hosts.flatMap((host) => host.busy()),
      ...dueSoon(bus, clock, soonMs),
    ];
    const settled: RunningLab["settled"] = ({ timeoutMs = 60_000, soonMs = 0 } = {}) =>
      untilRest(() => busy(soonMs), timeoutMs);
    const advance = (byMs: number) => clock.advance(byMs, async () => void (await settled()));
    const parts = {
      world,
      weather,
      clock,
      graph,
      bus,
      tables,
      hosts,
      policyFile: files.policy,
      settled,
      advance,
    };
    const control = await startControl(parts);
    stops.push(control.close);
    onProgress("subscribing to changes");
    await hosts[0]?.fireTimer("subscriptions");
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

function dueSoon(bus: Broker, clock: LabClock, soonMs: number): readonly string[] {
  const next = bus.nextScheduledAt();
  if (soonMs === 0 || next === undefined || next - clock.now() > soonMs) return [];
  return [`a key falls due in ${Math.max(0, next - clock.now())} ms`];
}

type Files = { readonly certificate: string; readonly policy: string; readonly token: string };

async function writeFiles(
  out: string,
  content: { readonly world: World; readonly certificate: string; readonly policyFile: string | undefined },
): Promise<Files> {
  // Labs that are described side by side keep their files apart: lab.json has ca.pem, other.json has other.ca.pem.
  const name = basename(out, ".json");
  const beside = (file: string) => join(dirname(out), name === "lab" ? file : `${name}.${file}`);
  const files = { certificate: beside("ca.pem"), policy: beside("policy.yaml"), token: beside("token") };
  const policy =
    content.policyFile === undefined ? content.world.policy : await readFile(content.policyFile, "utf8");
  await writeAtomically(files.certificate, content.certificate);
  await writeAtomically(files.policy, policy);
  await writeAtomically(files.token, content.world.apps.muster.assertion);
  return files;
}

async function writeAtomically(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

type HostParts = {
  readonly options: LabOptions;
  readonly world: World;
  readonly clock: LabClock;
  readonly graph: GraphLab;
  readonly bus: Broker;
  readonly tables: TableServer;
  readonly files: Files;
};

async function startHosts({
  options,
  world,
  clock,
  graph,
  bus,
  tables,
  files,
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
    MUSTER_TABLES: tables.connectionString,
    ServiceBus: bus.connectionString,
  };
  const onLog = options.onLog === undefined ? {} : { onLog: options.onLog };
  const hosts = ports.map((port, index) =>
    createHost({ appDir: projectDir, clock, env, port, name: `host-${index + 1}`, ...onLog }),
  );
  await Promise.all(hosts.map((host) => host.start()));
  return hosts;
}

type Description = Omit<RunningLab, "stop" | "description"> & { readonly files: Files };

/** lab.json: what a program needs to drive the lab. */
function describe({ world, graph, bus, tables, hosts, controlUrl, files }: Description) {
  const { apps, source, targets, analysts, people, cast } = world;
  return {
    graph: graph.url,
    authority: graph.url,
    ca: files.certificate,
    functions: hosts.map(({ url }) => url),
    control: controlUrl,
    serviceBus: bus.connectionString,
    tables: tables.connectionString,
    policy: files.policy,
    source,
    targets,
    analysts: analysts.map(({ id, userPrincipalName }) => ({ id, userPrincipalName })),
    people,
    cast,
    admin: apps.admin,
    operator: { ...apps.operator, audience: "api://muster" },
  };
}
