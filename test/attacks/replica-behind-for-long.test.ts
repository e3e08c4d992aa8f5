import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/world.ts";

test("blocked for ten minutes, and back: one of the target's replicas still shows her account enabled, and she can work all the same", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  world.contoso.next("readAccount", async (go) => {
    const read = (await go()) as { account: object };
    return { ...read, account: { ...read.account, enabled: true } };
  });
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: true }]);
});
