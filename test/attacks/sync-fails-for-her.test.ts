import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { unnamed } from "../support/unnamed-account.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/world.ts";

test("nobody has found her account when she leaves; cycles of sync begin as they should, and each fails for her alone: nobody says that she is out while it is enabled", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  unnamed(world);
  await world.change(ana, readersAtHome, "in");
  await pass(20 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  for (let cycles = 0; cycles < 6; cycles += 1) {
    await pass(40 * minuteMs);
    world.provisioner.cycleBegan = world.now();
  }
  await pass(dayMs - 4 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: true }]);
  expect(world.leaveProofs()).toEqual([]);
});
