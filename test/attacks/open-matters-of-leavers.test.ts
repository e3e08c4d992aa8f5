import { describe, expect, test } from "vitest";
import type { NotYet } from "../../shared/graph/grants/kind.ts";
import {
  liveAssignment,
  papersOf,
  type Papers,
  type Request,
} from "../../shared/graph/grants/package-state.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { assigned, eligibleFor, smallPolicy, withGrants } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, hunters, reader, readersAtHome } from "../support/fixtures.ts";

const group = hunters.grant.group;
const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");

/** Readers have this besides their group; whoever leaves keeps a blocked account. */
function scene(...wishes: readonly ReturnType<typeof assigned>[]) {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.setPolicy({
    ...withGrants(reader, (given) => [...given, ...wishes]),
    leavers: { ...smallPolicy().leavers, deleteAfterMs: "never" },
  });
  return world;
}

const told = ({ parked }: SmallWorld) => parked.map(({ reason }) => reason);
const account = ({ contoso }: SmallWorld) => [...contoso.accounts.keys()][0] ?? "";

describe("people hear of a leaver", () => {
  /*
   * PIM refuses with PendingRoleAssignmentRequest while a request of the person's own waits for approval, an extension of their
   * eligibility or an activation: that takes days.
   */
  test("whose eligibility PIM does not end for hours, and PIM is not asked every ten seconds", async () => {
    const world = scene(eligibleFor(group));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    let asked = 0;
    world.contoso.always("endEligible", async (): Promise<NotYet> => {
      asked += 1;
      return {
        result: "not-yet",
        appliedBefore: "no",
        why: "there is a pending request",
        advice: null,
        trace: null,
      };
    });
    await world.change(ana, readersAtHome, "out");
    await world.wait(dayMs);
    expect(world.contoso.eligible.get(group)?.has(account(world))).toBe(true);
    expect.soft(told(world)).not.toEqual([]);
    expect(asked).toBeLessThan(300);
  });

  /** A delivery may hang for good: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/2664 */
  test("whose package is still being delivered when the patience is over, and its papers are not read every ten seconds", async () => {
    const world = scene(assigned("SOC Operator"));
    world.contoso.packages.become("slow");
    await world.change(ana, readersAtHome, "in");
    await world.wait(5 * 60_000);
    world.contoso.always("unassign", async (): Promise<NotYet> => {
      asked += 1;
      // What the product says of a request that is being delivered.
      const why =
        "request request-1 for an access package is delivering, and no application can take it back";
      return { result: "not-yet", appliedBefore: "no", why, advice: null, trace: null };
    });
    let asked = 0;
    await world.change(ana, readersAtHome, "out");
    await world.wait(dayMs);
    expect.soft(told(world)).toEqual([expect.stringContaining("request-1")]);
    expect(asked).toBeLessThan(300);
  });

  /** Somebody deleted the group in the package, for example: the request for the removal ends as `deliveryFailed`. */
  test("whose assignment cannot be taken away, and no request is made every fifteen seconds", async () => {
    const world = scene(assigned("SOC Operator"));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    const removals: Request[] = [];
    world.contoso.always("readPapers", async (go) => {
      const papers = (await go()) as Papers;
      return { ...papers, requests: [...papers.requests, ...removals] };
    });
    world.contoso.always("unassign", async () => {
      await Promise.resolve();
      removals.push({
        id: `removal-${removals.length + 1}`,
        requestType: "adminremove",
        state: "deliveryfailed",
        createdDateTime: new Date(world.now()).toISOString(),
        accessPackage: { id: operator },
      });
      return { result: "done", appliedBefore: "no", trace: null };
    });
    await world.change(ana, readersAtHome, "out");
    await world.wait(3 * hourMs);
    expect.soft(told(world)).not.toEqual([]);
    expect(removals.length).toBeLessThan(10);
  });
});

/*
 * The default: the account is deleted at once, or by sync. A request in entitlement management is another object, and outlives that; who
 * restores the account within thirty days finds it delivered.
 */
test("a leaver whose account is deleted is not proven out while their request for a package is open", async () => {
  const world = scene(assigned("SOC Operator"));
  const policy = world.policy();
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs: 0 } });
  world.contoso.packages.become("approval");
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(dayMs);
  expect([told(world).length, world.leaveProofs()]).toEqual([1, []]);
  world.contoso.packages.decide("delivered");
  await world.wait(dayMs);
  expect(liveAssignment(papersOf(world.contoso.packages.papers(account(world)), operator))).toBeUndefined();
  expect(world.leaveProofs().length).toBeGreaterThan(0);
});

/** Why the joiner is not known to PIM, only a person can find out: SubjectNotFound is "asked again", every ten seconds, without a word. */
test("people hear of a joiner whom PIM does not make eligible for a day, and PIM is asked less and less", async () => {
  const world = scene(eligibleFor(group));
  let asked = 0;
  world.contoso.always("makeEligible", async (): Promise<NotYet> => {
    asked += 1;
    return {
      result: "not-yet",
      appliedBefore: "no",
      why: "The subject is not found.",
      advice: null,
      trace: null,
    };
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  expect.soft(told(world)).not.toEqual([]);
  expect(asked).toBeLessThan(300);
});
