import { createServer, type AddressInfo } from "node:net";
import { ServiceBusClient, type ServiceBusMessage } from "@azure/service-bus";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBroker, type Broker } from "../../lab/bus/broker.ts";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { fixture, newGate, testHost, until, type Gate, type TestHost } from "./host-apps.ts";

const lockMs = 3_000;

type World = {
  readonly clock: LabClock;
  readonly broker: Broker;
  readonly gate: Gate;
  readonly newHost: (name?: string) => TestHost;
  readonly send: (queue: string, ...messages: readonly ServiceBusMessage[]) => Promise<void>;
};

async function world(port = 0): Promise<World> {
  const clock = startClock();
  const gate = await newGate();
  const queues = [
    { name: "keyed", sessions: "required", lockMs },
    ...["plain", "kept", "metadata"].map((name) => ({ name, sessions: "none", lockMs }) as const),
  ] as const;
  const broker = await startBroker({ clock, queues, port });
  const client = new ServiceBusClient(broker.connectionString);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
    clock.stop();
  });
  return {
    clock,
    broker,
    gate,
    newHost: (name = "host-1") =>
      testHost({ app: fixture("bus"), clock, name, env: settings(broker.connectionString, gate) }),
    send: (queue, ...messages) => client.createSender(queue).sendMessages([...messages]),
  };
}

function settings(connectionString: string, gate: Gate): Record<string, string> {
  return { BUS: connectionString, KEYED_QUEUE: "keyed", GATE: gate.url };
}

const keyed = (sessionId: string, work: object): ServiceBusMessage => ({ sessionId, body: work });

type Entry = { phase: "begin" | "end"; work: { n?: number }; sessionId: string; deliveryCount: number };
const entries = (from: TestHost, name: string) => from.said(name).map((text) => JSON.parse(text) as Entry); // what the fixture logs
const ended = (from: TestHost, name: string) => entries(from, name).filter(({ phase }) => phase === "end");
const atRest = (broker: Broker) => until("the bus is at rest", () => broker.busy().length === 0);

describe("a Service Bus function with sessions", () => {
  it("gets the messages of each session in order, one at a time", async () => {
    const { broker, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    const sessions = ["a", "b", "c", "d", "e", "f"];
    await send("keyed", ...[0, 1, 2, 3, 4].flatMap((n) => sessions.map((id) => keyed(id, { n }))));
    await atRest(broker);
    for (const id of sessions) {
      const own = entries(made, "keyed").filter(({ sessionId }) => sessionId === id);
      const inOrder = [0, 1, 2, 3, 4].flatMap((n) => [`begin ${n}`, `end ${n}`]);
      expect(own.map(({ phase, work }) => `${phase} ${work.n}`)).toEqual(inOrder);
    }
    expect(broker.stats()["keyed"]).toMatchObject({ completed: 30, abandoned: 0, redelivered: 0 });
  });

  it("works on as many sessions at once as host.json allows, and on the next when one ends", async () => {
    const { broker, gate, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("keyed", ...["a", "b", "c", "d", "e", "f"].map((id) => keyed(id, { wait: true })));
    await until("four sessions are being worked on", () => gate.waiting() === 4);
    // A fifth would have begun by now: a session that is free is taken within milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(gate.waiting()).toBe(4);
    gate.open();
    await atRest(broker);
    expect(ended(made, "keyed")).toHaveLength(6);
  });

  it("gets a message it threw on again, first in its session, with a higher delivery count", async () => {
    const { broker, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("keyed", keyed("a", { n: 1, failures: 2 }), keyed("a", { n: 2 }));
    await atRest(broker);
    const begun = entries(made, "keyed").filter(({ phase }) => phase === "begin");
    expect(begun.map(({ work, deliveryCount }) => [work.n, deliveryCount])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
    ]);
    expect(broker.stats()["keyed"]).toMatchObject({ completed: 2, abandoned: 2 });
    expect(made.lines.filter(({ level }) => level === "error")).toHaveLength(2);
  });

  it("keeps its session while it works longer than the lock lasts", async () => {
    const { broker, gate, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("keyed", keyed("a", { wait: true }));
    await until("the message is being worked on", () => gate.waiting() === 1);
    await outlastTheLock();
    gate.open();
    await atRest(broker);
    expect(broker.stats()["keyed"]).toMatchObject({ completed: 1, redelivered: 0 });
  });

  it("gets a message again after its host was killed in the middle and started again", async () => {
    const { broker, gate, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("keyed", keyed("a", { n: 1, wait: true }), keyed("a", { n: 2 }));
    await until("the message is being worked on", () => gate.waiting() === 1);
    await made.host.kill();
    expect(broker.busy()).not.toEqual([]);
    gate.open();
    await made.host.start();
    await atRest(broker);
    expect(ended(made, "keyed").map(({ work }) => work.n)).toEqual([1, 2]);
    expect(entries(made, "keyed").filter(({ work }) => work.n === 1)).toHaveLength(3);
  });

  it("shares its queue with another host: no session is on both at once", async () => {
    const { broker, newHost, send } = await world();
    const hosts = [newHost("host-1"), newHost("host-2")];
    await Promise.all(hosts.map(({ host }) => host.start()));
    const sessions = Array.from({ length: 12 }, (_, index) => `session-${index}`);
    await send("keyed", ...[0, 1, 2].flatMap((n) => sessions.map((id) => keyed(id, { n }))));
    await atRest(broker);
    expect(broker.stats()["keyed"]).toMatchObject({ completed: 36, redelivered: 0 });
    const bySession = Map.groupBy(
      hosts.flatMap((made) => ended(made, "keyed").map((entry) => ({ ...entry, by: made }))),
      ({ sessionId }) => sessionId,
    );
    expect(bySession.size).toBe(12);
    for (const handled of bySession.values())
      expect(handled.map(({ work }) => work.n).toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 1, 2]);
  });

  it("lets its message end when the host stops, and frees the session for others at once", async () => {
    const { broker, gate, newHost, send } = await world();
    const [first, second] = [newHost("host-1"), newHost("host-2")];
    await first.host.start();
    await send("keyed", keyed("a", { n: 1, wait: true }), keyed("a", { n: 2 }));
    await until("the message is being worked on", () => gate.waiting() === 1);
    const stopped = first.host.stop();
    gate.open();
    await stopped;
    expect(first.lines.at(-1)?.message).toBe("The host exited with code 0.");
    expect(ended(first, "keyed").map(({ work }) => work.n)).toEqual([1]);
    await second.host.start();
    await atRest(broker);
    expect(ended(second, "keyed").map(({ work, deliveryCount }) => [work.n, deliveryCount])).toEqual([
      [2, 1],
    ]);
  });

  it("goes on after the broker was away", async () => {
    const { broker, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("keyed", keyed("a", { n: 1 }));
    await send("plain", { body: { n: 1 } });
    await atRest(broker);
    await broker.faults.down(1_500);
    await send("keyed", keyed("a", { n: 2 }));
    await send("plain", { body: { n: 2 } });
    await atRest(broker);
    expect(ended(made, "keyed").map(({ work }) => work.n)).toEqual([1, 2]);
    expect(ended(made, "plain").map(({ work }) => work.n)).toEqual([1, 2]);
    expect(made.host.state()).toBe("running");
  });
});

describe("a Service Bus function without sessions", () => {
  it("works on as many messages at once as host.json allows", async () => {
    const { broker, gate, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("plain", ...[1, 2, 3, 4, 5].map((n) => ({ body: { n, wait: true } })));
    await until("three messages are being worked on", () => gate.waiting() === 3);
    gate.open();
    await atRest(broker);
    expect(ended(made, "plain")).toHaveLength(5);
  });

  it("gets a message it threw on again, and keeps one it is slow on", async () => {
    const { broker, gate, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("plain", { body: { n: 1, wait: true } }, { body: { n: 2, failures: 1 } });
    await until("the slow message is being worked on", () => gate.waiting() === 1);
    await outlastTheLock();
    gate.open();
    await atRest(broker);
    expect(broker.stats()["plain"]).toMatchObject({ completed: 2, abandoned: 1, redelivered: 1 });
  });

  it("completes nothing when autoCompleteMessages is off, so the message comes again when its lock ends", async () => {
    const { broker, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("kept", { body: { n: 1 } });
    await until("the message was handled twice", () => ended(made, "kept").length >= 2);
    expect(ended(made, "kept").map(({ deliveryCount }) => deliveryCount)).toEqual([1, 2]);
    expect(broker.stats()["kept"]).toMatchObject({ completed: 0 });
  });

  it("sees the metadata and the traps of the real host", async () => {
    const { broker, newHost, send } = await world();
    const made = newHost();
    await made.host.start();
    await send("metadata", {
      body: { deliveryCount: "forged", flag: true, list: [1] },
      messageId: "42",
      correlationId: "c-1",
      subject: "joiner",
      applicationProperties: { Cause: "webhook" },
    });
    await atRest(broker);
    const [seen] = made
      .said("metadata")
      .map((text) => JSON.parse(text) as { message: unknown; triggerMetadata: Record<string, unknown> }); // what the fixture logs
    expect(seen?.message).toEqual({ deliveryCount: "forged", flag: true, list: [1] });
    expect(seen?.triggerMetadata).toMatchObject({
      deliveryCount: "forged",
      flag: "True",
      messageId: 42,
      correlationId: "c-1",
      subject: "joiner",
      label: "joiner",
      applicationProperties: { cause: "webhook" },
      sequenceNumber: 1,
      lockToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
      enqueuedTime: expect.stringMatching(/\+00:00$/),
      enqueuedTimeUtc: expect.not.stringMatching(/Z$/),
    });
    expect(seen?.triggerMetadata).not.toHaveProperty("list");
    expect(seen?.triggerMetadata).not.toHaveProperty("sessionId");
  });
});

describe("a host whose broker does not answer yet", () => {
  it("starts, says so, and takes messages once the broker is there", async () => {
    const port = await freePort();
    const clock = startClock();
    const gate = await newGate();
    const address = `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=lab;SharedAccessKey=lab;UseDevelopmentEmulator=true`;
    const made = testHost({ app: fixture("bus"), clock, env: settings(address, gate) });
    await made.host.start();
    expect(made.lines.map(({ message }) => message)).toContain(
      `Service Bus at 127.0.0.1:${port} does not answer. Trying again every second.`,
    );
    const { broker, send } = await world(port);
    await send("keyed", keyed("a", { n: 1 }));
    await send("plain", { body: { n: 1 } });
    await atRest(broker);
    expect(ended(made, "keyed")).toHaveLength(1);
    expect(ended(made, "plain")).toHaveLength(1);
  });
});

// Locks run in real time, and so do the SDK's renewals.
const outlastTheLock = () => new Promise((resolve) => setTimeout(resolve, lockMs + 1_000));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  await new Promise((resolve) => server.close(resolve));
  return port;
}
