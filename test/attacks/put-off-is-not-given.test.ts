import { describe, expect, test } from "vitest";
import type { NotYet } from "../../shared/graph/grants/kind.ts";
import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { assignmentPolicyIdSchema, packageIdSchema } from "../../shared/model/ids.ts";
import { assigned, eligibleFor, smallPolicy, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  hourMs,
  hunters,
  reader,
  readersAtHome,
  responder,
  respondersAtHome,
} from "../support/fixtures.ts";

const group = hunters.grant.group;
const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");
const policy = assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001");
const kept = (given: ReturnType<typeof withGrants>) => ({
  ...given,
  leavers: { ...smallPolicy().leavers, deleteAfterMs: "never" } as const,
});

const refusal = (advice: string | null): NotYet => ({
  result: "not-yet",
  appliedBefore: "no",
  why: "no",
  advice,
  trace: null,
});

/*
 * A refusal says that nothing was given: PIM answers PendingRoleAssignmentRequest while an administrator's own request is carried out,
 * and a policy that does not allow the time refuses until an administrator gives it by hand. Muster's intent stays on record as
 * `adding`, so what the administrator gave is claimed as soon as it shows.
 */
describe("what was refused and is then given by somebody else is theirs", () => {
  test.each([
    ["until the policy allows it", "allow it in the group's settings"],
    ["for now", null],
  ])("eligibility, refused %s", async (_, advice) => {
    const world = smallWorld();
    world.setPolicy(kept(withGrants(reader, (given) => [...given, eligibleFor(group)])));
    world.contoso.always("makeEligible", async () => refusal(advice));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    const [account = ""] = [...world.contoso.accounts.keys()];
    world.contoso.eligible.get(group)?.set(account, undefined);
    await world.wait(dayMs);
    await world.change(ana, readersAtHome, "out");
    await world.wait(dayMs);
    expect(world.contoso.eligible.get(group)?.has(account)).toBe(true);
  });

  test("an access package", async () => {
    const world = smallWorld();
    world.contoso.packages.define(operator, "SOC Operator");
    world.setPolicy(kept(withGrants(reader, (given) => [...given, assigned("SOC Operator")])));
    const advice = "let the assignment policy allow direct assignment to this person, or name another";
    world.contoso.always("assign", async () => refusal(advice));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    const [account = ""] = [...world.contoso.accounts.keys()];
    const byHand = { kind: "package", package: operator, policy, expires: null, renew: false } as const;
    world.contoso.packages.give(byHand, account);
    await world.wait(dayMs);
    await world.change(ana, readersAtHome, "out");
    await world.wait(dayMs);
    expect(liveAssignment(papersOf(world.contoso.packages.papers(account), operator))?.state).toBe(
      "delivered",
    );
  });
});

/*
 * People are told that a request was denied, with the advice to give it to them by hand. Two papers tell whose it is: Muster's request
 * was denied, and another one was delivered.
 */
test("what was denied to Muster and is then assigned by hand, as people were advised to, stays when its holder leaves", async () => {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.setPolicy(kept(withGrants(reader, (given) => [...given, assigned("SOC Operator")])));
  world.contoso.packages.become("approval");
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.wait(dayMs);
  const [account = ""] = [...world.contoso.accounts.keys()];
  world.contoso.packages.become("at once");
  const byHand = { kind: "package", package: operator, policy, expires: null, renew: false } as const;
  world.contoso.packages.give(byHand, account);
  await world.wait(dayMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(dayMs);
  expect(liveAssignment(papersOf(world.contoso.packages.papers(account), operator))?.state).toBe("delivered");
});

/*
 * Its delivery failed more than a week ago, so the look says `stuck`, and what is stuck is asked for where Muster has no entry: but here
 * asking means to have somebody else's assignment processed again, and what comes of that is on record as Muster's.
 */
test("somebody else's assignment that has failed is left to them, and stays when its holder leaves", async () => {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.setPolicy(kept(withGrants(reader, (given) => given)));
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  const [account = ""] = [...world.contoso.accounts.keys()];
  world.contoso.packages.become("fails");
  const byHand = { kind: "package", package: operator, policy, expires: null, renew: false } as const;
  world.contoso.packages.give(byHand, account);
  await world.wait(8 * dayMs);
  world.contoso.packages.become("at once");
  world.setPolicy(kept(withGrants(responder, (given) => [...given, assigned("SOC Operator")])));
  await world.change(ana, respondersAtHome, "in");
  await world.wait(hourMs);
  expect(liveAssignment(papersOf(world.contoso.packages.papers(account), operator))?.state).toBe(
    "deliveryfailed",
  );
  // Whoever asked for it has it processed again.
  world.contoso.packages.give(byHand, account);
  await world.change(ana, respondersAtHome, "out");
  await world.wait(dayMs);
  expect(liveAssignment(papersOf(world.contoso.packages.papers(account), operator))?.state).toBe("delivered");
});
