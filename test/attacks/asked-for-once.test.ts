import { expect, test } from "vitest";
import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { assigned, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  hourMs,
  minuteMs,
  reader,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

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
const halfRead = async () => ({ assignments: [], requests: [], isComplete: false, hasAllRequests: false });

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

test("a package that was denied is not asked for again when Graph has forgotten the request", async () => {
  const world = scene();
  world.contoso.packages.become("approval");
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.look();
  world.contoso.packages.purge();
  await world.look();
  expect(world.asks()).toBe(1);
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining("was denied")]);
});

test("and is asked for when the role is given anew", async () => {
  const world = scene();
  world.contoso.packages.become("approval");
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.look();
  world.contoso.packages.purge();
  await world.change(ana, readersAtHome, "out");
  await world.wait(dayMs);
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  expect(world.asks()).toBe(2);
});

test("a delivery that has failed, and of which no request is on show, is told of like any other", async () => {
  const world = scene();
  world.contoso.packages.become("fails");
  await world.change(ana, readersAtHome, "in");
  await world.wait(minuteMs);
  world.contoso.packages.purge();
  await world.wait(2 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining("is deliveryfailed")]);
});

test("a package that failed for good, came all the same and is taken by somebody else is given again", async () => {
  const world = scene();
  world.contoso.packages.become("fails");
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  // Nobody processes it again for a week.
  world.forgetScheduled();
  await world.wait(8 * dayMs);
  world.contoso.packages.become("at once");
  await world.change(ana, respondersAtHome, "in");
  await world.wait(hourMs);
  expect(world.parked.map(({ reason }) => reason)).toContainEqual(expect.stringContaining("does not get"));
  world.contoso.packages.finish();
  await world.change(ana, respondersAtHome, "out");
  await world.wait(hourMs);
  world.contoso.packages.revokeAll();
  await world.change(ana, respondersAtHome, "in");
  await world.wait(hourMs);
  const [account = ""] = [...world.contoso.accounts.keys()];
  const papers = papersOf(world.contoso.packages.papers(account), operator);
  expect(liveAssignment(papers)?.state).toBe("delivered");
});
