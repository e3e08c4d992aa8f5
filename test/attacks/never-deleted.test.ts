import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("accounts of leavers are never deleted, sync is paused, and one look at a replica that is behind shows hers nowhere: it is blocked, and stays", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: "never" } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  // Made ten minutes ago, and this replica is a quarter of an hour behind.
  world.contoso.next("readAccount", async () => ({ kind: "none" }));
  world.contoso.next("findByStamp", async () => ({ items: [], completeness: { kind: "complete" } }));
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs + dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: false }]);
});
