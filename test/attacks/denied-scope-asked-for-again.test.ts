import { expect, test } from "vitest";
import { scopeScene } from "../support/scope-scene.ts";
import { dayMs, hourMs } from "../support/fixtures.ts";

/*
 * Graph keeps requests for three months. What was denied is not asked for again while the role is held, because approvers are people
 * (decision 18): of a package in a target Muster remembers that it was denied, of one that is a scope it does not.
 */
async function asksAfterDenial(forgotten: "yes" | "no") {
  const world = scopeScene("first");
  world.source.packages.become("approval");
  await world.join();
  await world.live(hourMs);
  world.source.packages.decide("denied");
  await world.live(dayMs);
  if (forgotten === "yes") world.source.packages.purge();
  await world.live(2 * dayMs);
  return world.source.writes.filter((write) => write.startsWith("assign")).length;
}

test("a scope that was denied is asked for once", async () => {
  expect(await asksAfterDenial("no")).toBe(1);
});

test("and is not asked for again when Graph has forgotten the request", async () => {
  expect(await asksAfterDenial("yes")).toBe(1);
});
