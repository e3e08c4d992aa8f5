import { expect, it } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { testHost, until, writeApp } from "./host-apps.ts";

const noWait = async () => {};

/** A function that sleeps a minute, can be cut short, and tells how it woke up. */
const app = () =>
  writeApp({
    "a.js": `import { setTimeout as sleep } from "node:timers/promises";
      import { app } from "@azure/functions";
      const alarm = new AbortController();
      app.get("sleep", async () => {
        const began = Date.now();
        const value = await sleep(60_000, "rested", { signal: alarm.signal }).catch(({ name, code }) => name + " " + code);
        return { jsonBody: { value, ms: Date.now() - began } };
      });
      app.get("alarm", async () => { alarm.abort(); return {}; });
      app.get("nap", async () => ({ body: await sleep(5, "rested") }));`,
  });

it("a function sleeps in virtual time, and the lab knows that it waits for it", async () => {
  const clock = startClock();
  const { host } = testHost({ app: await app(), clock });
  await host.start();
  const slept = fetch(`${host.url}/api/sleep`).then((answer) => answer.json());
  const asleep = [expect.objectContaining({ label: "host-1: sleep sleeps", held: true })];
  await until("the function is asleep", () => clock.expected().length === 1);
  expect(clock.expected()).toEqual(asleep);
  await clock.advance(59_000, noWait);
  expect(clock.expected()).toEqual(asleep);
  await clock.advance(1_000, noWait);
  const { value, ms } = (await slept) as { value: string; ms: number }; // our own app
  expect(value).toBe("rested");
  expect(ms).toBeGreaterThanOrEqual(60_000);
  expect(ms).toBeLessThan(65_000);
});

it("a sleep that is aborted ends at once, with Node's error", async () => {
  const clock = startClock();
  const { host } = testHost({ app: await app(), clock });
  await host.start();
  const slept = fetch(`${host.url}/api/sleep`).then((answer) => answer.json());
  await until("the function is asleep", () => clock.expected().length === 1);
  await fetch(`${host.url}/api/alarm`);
  expect(await slept).toMatchObject({ value: "AbortError ABORT_ERR" });
});

it("a moment is no sleep", async () => {
  const { host } = testHost({ app: await app(), clock: startClock() });
  await host.start();
  expect(await (await fetch(`${host.url}/api/nap`)).text()).toBe("rested");
});
