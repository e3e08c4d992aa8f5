import { expect, test } from "vitest";
import { scopeScene } from "../support/scope-scene.ts";
import { dayMs, hourMs, minuteMs } from "../support/fixtures.ts";

/*
 * Somebody leaves, and is back before sync has deleted the account that Muster took the scope from: that it is deleted then is Muster's doing,
 * and nobody is told that it was somebody else's.
 */
const later = { deleteAfterMs: 30 * dayMs };
const toldOfOthers = (told: readonly string[]) => told.filter((one) => one.includes("not by Muster"));

test("the role that the policy names goes with the package that was taken from them", async () => {
  const world = scopeScene("first", {}, later);
  await world.join();
  await world.live(3 * hourMs);
  world.move("appRole");
  await world.live(hourMs);
  world.source.packages.become("slow to go");
  await world.leave();
  await world.pass(6 * minuteMs);
  await world.join();
  await world.pass(2 * hourMs);
  expect([world.has("appRole"), (await world.pair())?.account?.deleted]).toEqual([true, "expected"]);
  world.source.packages.become("at once");
  world.source.packages.decide("delivered");
  expect(world.has("appRole")).toBe(false);
  world.cycle();
  await world.look();
  await world.live(3 * hourMs);
  expect(toldOfOthers(world.told())).toEqual([]);
  expect([world.isInScope(), world.isReader()]).toEqual([true, true]);
});

test("another scope that the policy names is still on its way, and cannot be taken back", async () => {
  const world = scopeScene("group", {}, later);
  await world.join();
  await world.live(3 * hourMs);
  world.source.packages.become("slow");
  world.move("first");
  await world.pass(hourMs);
  expect([world.has("group"), world.has("first")]).toEqual([true, false]);
  await world.leave();
  await world.pass(minuteMs);
  expect(world.has("group")).toBe(false);
  expect((await world.pair())?.account?.deleted).toBe("expected");
});
