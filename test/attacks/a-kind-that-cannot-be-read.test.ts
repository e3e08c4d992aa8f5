import { describe, expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { assigned, eligibleFor, inGroup, smallPolicy, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { person } from "../support/crowd.ts";
import {
  ana,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readers,
  readersAtHome,
} from "../support/fixtures.ts";
import type { Policy } from "../../shared/policy/policy.ts";

const group = hunters.grant.group;
const pim = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances";
const noConsent = () => Promise.reject(graphFailure(403, { template: pim }));
const told = ({ parked }: SmallWorld) => parked.map(({ reason }) => reason);

const keepingAccounts = (policy: Policy): Policy => ({
  ...policy,
  leavers: { ...smallPolicy().leavers, deleteAfterMs: "never" },
});

/** Contoso gives nothing but this, to anybody. */
function onlyGiving(wish: ReturnType<typeof eligibleFor>): Policy {
  const policy = withGrants(reader, () => [wish]);
  return keepingAccounts({
    ...policy,
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.filter(({ role }) => role === reader),
    })),
  });
}

/*
 * A target that gives eligibility alone is read through one kind of grant. Its consent is gone (or PIM's licence): the account itself can
 * be read and blocked, and is not, because "unreadable" now means the whole tenant.
 */
describe("a leaver's account is blocked although what they have there cannot be read", () => {
  test.each([
    ["eligibility", eligibleFor(group), "readEligible", "endEligible"],
    ["packages", assigned("SOC Operator"), "readPapers", "unassign"],
    ["groups and eligibility", null, "readEligible", "endEligible"],
  ] as const)("where roles give %s", async (_, wish, read, write) => {
    const world = smallWorld();
    world.contoso.packages.define("4a000000-0000-4000-8000-000000000001", "SOC Operator");
    world.setPolicy(
      wish === null
        ? keepingAccounts(withGrants(reader, (given) => [...given, eligibleFor(group)]))
        : onlyGiving(wish),
    );
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    world.contoso.always(read, noConsent);
    world.contoso.always(write, noConsent);
    await world.change(ana, readersAtHome, "out");
    await world.wait(dayMs);
    expect([...world.contoso.accounts.values()].map(({ enabled }) => enabled)).toEqual([false]);
  });
});

const crowd = [2, 3, 4, 5].map((n) => person(n));

async function joinAll(world: SmallWorld) {
  for (const id of crowd) {
    world.addUser(id);
    world.source.members.get(readersAtHome)?.add(id);
    await world.deliver(eventAbout(id, world.now()));
  }
  await world.wait(hourMs);
}

describe("what hits everybody in the tenant alike is told once", () => {
  /** The group's settings in PIM do not allow a year: one sentence, and 200 people's worth of it. */
  test("the rules of a group in PIM", async () => {
    const world = smallWorld();
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group)]));
    const why = 'PIM does not do it: The following policy rules failed: ["ExpirationRule"]';
    const advice = "allow it in the group's settings in PIM";
    world.contoso.always("makeEligible", async () => ({ result: "not-yet", why, advice, trace: null }));
    await joinAll(world);
    expect(told(world)).toHaveLength(1);
  });

  test("a policy of a package that does not allow direct assignment", async () => {
    const world = smallWorld();
    world.contoso.packages.define("4a000000-0000-4000-8000-000000000001", "SOC Operator");
    world.setPolicy(withGrants(reader, (given) => [...given, assigned("SOC Operator")]));
    const why = "entitlement management does not do it: BadRequest: not in the scope of the policy";
    const advice = "let the assignment policy allow direct assignment to this person, or name another";
    world.contoso.always("assign", async () => ({ result: "not-yet", why, advice, trace: null }));
    await joinAll(world);
    expect(told(world)).toHaveLength(1);
  });

  /** A tenant without the licence answers 400 AadPremiumLicenseRequired to every read of PIM's. */
  test("a licence that is not there", async () => {
    const world = smallWorld();
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group)]));
    const failure = () =>
      Promise.reject(
        graphFailure(400, {
          code: "AadPremiumLicenseRequired",
          message: "The tenant needs an AAD Premium 2 license.",
          template: pim,
        }),
      );
    world.contoso.always("readEligible", failure);
    world.contoso.always("makeEligible", failure);
    await joinAll(world);
    expect(told(world).length).toBeLessThanOrEqual(2);
  });

  test("consent that is gone while they leave (control)", async () => {
    const world = smallWorld();
    world.setPolicy({
      ...keepingAccounts(withGrants(reader, (given) => [...given, eligibleFor(group)])),
      guardrails: { removals: { perRun: 50, share: 1 } },
    });
    await joinAll(world);
    world.contoso.always("readEligible", noConsent);
    world.contoso.always("endEligible", () =>
      Promise.reject(graphFailure(403, { method: "POST", template: pim })),
    );
    for (const id of crowd) world.source.members.get(readersAtHome)?.delete(id);
    for (const id of crowd) await world.deliver(eventAbout(id, world.now()));
    await world.wait(hourMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
    expect(told(world).length).toBeLessThanOrEqual(2);
    expect(world.leaveProofs().filter(({ target }) => target === "contoso")).toEqual([]);
    expect([...world.contoso.accounts.values()].map(({ enabled }) => enabled)).toEqual(
      crowd.map(() => false),
    );
  });
});

/** Two groups of which PIM refuses one: without its name nobody knows whose settings to change. */
test("people read which group it is that PIM does not give", async () => {
  const world = smallWorld();
  world.setPolicy(
    withGrants(reader, (given) => [...given, eligibleFor(group), inGroup(readers.grant.group)]),
  );
  const why = 'PIM does not do it: The following policy rules failed: ["ExpirationRule"]';
  const advice = "allow it in the group's settings in PIM";
  world.contoso.always("makeEligible", async () => ({ result: "not-yet", why, advice, trace: null }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(30 * minuteMs);
  expect(world.parked.map(({ reason, advice: what }) => `${reason} ${what}`)).toEqual([
    expect.stringContaining("group 03"),
  ]);
});
