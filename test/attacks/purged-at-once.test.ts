import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, readersAtHome } from "../support/fixtures.ts";

test("a script disables, deletes and purges somebody within a minute: it is proven that she is out, and nobody looks every ten seconds for ever", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const event = () => world.deliver(eventAbout(ana, world.now()));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const user = world.userOf(ana);
  world.source.users.set(ana, { ...user, enabled: false });
  await event();
  await world.wait(2_000);
  // Deleted, and purged a moment later: nobody saw her in the recycle bin.
  world.source.users.delete(ana);
  for (const members of world.source.members.values()) members.delete(ana);
  await event();
  await pass(dayMs);
  let looks = 0;
  world.contoso.always("readAccount", async (go) => {
    looks += 1;
    return go();
  });
  await pass(dayMs);
  const proofs = world.leaveProofs();
  expect({ isProven: proofs.length > 0, looks }).toEqual({ isProven: true, looks: 0 });
});
