import { expect, test } from "vitest";
import { scopes, scopeScene } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs, minuteMs, respondersAtHome } from "../support/fixtures.ts";

type Terms = Parameters<typeof scopeScene>[2];

/** Ana was in and out again, and her way back has to be approved by somebody. */
async function returner(terms: Terms = {}) {
  const world = scopeScene("first", {}, terms);
  await world.join();
  await world.live(hourMs);
  await world.leave();
  await world.pass(10 * minuteMs);
  world.source.packages.become("approval");
  return world;
}

test("whoever comes back is not let in before the scope is approved: the deleted account stays deleted, and is not fought over with sync", async () => {
  const world = await returner();
  await world.live(2 * hourMs);
  await world.join();
  const written = world.contoso.writes.length;
  for (let looks = 0; looks < 20; looks += 1) {
    await world.live(20 * minuteMs);
    expect([world.states(), world.isReader()]).toEqual([["recycled"], false]);
  }
  expect(world.contoso.writes.length).toBe(written);
  world.source.packages.decide("delivered");
  await world.live(3 * hourMs);
  expect([world.states(), world.isReader(), world.told()]).toEqual([["live"], true, []]);
});

test("whoever comes back is not let in before the scope is approved: the blocked account stays blocked", async () => {
  const world = await returner({ deleteAfterMs: 30 * dayMs });
  expect(world.states()).toEqual(["blocked"]);
  await world.join();
  await world.pass(hourMs);
  expect([world.states(), world.isReader(), world.proofs("join").length]).toEqual([["blocked"], false, 1]);
  world.source.packages.decide("delivered");
  await world.pass(3 * hourMs);
  expect([world.states(), world.isReader(), world.told()]).toEqual([["live"], true, []]);
  expect(world.proofs("join").length).toBeGreaterThan(1);
});

test("a cycle of sync that began before the scope was approved may delete the account of whoever came back, and Muster restores it", async () => {
  const world = await returner();
  await world.join();
  await world.live(2 * hourMs);
  world.source.packages.decide("delivered");
  for (let looks = 0; looks < 90 && !world.isReader(); looks += 1) await world.pass(minuteMs);
  expect(world.isReader()).toBe(true);
  await world.pass(5 * minuteMs);
  world.contoso.recycleAll();
  await world.pass(hourMs);
  expect([world.states(), world.isReader(), world.told()]).toEqual([["live"], true, []]);
});

test("whoever leaves and comes back while the approval is open is asked for once, and let in when it comes", async () => {
  const world = scopeScene("first");
  world.source.packages.become("approval");
  await world.join();
  await world.live(hourMs);
  await world.leave();
  await world.live(hourMs);
  await world.join();
  await world.live(hourMs);
  world.source.packages.decide("delivered");
  await world.live(2 * hourMs);
  expect([world.requests(), world.states(), world.isReader()]).toEqual([
    ["adminadd: delivered"],
    ["live"],
    true,
  ]);
});

test("what was denied to Muster and given by an administrator is theirs: so is the account that comes of it", async () => {
  const world = scopeScene("first");
  world.source.packages.become("approval");
  await world.join();
  await world.live(hourMs);
  world.source.packages.decide("denied");
  await world.live(3 * hourMs);
  expect(world.told()).toEqual([expect.stringMatching(/request-1 was denied$/)]);
  world.source.packages.become("at once");
  world.source.packages.give(scopes.first, ana);
  await world.live(3 * hourMs);
  expect([world.states(), world.isReader()]).toEqual([["live"], true]);
  expect((await world.pair())?.account).toMatchObject({ origin: "before" });
  await world.leave();
  await world.live(3 * hourMs);
  // Whatever sync keeps, it keeps because of the administrator.
  expect([world.states(), world.isReader(), world.assigned()]).toEqual([["live"], false, "delivered"]);
});

test("the time in which sync makes the account begins when the scope has come: nobody asks it before, or is told of it too early", async () => {
  const world = scopeScene("first");
  world.source.packages.become("approval");
  for (let times = 0; times < 40; times += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.join();
  await world.pass(2 * dayMs);
  expect([world.provisioner.asked.length, world.told()]).toEqual([0, []]);
  world.source.packages.decide("delivered");
  await world.pass(85 * minuteMs);
  expect(world.told()).toEqual([]);
  await world.pass(3 * hourMs);
  expect(world.told()).toEqual([expect.stringMatching(/in scope for two cycles/)]);
});

test("a package that an administrator takes from somebody who stays is given again at the next look, before sync has seen it", async () => {
  const world = scopeScene("first");
  await world.join();
  await world.live(hourMs);
  world.source.packages.end(scopes.first.package, ana);
  await world.change(ana, respondersAtHome, "in");
  await world.live(hourMs);
  expect([world.isInScope(), world.states(), world.told()]).toEqual([true, ["live"], []]);
});
