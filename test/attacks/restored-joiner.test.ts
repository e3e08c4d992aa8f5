import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, readers, readersAtHome } from "../support/fixtures.ts";

test("disabled, deleted two weeks later, and hired again when the target's bin has let go of her account: she gets in, though a replica did not know her yet", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const event = () => world.deliver(eventAbout(ana, world.now()));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const user = world.userOf(ana);
  world.source.users.set(ana, { ...user, enabled: false });
  await event();
  await pass(14 * hourMs);
  world.source.users.set(ana, "soft-deleted");
  await event();
  await pass(20 * hourMs);
  // Thirty days after its deletion the account is gone for good.
  world.contoso.accounts.clear();
  world.source.users.set(ana, user);
  // The worker of the source asks a replica that knows her; the worker of the target asks another one, once.
  let asked = 0;
  world.source.always("listMemberOf", async (go) => {
    asked += 1;
    if (asked === 1) throw graphFailure(404);
    return go();
  });
  await event();
  await pass(dayMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  expect(world.parked).toEqual([]);
});
