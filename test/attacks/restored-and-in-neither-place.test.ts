import { expect, test } from "vitest";
import { withSourceGroup } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, lighthouse, readersAtHome } from "../support/fixtures.ts";

// Offboarding takes Ana out of the role group and deletes her user in the same minute, so the membership goes to the recycle bin with
// her. Days later she is restored: one replica does not have her among the users yet, another not among the deleted any more.
test("whoever is restored without a role is taken out of the source group, also when the first read finds them nowhere", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withSourceGroup(lighthouse));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const user = world.userOf(ana);
  // The look finds her without a role; when the call to take her out arrives, she is deleted.
  world.source.next("revoke", (call) => {
    world.source.users.set(ana, "soft-deleted");
    return call();
  });
  await world.change(ana, readersAtHome, "out");
  await world.deliver(eventAbout(ana, world.now()));
  await pass(9 * dayMs);
  expect(world.source.members.get(lighthouse)?.has(ana)).toBe(true);
  world.source.users.set(ana, user);
  world.source.next("readOwn", async () => ({ kind: "none" }));
  await world.deliver(eventAbout(ana, world.now()));
  await pass(dayMs);
  expect(world.source.members.get(lighthouse)?.has(ana)).toBe(false);
});
