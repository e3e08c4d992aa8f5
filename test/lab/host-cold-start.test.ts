import { expect, it } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { coldStarts } from "../../lab/host/cold-starts.ts";
import { fixture, testHost, until } from "./host-apps.ts";

const minute = 60_000;
const noWait = async () => {};

function world() {
  const clock = startClock();
  const cold = coldStarts(clock);
  const { host } = testHost({ app: fixture("web"), clock, coldStarts: cold });
  const ask = () => {
    const asked = { answered: false };
    const done = fetch(`${host.url}/api/accepted`).then(({ status }) => {
      asked.answered = true;
      return status;
    });
    return Object.assign(asked, { done });
  };
  const held = () => clock.expected().map(({ label }) => label);
  return { clock, cold, host, ask, held };
}

it("the first request to a host that was just started is answered that much later, and the next at once", async () => {
  const { clock, cold, host, ask, held } = world();
  const order = cold.order(minute);
  await host.start();
  const first = ask();
  await until("the request is held", () => held().includes("host-1: a cold start"));
  expect(host.busy()).toEqual(["host-1: HTTP GET /api/accepted"]);
  expect(await ask().done).toBe(202);
  await clock.advance(minute - 1_000, noWait);
  expect(first.answered).toBe(false);
  await clock.advance(1_000, noWait);
  expect(await first.done).toBe(202);
  expect(order.timesLeft()).toBe(0);
});

it("a host that has answered before is warm until it is started again", async () => {
  const { clock, cold, host, ask, held } = world();
  await host.start();
  await ask().done;
  cold.order(minute);
  expect(await ask().done).toBe(202);
  await host.kill();
  await host.start();
  const first = ask();
  await until("the request is held", () => held().length === 1);
  await clock.advance(minute, noWait);
  expect(await first.done).toBe(202);
});

it("with a number it strikes as many requests, warm or cold, and can be called off", async () => {
  const { clock, cold, host, ask, held } = world();
  await host.start();
  await ask().done;
  const order = cold.order(minute, 3);
  const two = [ask(), ask()];
  await until("both requests are held", () => held().length === 2);
  expect(order.timesLeft()).toBe(1);
  order.cancel();
  expect(await ask().done).toBe(202);
  await clock.advance(minute, noWait);
  for (const each of two) expect(await each.done).toBe(202);
});

it("a request that is held when its host dies breaks, and the next process is not kept waiting for it", async () => {
  const { clock, cold, host, ask, held } = world();
  cold.order(minute);
  await host.start();
  const broken = expect(ask().done).rejects.toThrow("fetch failed");
  await until("the request is held", () => held().length === 1);
  await host.kill();
  await broken;
  await host.start();
  expect(await ask().done).toBe(202);
  await clock.advance(minute, noWait);
  expect(held()).toEqual([]);
});
