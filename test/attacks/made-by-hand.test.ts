import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("sync is slow, so an administrator of the target makes an account for her by hand, with her stamp: when she leaves it is not deleted, and people are told", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await pass(3 * minuteMs);
  const theirs = world.contoso.create(ana, { isInvited: false });
  await pass(dayMs);
  await world.change(ana, readersAtHome, "out");
  await pass(2 * hourMs);
  expect(world.contoso.accounts.get(theirs)).toMatchObject({ state: "live" });
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining(theirs)]);
});
