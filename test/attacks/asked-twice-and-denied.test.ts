import { expect, test } from "vitest";
import type { Invitations } from "../../shared/graph/invitations.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { pullScene } from "../support/pull-scene.ts";
import { assigned, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, reader, readersAtHome } from "../support/fixtures.ts";

/*
 * A request waits for approval while replicas do not show it for a quarter of an hour: Muster asks again, and hears that it has asked
 * already. What is denied then is that request, although it is older than Muster's last word: approvers are not asked a second time.
 */
const behindMs = 15 * minuteMs;
const asItIs = <T>(answer: () => T): T => answer();

const nothingShows: Invitations = { account: null, seen: () => ({ seen: "absent" }) };

test("an invitation that was asked for twice, and denied, is not asked for again", async () => {
  const world = pullScene();
  const { packages } = world.contoso;
  packages.become("approval");
  world.contoso.always("readInvitations", async () => nothingShows);
  await world.join();
  await world.wait(behindMs);
  expect(world.invites().length).toBeGreaterThan(1);
  packages.decide("denied");
  world.contoso.always("readInvitations", asItIs);
  await world.wait(3 * dayMs);
  expect(packages.requestsMade()).toBe(1);
  expect(world.told()).toEqual([expect.stringContaining("was denied")]);
});

test("a package that was asked for twice, and denied, is not asked for again", async () => {
  const world = smallWorld();
  const { packages } = world.contoso;
  const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");
  packages.define(operator, "SOC Operator");
  world.setPolicy(withGrants(reader, (given) => [...given, assigned("SOC Operator")]));
  packages.become("approval");
  world.contoso.always("readPapers", async () => ({
    assignments: [],
    requests: [],
    isComplete: true,
    hasAllRequests: true,
  }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(behindMs);
  expect(world.contoso.writes.filter((one) => one.startsWith("assign")).length).toBeGreaterThan(1);
  packages.decide("denied");
  world.contoso.always("readPapers", asItIs);
  await world.wait(hourMs);
  await world.wait(3 * dayMs);
  expect(packages.requestsMade()).toBe(1);
});
