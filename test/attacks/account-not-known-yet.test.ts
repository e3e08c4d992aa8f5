import { expect, test } from "vitest";
import { withoutConsent } from "../support/consent.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, hourMs, readersAtHome, syncScope } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test("a target without consent yet; a joiner whose account sync makes, unseen, leaves: the scope is taken from the source side", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  withoutConsent(world.contoso);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * 60_000);
  // The cycle needs no consent of Muster's.
  world.contoso.create(ana);
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(24 * hourMs);
  expect(world.source.members.get(syncScope.scope.group)?.size).toBe(0);
});
