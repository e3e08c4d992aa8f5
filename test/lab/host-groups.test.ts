import { ServiceBusClient } from "@azure/service-bus";
import { expect, it, onTestFinished } from "vitest";
import { startBroker } from "../../lab/bus/broker.ts";
import { startClock } from "../../lab/clock.ts";
import type { FunctionGroup } from "../../lab/host/function-group.ts";
import { hostOfTimer, scheduleTimers } from "../../lab/host/host-process.ts";
import { stillClock, testHost, until, writeApp } from "./host-apps.ts";

/** An app with a function of each kind, and two queues. */
const app = () =>
  writeApp({
    "a.js": `import { app } from "@azure/functions";
      const say = (name) => async (_input, context) => { context.log(name); };
      const queue = (name) => ({ connection: "BUS", queueName: name, handler: say(name) });
      app.get("hello", async () => ({ body: "hello" }));
      app.timer("tick", { schedule: "0 */5 * * * *", handler: say("tick") });
      app.serviceBusQueue("first", queue("first"));
      app.serviceBusQueue("second", queue("second"));`,
  });

it("a process can run one group of an app's functions and leave the others alone", async () => {
  const clock = startClock();
  const queues = ["first", "second"].map((name) => ({ name, sessions: "none" }) as const);
  const broker = await startBroker({ clock, queues });
  const client = new ServiceBusClient(broker.connectionString);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
    clock.stop();
  });
  const folder = await app();
  const start = async (only: FunctionGroup) => {
    const made = testHost({ app: folder, clock, env: { BUS: broker.connectionString }, only, name: only });
    await made.host.start();
    return made;
  };
  const http = await start("http");
  const second = await start("queue:second");
  const timers = await start("timers");
  const names = [http, second, timers].map(({ host }) => host.functions().map(({ name }) => name));
  expect(names).toEqual([["hello"], ["second"], ["tick"]]);

  await client.createSender("first").sendMessages({ body: 1 });
  await client.createSender("second").sendMessages({ body: 1 });
  await until("the second queue is empty", () => broker.stats()["second"]?.completed === 1);
  expect(broker.busy()).toEqual(["first: 1 waiting"]);
  expect((await fetch(`${http.host.url}/api/hello`)).status).toBe(200);
  expect((await fetch(`${second.host.url}/api/hello`)).status).toBe(404);
  expect(hostOfTimer([http.host, second.host, timers.host], "tick")).toBe(timers.host);
  await expect(http.host.fireTimer("tick")).rejects.toThrow('no timer function named "tick"');
});

it("a group that the app does not have is refused, with those it has", async () => {
  const { host } = testHost({
    app: await app(),
    clock: startClock(),
    env: { BUS: bus },
    only: "queue:third",
  });
  await expect(host.start()).rejects.toThrow(
    'no function in the group "queue:third"; its groups are http, timers, queue:first, queue:second',
  );
});

it("timers run on the process that has them, also when others were started before it", async () => {
  const clock = stillClock();
  const folder = await app();
  const [http, timers] = (["http", "timers"] as const).map((only) =>
    testHost({ app: folder, clock, env: { BUS: bus }, only }),
  );
  if (http === undefined || timers === undefined) throw new Error("Two hosts were made.");
  await http.host.start();
  await timers.host.start();
  const schedule = scheduleTimers({ clock, hosts: [http.host, timers.host] });
  await clock.advance(5 * 60_000, async () =>
    until("the timer has run", () => timers.host.busy().length === 0),
  );
  schedule.stop();
  expect(timers.said("tick")).toEqual(["tick"]);
});

/** An address that is only looked at. */
const bus =
  "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=lab;SharedAccessKey=lab;UseDevelopmentEmulator=true";
