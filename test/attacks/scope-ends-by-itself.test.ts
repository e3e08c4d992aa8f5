import { describe, expect, test } from "vitest";
import { scopes, scopeScene, type ScopeScene, type Terms } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs, minuteMs } from "../support/fixtures.ts";

/** So long, while packages end when their time has come, and sync follows. */
async function liveOn(world: ScopeScene, ms: number): Promise<void> {
  const end = world.now() + ms;
  while (world.now() < end) {
    world.source.packages.expire();
    await world.live(20 * minuteMs);
  }
}

/** Somebody whose package was to end after two days, and has. */
async function lapsed() {
  const world = scopeScene("first", { expires: "P2D" });
  await world.join();
  await world.pass(2 * dayMs - hourMs);
  await liveOn(world, 6 * hourMs);
  return world;
}

describe("a scope that has ended by its own rule", () => {
  test("is not fought, and people are told why the account is gone, once", async () => {
    const world = await lapsed();
    expect([world.states(), world.requests()]).toEqual([["recycled"], ["adminadd: delivered"]]);
    expect(world.told()).toEqual([
      expect.stringMatching(/not in scope any more: Access to Contoso has ended/),
    ]);
    expect(world.contoso.writes.filter((write) => !write.startsWith("grant"))).toEqual([]);
    await liveOn(world, 3 * hourMs);
    expect(world.told()).toHaveLength(1);
  });

  test.each<[string, (world: ScopeScene) => Promise<void>]>([
    ["an administrator assigns it", async ({ source }) => void source.packages.give(scopes.first, ana)],
    [
      "the policy says that it is renewed",
      async ({ move }) => move("first", { expires: "P2D", renew: true }),
    ],
    ["the policy names another scope", async ({ move }) => move("group")],
    [
      "the role is given anew",
      async (world) => {
        await world.leave();
        await world.live(2 * hourMs);
        await world.join();
      },
    ],
  ])("lets them in once more when %s", async (_, act) => {
    const world = await lapsed();
    await act(world);
    await liveOn(world, 3 * hourMs);
    expect([world.states(), world.isReader(), world.told().length]).toEqual([["live"], true, 1]);
  });

  test("leaves a leaver nothing, and they are proven out", async () => {
    const world = await lapsed();
    await world.leave();
    await world.live(3 * hourMs);
    expect([world.isInScope(), world.states()]).toEqual([false, ["recycled"]]);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });
});

test("what somebody else has given for a time is given by Muster when that time is over", async () => {
  const world = scopeScene("first");
  world.source.packages.give({ ...scopes.first, expires: "P2D" }, ana);
  await world.join();
  await world.pass(2 * dayMs - hourMs);
  for (let times = 0; times < 30; times += 1) {
    await world.wait(5 * minuteMs);
    world.source.packages.expire();
  }
  await world.wait(10 * minuteMs);
  expect(world.assigned()).toBe("delivered");
});

test("a scope that is to be renewed never ends, and is renewed now and then only", async () => {
  const world = scopeScene("first", { expires: "P30D", renew: true });
  await world.join();
  for (let day = 0; day < 100; day += 1) {
    await world.wait(dayMs);
    world.source.packages.expire();
    expect(world.isInScope()).toBe(true);
  }
  const renewals = world.source.writes.filter((write) => write.startsWith("renewPackage"));
  expect(renewals.length).toBeGreaterThan(3);
  expect(renewals.length).toBeLessThan(8);
});

test.each<[string, Terms]>([
  ["how long it lasts", { expires: "P90D" }],
  ["that it is renewed", { renew: true }],
])("a policy that says otherwise %s changes nothing of what is assigned already", async (_, terms) => {
  const world = scopeScene("first");
  await world.join();
  await world.live(hourMs);
  const written = world.source.writes.length;
  world.move("first", terms);
  await world.live(dayMs);
  expect(world.source.writes.length).toBe(written);
  expect([world.states(), world.isReader(), world.told()]).toEqual([["live"], true, []]);
});
