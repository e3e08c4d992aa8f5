import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildApp } from "../../lab/build-app.ts";
import { startBroker, type Broker } from "../../lab/bus/broker.ts";
import { startClock } from "../../lab/clock.ts";
import { createHost, type HostLogLine, type HostProcess } from "../../lab/host/host-process.ts";
import { analystIdSchema } from "../../shared/model/ids.ts";
import { sender } from "../../shared/queue/sender.ts";
import { openScene, policyText, testManners, type Person, type Scene } from "../support/lab.ts";

const lines: HostLogLine[] = [];
let scene: Scene;
let sound: string;
let veteran: Person;
let leaver: Person;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm", onLog: (line) => lines.push(line) });
  sound = await policyText(scene);
  veteran = await scene.hire("Greta");
  leaver = await scene.hire("Lena");
  for (const person of [veteran, leaver]) await scene.join(person, "SOC Responders");
  await scene.pass();
  for (const person of [veteran, leaver])
    expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Responders"));
});

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));
const logged = (from: number) =>
  lines
    .slice(from)
    .map(({ message }) => message)
    .join("\n");

async function restartHost(): Promise<void> {
  await scene.lab.hosts[0]?.kill();
  await scene.lab.hosts[0]?.start();
}

/** A key that is on the queue already when the trouble begins; Graph itself says nothing. */
async function joinSilently(name: string): Promise<Person> {
  const fault = scene.lab.graph.faults.add({ kind: "lostNotification", match: { caller: "any" } });
  const person = await scene.hire(name);
  await scene.join(person, "SOC Readers");
  await scene.lab.settled();
  scene.lab.graph.faults.remove(fault);
  return person;
}

async function enqueue(bus: Broker, ids: readonly string[]): Promise<void> {
  const client = new ServiceBusClient(bus.connectionString);
  const heardAt = scene.lab.clock.now();
  await sender(client).send(
    ids.map((id) => ({
      key: { kind: "analyst", analyst: analystIdSchema.parse(id) },
      cause: "test",
      heardAt,
      occasion: "event",
    })),
  );
  await client.close();
}

const waiting = () => {
  const { analysts, arrivals, access, parked } = scene.lab.bus.stats();
  return {
    deadLettered: [analysts, arrivals, access].reduce((sum, queue) => sum + (queue?.deadLettered ?? 0), 0),
    parked: parked?.active,
  };
};

const empty = { method: "POST", body: '{"value":[]}' };
const deliver = () => fetch(`${scene.lab.hosts[0]?.url}/api/notifications`, empty);

describe("a host with a broken policy", () => {
  const people: Person[] = [];
  let since: number;

  test("starts, and changes nothing for anybody", async () => {
    const broken = sound
      .replace("mode: full", "mode: ful")
      .replace("perRun: 5", "perRun: five")
      .replace("jobTitle:", "jobTitel:");
    await writeFile(scene.lab.policyFile, broken);
    since = lines.length;
    const mark = scene.mark();
    await restartHost();
    people.push(await joinSilently("Quentin"));
    await enqueue(scene.lab.bus, [...people.map(({ id }) => id), veteran.id]);
    await scene.lab.settled();
    expect(scene.writes(mark)).toEqual([]);
  });

  test("takes what Graph delivers all the same: for that it needs no policy", async () => {
    const { failed } = scene.lab.graph.counters().webhooks;
    const person = await scene.hire("Anton");
    people.push(person);
    await scene.join(person, "SOC Readers");
    await scene.disable(leaver);
    await scene.lab.settled();
    expect((await deliver()).status).toBe(202);
    expect(scene.lab.graph.counters().webhooks.failed).toBe(failed);
  });

  test("keeps it for longer than Graph would have tried: five hours", async () => {
    const mark = scene.mark();
    await scene.pass(5 * 60 * 60_000);
    expect(waiting()).toEqual({ deadLettered: 0, parked: 0 });
    expect(scene.writes(mark)).toEqual([]);
  });

  test("says what is wrong with it, all of it, with places", () => {
    expect(logged(since)).toMatch(/policy\.yaml:\d+:\d+ +targets\.contoso\.mode: .*ful/);
    expect(logged(since)).toMatch(/policy\.yaml:\d+:\d+ +guardrails\.removals\.perRun: .*five/);
    expect(logged(since)).toMatch(/policy\.yaml:\d+:\d+ +roles\.hunter\.attributes\.\S*jobTitel/);
  });

  test("repaired and started again, it lets out who left meanwhile, lets in who joined, and nobody else has lost any", async () => {
    await writeFile(scene.lab.policyFile, sound);
    await restartHost();
    await scene.pass();
    expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
    for (const person of people) {
      const access = await scene.access(person);
      expect({ who: person.displayName, access }).toEqual({
        who: person.displayName,
        access: everywhere("enabled: SOC Readers"),
      });
    }
    expect(await scene.access(veteran)).toEqual(everywhere("enabled: SOC Responders"));
  });
});

test.each([
  ["no YAML", 'source: "\n  : :', /policy\.yaml:\d+:\d+/],
  ["an empty file", "", /policy\.yaml is empty/],
  ["another file by mistake", '{ "version": "2.0" }', /policy\.yaml:\d+:\d+ +version: /],
])(
  "%s is no policy: keys are kept until there is one, and it is said where the mistake is",
  async (_what, text, says) => {
    const since = lines.length;
    await writeFile(scene.lab.policyFile, text);
    await restartHost();
    const person = await joinSilently("Otto");
    await enqueue(scene.lab.bus, [person.id]);
    expect((await deliver()).status).toBe(202);
    await scene.lab.settled();
    expect(logged(since)).toMatch(says);
    await writeFile(scene.lab.policyFile, sound);
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Readers"));
    await scene.remove(person);
    await scene.pass();
  },
);

test("a policy file that is not there, and comes back, needs no restart", async () => {
  const since = lines.length;
  await rm(scene.lab.policyFile);
  await restartHost();
  const person = await joinSilently("Nora");
  await enqueue(scene.lab.bus, [person.id]);
  await scene.pass(60_000);
  expect(logged(since)).toContain(scene.lab.policyFile);
  expect(await scene.access(person)).toEqual(everywhere("none"));
  await writeFile(scene.lab.policyFile, sound);
  await scene.pass(6 * 60_000);
  expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Readers"));
  expect(waiting().deadLettered).toBe(0);
});

testManners(() => scene);

describe("a host whose settings are missing", () => {
  const needed = [
    "MUSTER_CLIENT_ID",
    "MUSTER_IDENTITY_CLIENT_ID",
    "MUSTER_NOTIFICATION_URL",
    "MUSTER_TABLES_URL",
  ];

  test("starts, because nothing is read before it is needed, and answers the handshake", async () => {
    const { host, said } = await startBare({});
    expect(host.functions().map(({ name }) => name)).toEqual([
      "access",
      "analysts",
      "arrivals",
      "catch-up",
      "clear-departure",
      "create-resync",
      "lifecycle-workflows",
      "list-runs",
      "nightly",
      "notifications",
      "read-resync",
      "read-run",
      "subscriptions",
      "sweeps",
    ]);
    const response = await fetch(`${host.url}/api/notifications?validationToken=x`, { method: "POST" });
    expect(await response.text()).toBe("x");
    expect(said()).not.toContain("MUSTER_");
  });

  test("names at once every one that is needed, by HTTP or by timer", async () => {
    const { host, said } = await startBare({});
    expect((await fetch(`${host.url}/api/notifications`, empty)).status).toBe(503);
    // A delivery needs the tables, and nothing else of these.
    expect(needed.filter((name) => said().includes(name))).toEqual(["MUSTER_TABLES_URL"]);
    const error = await host.fireTimer("subscriptions").catch((reason: unknown) => String(reason));
    expect(needed.filter((name) => !String(error).includes(name))).toEqual([]);
    expect(error).toContain("docs/configuration.md");
  });

  test("answers no operator, and names only in its log what is missing", async () => {
    const { host, said } = await startBare({});
    const answer = await fetch(`${host.url}/api/runs`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("MUSTER_");
    expect(said()).toContain("MUSTER_CLIENT_ID");
    expect(said()).toContain(answer.headers.get("x-request-id"));
  });

  test("lets nobody use the API while no tenant is named, and says so", async () => {
    const { host, said } = await startBare({ MUSTER_CLIENT_ID: crypto.randomUUID() });
    expect((await fetch(`${host.url}/api/runs`)).status).toBe(401);
    expect(said()).toContain("MUSTER_API_TENANTS");
  });

  test("refuses a connection string to anything but this machine, because that is a secret", async () => {
    const { host, bus } = await startBare({
      MUSTER_CLIENT_ID: crypto.randomUUID(),
      MUSTER_TOKEN_FILE: "token",
      MUSTER_NOTIFICATION_URL: "https://muster.example/api/notifications",
      MUSTER_TABLES: "AccountName=a;AccountKey=a2V5;TableEndpoint=https://a.table.core.windows.net/",
    });
    expect(bus.connectionString).toContain("127.0.0.1");
    const error = await host.fireTimer("subscriptions").catch((reason: unknown) => String(reason));
    expect(error).toContain("MUSTER_TABLES: a connection string is a secret");
    expect(error).not.toContain("ServiceBus:");
    expect(error).not.toContain("a2V5");
  });
});

describe("a host that cannot open its tables", () => {
  test("keeps a key that is queued: it is still there after many attempts, and no dead letter", async () => {
    const refusing = createServer((_request, response) => {
      const body = { "odata.error": { code: "AuthorizationPermissionMismatch" } };
      response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((listening) => refusing.listen(0, "127.0.0.1", listening));
    onTestFinished(() => {
      refusing.close();
      refusing.closeAllConnections();
    });
    const { port } = refusing.address() as AddressInfo; // a TCP server that listens has one
    const { bus } = await startBare({
      MUSTER_CLIENT_ID: crypto.randomUUID(),
      MUSTER_TOKEN_FILE: "token",
      MUSTER_NOTIFICATION_URL: "https://muster.example/api/notifications",
      MUSTER_TABLES: `AccountName=lab;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:${port}/lab`,
    });
    await enqueue(bus, [crypto.randomUUID()]);
    // Either it is put back for later, or it is used up by failing again and again.
    await expect
      .poll(
        () => {
          const { analysts } = bus.stats();
          return (analysts?.scheduled ?? 0) + (analysts?.deadLettered ?? 0);
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    expect(bus.stats()["analysts"]?.deadLettered).toBe(0);
  });
});

type Bare = { readonly host: HostProcess; readonly bus: Broker; readonly said: () => string };

/** A host with a bus of its own and only these settings. */
async function startBare(env: Readonly<Record<string, string>>): Promise<Bare> {
  const clock = startClock();
  const bus = await startBroker({
    clock,
    queues: [
      { name: "analysts", sessions: "required" },
      { name: "arrivals", sessions: "required" },
      { name: "access", sessions: "required" },
      { name: "parked", sessions: "none" },
    ],
  });
  const said: string[] = [];
  const host = createHost({
    appDir: await buildApp(resolve(import.meta.dirname, "../..")),
    clock,
    env: { ServiceBus: bus.connectionString, ...env },
    name: "bare",
    onLog: ({ message }) => said.push(message),
  });
  onTestFinished(async () => {
    await host.kill();
    await bus.close();
    clock.stop();
  });
  await host.start();
  return { host, bus, said: () => said.join("\n") };
}
