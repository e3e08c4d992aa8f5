import { expect, test } from "vitest";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { assigned, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, reader, readersAtHome } from "../support/fixtures.ts";

const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");

/** Readers are assigned a package. */
function scene(terms: Parameters<typeof assigned>[1] = {}) {
  const world = smallWorld();
  const { packages } = world.contoso;
  packages.define(operator, "SOC Operator");
  const policy = withGrants(reader, (given) => [...given, assigned("SOC Operator", terms)]);
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs: "never" } });
  return {
    ...world,
    asks: () => world.contoso.writes.filter((one) => one.startsWith("assign")).length,
    look: async () => {
      await world.deliver(eventAbout(ana, world.now()));
      await world.wait(hourMs);
    },
  };
}

/** Nothing of the papers but what a first page happened to hold. */
const halfRead = async () => ({ assignments: [], requests: [], isComplete: false });

test.each([
  ["can be read by half only", halfRead],
  ["cannot be read at all", () => Promise.reject(graphFailure(503))],
])("a package that was denied is not asked for again while the papers %s", async (_, inTheWay) => {
  const world = scene();
  world.contoso.packages.become("approval");
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.wait(dayMs);
  world.contoso.always("readPapers", inTheWay);
  await world.look();
  expect(world.asks()).toBe(1);
});

test("a leaver whose delivery does not end: people hear of it, with the request's id", async () => {
  const world = scene();
  world.contoso.packages.become("slow");
  await world.change(ana, readersAtHome, "in");
  await world.wait(5 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(2 * hourMs);
  expect(world.leaveProofs()).toEqual([]);
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining("request-1")]);
});
