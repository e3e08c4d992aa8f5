import { expect, test } from "vitest";
import { withNamesSwapped } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import {
  ana,
  contosoTenant,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
} from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test("two roles change their names in one edit: nobody gets or loses anything, not even for a moment", async () => {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.writes.length = 0;
  world.setPolicy(withNamesSwapped());
  // The target is looked at before the analyst is.
  const key = { kind: "access", tenant: contosoTenant, analyst: ana } as const;
  await world.deliver({ key, cause: "test", heardAt: world.now(), occasion: "event", version: null });
  await world.wait(10 * minuteMs);
  await withCatchUp(world)(2 * hourMs);
  expect(world.contoso.writes).toEqual([]);
  expect([readers, responders].map(({ grant }) => world.contoso.members.get(grant.group)?.size)).toEqual([
    1, 0,
  ]);
});
