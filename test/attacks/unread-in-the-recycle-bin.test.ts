import { expect, test } from "vitest";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { assigned, smallPolicy, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, reader, readersAtHome } from "../support/fixtures.ts";

const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");

/** Found by the referee: `npm run soak -- schedules --family packages --first 77 --count 1`. */
test("whose request still waits for approval when sync deletes their account is not proven out by a look that could not read it", async () => {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.contoso.packages.become("approval");
  world.setPolicy({
    ...withGrants(reader, (given) => [...given, assigned("SOC Operator")]),
    leavers: { ...smallPolicy().leavers, deleteAfterMs: "never" },
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.always("readPapers", () => Promise.reject(graphFailure(429)));
  await world.change(ana, readersAtHome, "out");
  await world.wait(minuteMs);
  world.contoso.recycleAll();
  await world.wait(2 * hourMs);
  expect(world.leaveProofs()).toEqual([]);
  world.contoso.always("readPapers", async (go) => go());
  await world.wait(dayMs);
  expect(world.leaveProofs()).toEqual([]);
  expect(world.parked.map(({ reason }) => reason).join("\n")).toContain("waits for approval");
  world.contoso.packages.decide("denied");
  await world.wait(dayMs);
  expect(world.leaveProofs()).toHaveLength(1);
});
