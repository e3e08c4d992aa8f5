import { ServiceBusClient } from "@azure/service-bus";
import { expect, it, onTestFinished } from "vitest";
import { startBroker, type Broker } from "../../lab/bus/broker.ts";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { weatherOf, type Weather } from "../../lab/weather.ts";
import { newGate, testHost, until, writeApp, type Gate, type TestHost } from "./host-apps.ts";

type World = {
  readonly clock: LabClock;
  readonly broker: Broker;
  readonly gates: readonly [Gate, Gate];
  readonly made: TestHost;
  /** A message stands still at the gate whose number it carries. */
  readonly send: (sessionId: string, ...gates: readonly number[]) => Promise<void>;
  readonly said: () => readonly string[];
};

type Conditions = {
  readonly serviceBus: Readonly<Record<string, unknown>>;
  readonly lockMs?: number;
  readonly weather?: Partial<Weather>;
};

async function world({ serviceBus, lockMs = 60_000, weather }: Conditions): Promise<World> {
  const clock = startClock();
  const gates = [await newGate(), await newGate()] as const;
  const broker = await startBroker({
    clock,
    queues: [{ name: "keys", sessions: "required", lockMs }],
    weather: { ...weatherOf("calm"), ...weather },
  });
  const client = new ServiceBusClient(broker.connectionString);
  const app = await writeApp({
    "host.json": JSON.stringify({ version: "2.0", extensions: { serviceBus } }),
    "a.js": `import { app } from "@azure/functions";
      app.serviceBusQueue("work", { connection: "BUS", queueName: "keys", isSessionsEnabled: true, async handler(n, context) {
        const { sessionId, deliveryCount } = context.triggerMetadata;
        context.log("begin " + sessionId + n + " " + deliveryCount);
        await fetch(process.env["GATE" + n]);
        context.log("end " + sessionId + n);
      } });`,
  });
  const env = { BUS: broker.connectionString, GATE1: gates[0].url, GATE2: gates[1].url };
  const made = testHost({ app, clock, env });
  onTestFinished(async () => {
    await client.close();
    await broker.close();
    clock.stop();
  });
  await made.host.start();
  const sender = client.createSender("keys");
  return {
    clock,
    broker,
    gates,
    made,
    send: (sessionId, ...numbers) => sender.sendMessages(numbers.map((body) => ({ body, sessionId }))),
    said: () => made.said("work"),
  };
}

const noWait = async () => {};
const rest = (broker: Broker) => until("the bus is at rest", () => broker.busy().length === 0);

it("nothing is ever processed when a delivery takes longer than sessionIdleTimeout", async () => {
  // Far more than the idle time: a machine with other work is late with both.
  const weather = { deliveryMs: [1_000, 1_000] } as const;
  const { broker, said, send } = await world({
    serviceBus: { sessionIdleTimeout: "00:00:00.2000000" },
    weather,
  });
  await send("a", 1);
  // Meanwhile it is accepted and given up several times.
  const deadline = performance.now() + 3 * 1_000;
  await until("three deliveries' time has passed", () => performance.now() > deadline);
  expect(said()).toEqual([]);
  expect(broker.stats()["keys"]).toMatchObject({ active: 1, completed: 0 });
});

it("the same deliveries are processed when the idle time covers them", async () => {
  const weather = { deliveryMs: [250, 250] } as const;
  const { broker, gates, said, send } = await world({
    serviceBus: { sessionIdleTimeout: "00:00:01" },
    weather,
  });
  gates[0].open();
  await send("a", 1, 1);
  await rest(broker);
  expect(said()).toHaveLength(4);
  expect(broker.stats()["keys"]).toMatchObject({ completed: 2, redelivered: 0 });
});

it("an idle session keeps its slot for as long as sessionIdleTimeout says, in virtual time", async () => {
  const serviceBus = { sessionIdleTimeout: "01:00:00", maxConcurrentSessions: 1 };
  const { broker, clock, gates, made, said, send } = await world({ serviceBus });
  gates[0].open();
  await send("a", 1);
  await until("the first session is idle", () => broker.busy().length === 0);
  await send("b", 1);
  await clock.advance(59 * 60_000, noWait);
  expect(broker.busy()).toEqual(["keys: 1 waiting"]);
  await send("a", 1);
  await until("its session still takes messages", () => broker.stats()["keys"]?.completed === 2);
  // It waits for the next one from the moment the host has heard that this one is completed.
  await made.host.breathe();
  await clock.advance(60 * 60_000, noWait);
  await rest(broker);
  expect(said()).toEqual(["begin a1 1", "end a1", "begin a1 1", "end a1", "begin b1 1", "end b1"]);
});

it("a session's lock is renewed from its acceptance on, not for each message anew, and then runs out", async () => {
  const serviceBus = { sessionIdleTimeout: "00:00:10", maxAutoLockRenewalDuration: "00:01:00" };
  const { broker, clock, gates, said, send } = await world({ serviceBus, lockMs: 2_500 });
  const [first, second] = gates;
  await send("a", 1, 2);
  await until("the first message is being worked on", () => first.waiting() === 1);
  const held = clock.hold(2 * 60_000, "an answer is held");
  await clock.advance(2 * 60_000, noWait);
  await held;
  first.open();
  await until("the second message is being worked on twice", () => second.waiting() === 2);
  expect(said()).toEqual(["begin a1 1", "end a1", "begin a2 1", "begin a2 2"]);
  second.open();
  await rest(broker);
  expect(broker.stats()["keys"]).toMatchObject({ completed: 2, redelivered: 1 });
});

it("a session's lock is renewed for ever when maxAutoLockRenewalDuration is minus one millisecond", async () => {
  const serviceBus = { sessionIdleTimeout: "00:00:10", maxAutoLockRenewalDuration: "-00:00:00.0010000" };
  const { broker, clock, gates, send } = await world({ serviceBus, lockMs: 1_000 });
  await send("a", 1);
  await until("the message is being worked on", () => gates[0].waiting() === 1);
  const held = clock.hold(10 * 60_000, "an answer is held");
  await clock.advance(10 * 60_000, noWait);
  await held;
  const deadline = performance.now() + 2_500; // locks are real, so outlasting one takes real time
  await until("the lock would have run out twice", () => performance.now() > deadline);
  gates[0].open();
  await rest(broker);
  expect(broker.stats()["keys"]).toMatchObject({ completed: 1, redelivered: 0 });
});
