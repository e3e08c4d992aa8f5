import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, readersAtHome } from "../support/fixtures.ts";

test("accounts of leavers are deleted after thirty days: that she is blocked, out of scope and without grants is proven on the day she leaves", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: false }]);
  expect(world.leaveProofs()).toHaveLength(1);
});
