import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { catchUpIfDue } from "../../shared/reconcile/events/catch-up.ts";
import { catchUpPorts } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/** Ana is a reader, and the world is still. The timer goes by a mark of the test's own, so that it knows when a catch-up begins. */
async function anaWhenACatchUpIsDue() {
  const world = smallWorld();
  const ports = catchUpPorts(world);
  const catchUp = () => catchUpIfDue(ports);
  const pass = async (ms: number) => {
    const end = world.now() + ms;
    while (world.now() < end) {
      await catchUp();
      await world.until(Math.min(end, world.now() + 5 * minuteMs));
    }
  };
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  while ((await catchUp()) === null) await world.wait(5 * minuteMs);
  await world.wait(10 * minuteMs);
  return {
    ...world,
    catchUp,
    pass,
    disable: () => world.addUser(ana, { ...world.userOf(ana), enabled: false }),
  };
}

const isReader = (world: Awaited<ReturnType<typeof anaWhenACatchUpIsDue>>) =>
  (world.contoso.members.get(readers.grant.group)?.size ?? 0) > 0;

test.each([25])(
  "Ana's account is disabled, which is announced, and the source's replica that is read is behind for %i min: she is out within the hour",
  async (minutes) => {
    const world = await anaWhenACatchUpIsDue();
    const before = { kind: "present", user: world.userOf(ana) };
    world.disable();
    const until = world.now() + minutes * minuteMs;
    world.source.always("readUser", async (go) => (world.now() < until ? before : go()));
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(5 * minuteMs);
    await world.pass(hourMs);
    expect(isReader(world)).toBe(false);
  },
);

test.each([6, 10, 20])(
  "Ana's account is disabled and nobody is told; the source's replica that is read is behind for %i min after the catch-up: she is out within the hour",
  async (minutes) => {
    const world = await anaWhenACatchUpIsDue();
    const before = { kind: "present", user: world.userOf(ana) };
    world.disable();
    await world.wait(5 * minuteMs);
    const until = world.now() + minutes * minuteMs;
    world.source.always("readUser", async (go) => (world.now() < until ? before : go()));
    await world.pass(hourMs);
    expect(isReader(world)).toBe(false);
  },
);

test("Ana's account is disabled and nobody is told, and what the catch-up sends about her is lost: she is out within the hour", async () => {
  const world = await anaWhenACatchUpIsDue();
  world.disable();
  await world.wait(5 * minuteMs);
  expect(await world.catchUp()).not.toBeNull();
  world.sent.length = 0;
  world.forgetScheduled();
  await world.pass(hourMs);
  expect(isReader(world)).toBe(false);
});

test("Ana's account is disabled six minutes after somebody looked at her and eight before a catch-up, and nobody is told: she is out within a quarter of an hour", async () => {
  const world = await anaWhenACatchUpIsDue();
  while ((await world.catchUp()) === null) await world.wait(5 * minuteMs);
  await world.wait(minuteMs);
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(6 * minuteMs);
  world.disable();
  await world.wait(8 * minuteMs);
  expect(await world.catchUp()).not.toBeNull();
  await world.wait(2 * minuteMs);
  expect(isReader(world)).toBe(false);
});

test("nothing can be made of Graph's answer about who has changed: a leaver nobody was told of is out within the hour all the same", async () => {
  const world = await anaWhenACatchUpIsDue();
  const nonsense = () =>
    Promise.reject(new Error("Graph gives no delta link: the last page has no delta link"));
  world.source.always("latest", nonsense);
  world.source.always("since", nonsense);
  world.disable();
  await world.wait(5 * minuteMs);
  await world.pass(hourMs).catch(() => undefined);
  expect(isReader(world)).toBe(false);
});

test("hours after Ana's account was disabled, the last look at an event meets a replica that is as far behind: she is out again within the hour", async () => {
  const world = await anaWhenACatchUpIsDue();
  const before = { kind: "present", user: world.userOf(ana) };
  world.disable();
  await world.deliver(eventAbout(ana, world.now()));
  await world.pass(2 * hourMs);
  expect(isReader(world)).toBe(false);
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(4 * minuteMs);
  world.source.next("readUser", async () => before);
  await world.wait(2 * minuteMs);
  expect(isReader(world)).toBe(true);
  await world.pass(hourMs);
  expect(isReader(world)).toBe(false);
});

test("two hours after Ana's account was disabled it is enabled again and nobody is told; the source's replica that is read is behind for 6 min after the catch-up: she is a reader again within the hour", async () => {
  const world = await anaWhenACatchUpIsDue();
  const enabled = world.userOf(ana);
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * 24 * hourMs } }));
  world.disable();
  await world.deliver(eventAbout(ana, world.now()));
  await world.pass(2 * hourMs);
  expect(isReader(world)).toBe(false);
  while ((await world.catchUp()) === null) await world.wait(5 * minuteMs);
  await world.wait(10 * minuteMs);
  const before = { kind: "present", user: world.userOf(ana) };
  world.addUser(ana, { ...world.userOf(ana), enabled: enabled.enabled });
  await world.wait(5 * minuteMs);
  const until = world.now() + 6 * minuteMs;
  world.source.always("readUser", async (go) => (world.now() < until ? before : go()));
  await world.pass(hourMs);
  expect(isReader(world)).toBe(true);
});
