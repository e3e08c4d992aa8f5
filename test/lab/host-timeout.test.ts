import { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBroker, type Broker } from "../../lab/bus/broker.ts";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { watchInvocations, type Invocation } from "../../lab/host/invocation-watch.ts";
import { newGate, testHost, until, writeApp, type Gate, type TestHost } from "./host-apps.ts";

const minute = 60_000;
const noWait = async () => {};

describe("an invocation", () => {
  /** Time that moves only when it is told to. */
  function handTime() {
    let at = 0;
    const listeners = new Set<() => void | Promise<void>>();
    return {
      time: {
        lived: () => at,
        onJump: (listener: () => void | Promise<void>) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
      pass: async (ms: number) => {
        at += ms;
        for (const listener of listeners) await listener();
      },
    };
  }

  function watched(timeoutMs: number) {
    const { time, pass } = handTime();
    const late: string[] = [];
    const watch = watchInvocations({
      time,
      timeoutMs,
      onTimeout: ({ invocationId }) => void late.push(invocationId),
    });
    const begin = (invocationId: string) => {
      const work = Promise.withResolvers<void>();
      const invocation: Invocation = { functionName: "f", invocationId };
      const ended = watch.during(invocation, () => work.promise);
      ended.catch(() => undefined);
      return { end: () => work.resolve(), ended };
    };
    return { watch, pass, late, begin };
  }

  it("may live as long as host.json allows, counted from its own beginning", async () => {
    const { pass, late, begin } = watched(5 * minute);
    const first = begin("first");
    await pass(4 * minute);
    begin("second");
    first.end();
    await first.ended;
    await pass(4 * minute);
    expect(late).toEqual([]);
    await pass(minute);
    expect(late).toEqual(["second"]);
  });

  it("that lives too long is reported once, and takes all others with it", async () => {
    const { watch, pass, late, begin } = watched(minute);
    const others = [begin("first"), begin("second")];
    await pass(minute);
    await pass(minute);
    expect(late).toEqual(["first"]);
    expect(watch.count()).toBe(2);
    watch.failAll(new Error("over"));
    for (const { ended } of [...others, begin("third")]) await expect(ended).rejects.toThrow("over");
  });

  it("may live for ever when host.json says so", async () => {
    const { pass, late, begin } = watched(Infinity);
    begin("first");
    await pass(365 * 24 * 60 * minute);
    expect(late).toEqual([]);
  });
});

type World = {
  readonly clock: LabClock;
  readonly broker: Broker;
  readonly gate: Gate;
  readonly made: TestHost;
  readonly send: (...ids: readonly string[]) => Promise<void>;
};

/** A host with a timeout of five minutes whose two functions stand still at the gate. */
async function world(afterDeath: "restart" | "stay"): Promise<World> {
  const clock = startClock();
  const gate = await newGate();
  const broker = await startBroker({ clock, queues: [{ name: "keys", sessions: "required" }] });
  const client = new ServiceBusClient(broker.connectionString);
  const app = await writeApp({
    "host.json": `{ "version": "2.0", "functionTimeout": "00:05:00", "extensions":
      { "serviceBus": { "sessionIdleTimeout": "00:00:01" } } }`,
    "a.js": `import { app } from "@azure/functions";
      app.serviceBusQueue("work", { connection: "BUS", queueName: "keys", isSessionsEnabled: true, async handler(id, context) {
        context.log("begin " + id + " " + context.triggerMetadata.deliveryCount);
        await fetch(process.env.GATE);
        context.log("end " + id);
      } });
      app.get("wait", async () => { await fetch(process.env.GATE); return { body: "done" }; });`,
  });
  const env = { BUS: broker.connectionString, GATE: gate.url };
  const made = testHost({ app, clock, env, afterDeath });
  onTestFinished(async () => {
    await client.close();
    await broker.close();
    clock.stop();
  });
  await made.host.start();
  return {
    clock,
    broker,
    gate,
    made,
    send: (...ids) =>
      client.createSender("keys").sendMessages(ids.map((id) => ({ body: id, sessionId: id }))),
  };
}

/** Virtual time passes while the lab keeps somebody waiting, as for an answer of Graph. */
async function keepWaiting(clock: LabClock, ms: number): Promise<void> {
  const held = clock.hold(ms, "an answer is held");
  await clock.advance(ms, noWait);
  await held;
}

describe("a host of the lab", () => {
  it("dies with everything in flight when one of its invocations runs longer than functionTimeout", async () => {
    const { clock, broker, gate, made, send } = await world("stay");
    await send("old");
    await until("the message is being worked on", () => gate.waiting() === 1);
    await keepWaiting(clock, 3 * minute);
    await send("young");
    const asked = fetch(`${made.host.url}/api/wait`).then(({ status }) => status);
    await until("all three wait", () => gate.waiting() === 3);
    await keepWaiting(clock, 3 * minute);
    await until("the host is gone", () => made.host.state() === "stopped");
    const { message, functionName, invocationId } = made.lines.find((line) =>
      line.message.startsWith("Timeout"),
    )!; // it died of one
    expect(message).toContain("Timeout value of 300 s exceeded by function 'work'");
    expect(message).toContain("2 other invocations");
    expect(functionName).toBe("work");
    expect(invocationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.lines.at(-1)?.message).toBe("The host exited with code 1.");
    expect(await asked).toBe(500);
    expect(made.said("work")).toEqual(["begin old 1", "begin young 1"]);
    expect(broker.stats()["keys"]).toMatchObject({ active: 2, locked: 0, abandoned: 2 });
  });

  it("is started again by itself, and gets the messages again, counted as failed", async () => {
    const { clock, broker, gate, made, send } = await world("restart");
    await send("old");
    await until("the message is being worked on", () => gate.waiting() === 1);
    await keepWaiting(clock, 5 * minute);
    await until("the host is gone", () => made.host.state() === "stopped");
    expect(clock.expected().map(({ label }) => label)).toEqual(["host-1: is started again"]);
    gate.open();
    await clock.advance(2_000, noWait);
    await until("the bus is at rest", () => broker.busy().length === 0);
    expect(made.host.state()).toBe("running");
    expect(made.said("work")).toEqual(["begin old 1", "begin old 2", "end old"]);
    expect(made.lines.map(({ message }) => message)).toContain(
      "The host ended by itself. It is started again in 2 s, as the platform does.",
    );
  });

  it("is not started again by itself when somebody killed it", async () => {
    const { clock, made } = await world("restart");
    await made.host.kill();
    await clock.advance(minute, noWait);
    expect(clock.expected()).toEqual([]);
    expect(made.host.state()).toBe("stopped");
  });

  it("does not die of a leap of the clock, at which nobody was kept waiting", async () => {
    const { clock, broker, gate, made, send } = await world("stay");
    await send("old");
    await until("the message is being worked on", () => gate.waiting() === 1);
    await clock.advance(24 * 60 * minute, noWait);
    await keepWaiting(clock, 4 * minute);
    gate.open();
    await until("the bus is at rest", () => broker.busy().length === 0);
    expect(made.said("work")).toEqual(["begin old 1", "end old"]);
    expect(made.host.state()).toBe("running");
  });
});
