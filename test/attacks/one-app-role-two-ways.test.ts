import { expect, test } from "vitest";
import { scopes, scopeScene, type ScopeScene } from "../support/scope-scene.ts";
import { ana, hourMs, minuteMs, respondersAtHome } from "../support/fixtures.ts";

/*
 * The package holds the synchronization's application, so it assigns the application's own role, of which there is one assignment a
 * person: whatever takes that takes them out of scope, and their account with it.
 */

/** So long, and at no look at them out of scope or without the account. */
async function staysIn(world: ScopeScene, ms: number): Promise<void> {
  const end = world.now() + ms;
  while (world.now() < end) {
    await world.live(10 * minuteMs);
    expect([world.isInScope(), world.states()]).toEqual([true, ["live"]]);
  }
}

async function isOutOf(world: ScopeScene): Promise<void> {
  await world.leave();
  await world.live(2 * hourMs);
  expect([world.isInScope(), world.states(), world.told()]).toEqual([false, ["recycled"], []]);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
}

test.each([
  ["appRole", "first"],
  ["first", "appRole"],
] as const)(
  "from %s to %s to the group and back: who stays is in scope all the time, who leaves is out",
  async (from, to) => {
    const world = scopeScene(from);
    await world.join();
    await world.live(hourMs);
    world.move(to);
    await staysIn(world, 2 * hourMs);
    world.move("group");
    await staysIn(world, 3 * hourMs);
    expect([world.has("first"), world.has("appRole"), world.has("group")]).toEqual([false, false, true]);
    world.move(from);
    await staysIn(world, 3 * hourMs);
    expect(world.has("group")).toBe(false);
    await isOutOf(world);
  },
);

test("a package that the policy gave up for the role ends by itself: the role is given at once, before sync has seen anything", async () => {
  const world = scopeScene("first", { expires: "P1D" });
  await world.join();
  await world.live(hourMs);
  world.move("appRole");
  await staysIn(world, 21 * hourMs);
  for (let times = 0; times < 60; times += 1) {
    await world.pass(2 * minuteMs);
    world.source.packages.expire();
  }
  await world.pass(6 * minuteMs);
  world.cycle();
  expect([world.isInScope(), world.states()]).toEqual([true, ["live"]]);
  await isOutOf(world);
});

test.each([
  ["first", "appRole"],
  ["appRole", "first"],
] as const)(
  "from %s to %s: an administrator takes the package, and the next look gives what the policy says",
  async (from, to) => {
    const world = scopeScene(from);
    await world.join();
    await world.live(hourMs);
    world.move(to);
    await staysIn(world, 2 * hourMs);
    world.source.packages.end(scopes.first.package, ana);
    await world.change(ana, respondersAtHome, "in");
    await staysIn(world, 2 * hourMs);
    await world.change(ana, respondersAtHome, "out");
    await isOutOf(world);
  },
);

test("a leaver is out when the package that gives the role is, however long that takes, and not proven out before", async () => {
  const world = scopeScene("first");
  await world.join();
  await world.live(hourMs);
  world.move("appRole");
  await staysIn(world, 2 * hourMs);
  world.source.packages.become("slow to go");
  await world.leave();
  await world.live(2 * hourMs);
  expect([world.isInScope(), world.states(), world.proofs("leave")]).toEqual([true, ["blocked"], []]);
  expect(world.told()).toEqual([expect.stringMatching(/request-3 to take it away is delivering/)]);
  world.source.packages.decide("delivered");
  await world.live(2 * hourMs);
  expect([world.isInScope(), world.states()]).toEqual([false, ["recycled"]]);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("who leaves with the role while the package waits for approval is out of both, whatever is approved later", async () => {
  const world = scopeScene("appRole");
  await world.join();
  await world.live(hourMs);
  world.source.packages.become("approval");
  world.move("first");
  await staysIn(world, hourMs);
  await world.leave();
  await world.live(2 * hourMs);
  expect([world.isInScope(), world.states(), world.proofs("leave")]).toEqual([false, ["recycled"], []]);
  world.source.packages.decide("delivered");
  await world.live(2 * hourMs);
  expect([world.isInScope(), world.states()]).toEqual([false, ["recycled"]]);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("a role that comes of somebody else's package is not Muster's, nor is the account that comes of it", async () => {
  const world = scopeScene("appRole");
  world.source.packages.give(scopes.first, ana);
  await world.join();
  await world.live(2 * hourMs);
  await world.leave();
  await world.live(2 * hourMs);
  expect([world.isInScope(), world.states(), world.isReader()]).toEqual([true, ["live"], false]);
  expect(world.proofs("leave").at(-1)?.plan.notes).toContainEqual(
    expect.objectContaining({ kind: "scope-stays", why: "before" }),
  );
});
