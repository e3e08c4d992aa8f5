import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readers, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

test("taken back by Muster, given anew by the target's administrator, and wanted again while Graph stumbles once: what was given by hand stays when she loses the role", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const [account] = world.contoso.members.get(readers.grant.group) ?? [];
  if (account === undefined) throw new Error("she is no reader");
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  world.contoso.members.get(readers.grant.group)?.add(account);
  world.contoso.next("grant", async () => {
    throw graphFailure(503);
  });
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});
