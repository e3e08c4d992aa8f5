import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, readersAtHome } from "../support/fixtures.ts";

test("for two hours the accounts with her stamp cannot be listed to the end, and none is seen: nobody is told to remove her stamp from others", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.contoso.always("findByStamp", async () => ({
    items: [],
    completeness: { kind: "partial", why: "the second page was 503" },
  }));
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  expect(world.parked.filter(({ reason }) => /carry the stamp/.test(reason))).toEqual([]);
});
