import { type GroupFacts, type GroupMembership, whyUnwritable } from "../../shared/model/group.ts";
import { describe, expect, test } from "vitest";
import type { Leaving } from "../../shared/model/analyst.ts";
import { grantKey } from "../../shared/model/grant.ts";
import { removesAccess, type Step, type StepKind } from "../../shared/model/plan.ts";
import { checkPlan, checks, type CheckFacts } from "../../shared/planner/checks.ts";
import {
  ana,
  anasAccount,
  bensAccount,
  facts,
  groupId,
  planOf,
  oneOfEach,
  readers,
  responders,
  syncScope,
} from "../support/fixtures.ts";

const everyStep: readonly Step[] = Object.values(oneOfEach);
const removing = ["revoke-sessions", "leave-scope", "block-account", "delete-account", "revoke"];
const full = planOf({ steps: everyStep });

const kept = (plan: ReturnType<typeof checkPlan>) => plan.steps.map(({ kind }) => kind);
const withheldBy = (check: string, plan: ReturnType<typeof checkPlan>) =>
  plan.withheld.filter((one) => one.check === check).map(({ step }) => step.kind);
const without = (...kinds: readonly string[]) =>
  everyStep.map(({ kind }) => kind).filter((kind) => !kinds.includes(kind));

test("the steps that remove are known by name", () => {
  expect(everyStep.filter(removesAccess).map(({ kind }) => kind)).toEqual(removing);
});

describe("with nothing to object to", () => {
  test("the checks leave the plan as it is", () => {
    expect(checkPlan(full, facts())).toEqual(full);
  });

  test("what was withheld before stays withheld", () => {
    const earlier = { step: oneOfEach.grant, check: "earlier", reason: "because", advice: "wait" };
    const plan = checkPlan(planOf({ steps: everyStep, withheld: [earlier] }), facts({ mode: "observe" }));
    expect(plan.withheld[0]).toEqual(earlier);
    expect(plan.withheld).toHaveLength(everyStep.length + 1);
  });
});

describe("protected", () => {
  test("an analyst in the list is not written, by no step whatsoever", () => {
    const plan = checkPlan(full, facts({ protected: new Set([ana]) }));
    expect(kept(plan)).toEqual([]);
    expect(withheldBy("protected", plan)).toEqual(everyStep.map(({ kind }) => kind));
  });

  test("an account in the list is not written by a step that names it", () => {
    const plan = checkPlan(full, facts({ protected: new Set([anasAccount]) }));
    expect(plan.steps.filter((step) => "account" in step)).toEqual([]);
    const named = everyStep.filter((step) => "account" in step).map(({ kind }) => kind);
    expect(withheldBy("protected", plan)).toEqual(expect.arrayContaining(named));
  });

  test("somebody else in the list is nothing to Ana", () => {
    expect(checkPlan(full, facts({ protected: new Set([bensAccount]) }))).toEqual(full);
  });
});

describe("ownership", () => {
  test.each<[StepKind, Partial<CheckFacts>]>([
    ["revoke", { ownedGrants: new Set([grantKey(responders.grant)]) }],
    ["leave-scope", { ownedScopes: new Set<string>() }],
    ["block-account", { ownsAccount: "no" }],
    ["delete-account", { ownsAccount: "no" }],
  ])("a %s of something that is not Muster's is withheld, and nothing else is", (kind, change) => {
    const plan = checkPlan(planOf({ steps: [oneOfEach[kind], oneOfEach.grant] }), facts(change));
    expect(kept(plan)).toEqual(["grant"]);
    expect(withheldBy("ownership", plan)).toEqual([kind]);
  });

  test("without anything of Muster's, a plan cannot remove more than sessions", () => {
    const plan = checkPlan(
      full,
      facts({ ownedGrants: new Set(), ownedScopes: new Set<string>(), ownsAccount: "no" }),
    );
    expect(plan.steps.filter(removesAccess).map(({ kind }) => kind)).toEqual(["revoke-sessions"]);
  });

  test("accounts: all makes scopes and accounts Muster's to end, but never a grant of others", () => {
    const nothing = {
      ownedGrants: new Set<string>(),
      ownedScopes: new Set<string>(),
      ownsAccount: "no",
    } as const;
    const plan = checkPlan(full, facts({ ...nothing, accounts: "all" }));
    expect(kept(plan)).toEqual(without("revoke"));
  });

  test("the same group in another ledger row is another grant", () => {
    const other: Step = { ...oneOfEach.revoke, grant: { kind: "group", group: groupId(77) } };
    expect(kept(checkPlan(planOf({ steps: [other] }), facts()))).toEqual([]);
  });
});

const theirs = { id: readers.grant.group, displayName: readers.name };
const theScope = { id: syncScope.scope.group, displayName: syncScope.name };

/** What the checks are told of a group that takes members in this way. */
function locked(group: Omit<GroupFacts, "membership">, membership: GroupMembership) {
  const why = whyUnwritable({ ...group, membership });
  return why === null ? [] : [[grantKey({ kind: "group", group: group.id }), why] as const];
}

describe("writable", () => {
  const unwritable: readonly GroupMembership[] = [
    "dynamic",
    "role-assignable",
    "on-premises",
    "mail-enabled",
    "unreadable",
  ];
  const groups = [theirs, theScope];

  test.each(unwritable)("no member is written to or taken from a group that is %s", (membership) => {
    const plan = checkPlan(
      full,
      facts({ unwritable: new Map(groups.flatMap((group) => locked(group, membership))) }),
    );
    expect(kept(plan)).toEqual(
      without("join-scope", "renew-scope", "leave-scope", "grant", "renew", "revoke", "provision", "invite"),
    );
    expect(withheldBy("writable", plan)).toHaveLength(8);
    expect(plan.withheld.every(({ reason }) => /"(SOC Readers|Sync to Contoso)"/.test(reason))).toBe(true);
  });

  test("each kind of group has its own reason and advice", () => {
    const words = unwritable.map((membership) => {
      const plan = checkPlan(
        planOf({ steps: [oneOfEach.grant] }),
        facts({
          unwritable: new Map(locked(theirs, membership)),
        }),
      );
      return [plan.withheld[0]?.reason, plan.withheld[0]?.advice];
    });
    expect(new Set(words.map(([reason]) => reason)).size).toBe(unwritable.length);
    expect(new Set(words.map(([, advice]) => advice)).size).toBe(unwritable.length);
  });

  test("a group nobody knows anything about is taken as assigned", () => {
    expect(kept(checkPlan(full, facts({ unwritable: new Map() })))).toContain("grant");
  });

  test("whom nobody puts into scope nobody asks sync to provision", () => {
    const unwritable = new Map(locked(theScope, "dynamic"));
    const joiner = planOf({ steps: [oneOfEach["join-scope"], oneOfEach.provision] });
    expect(withheldBy("writable", checkPlan(joiner, facts({ unwritable })))).toEqual([
      "join-scope",
      "provision",
    ]);
    const inScope = planOf({ steps: [oneOfEach.provision] });
    expect(kept(checkPlan(inScope, facts({ unwritable })))).toEqual(["provision"]);
  });

  test("an assigned group is written", () => {
    const unwritable = new Map(groups.flatMap((group) => locked(group, "assigned")));
    expect(checkPlan(full, facts({ unwritable }))).toEqual(full);
  });
});

describe("budget", () => {
  const revokes = (count: number): readonly Step[] =>
    Array.from({ length: count }, (_, index) => ({
      ...oneOfEach.revoke,
      grant: { kind: "group", group: groupId(index + 1) },
    }));
  const owned = (count: number) =>
    new Set(revokes(count).flatMap((step) => ("grant" in step ? [grantKey(step.grant)] : [])));
  const checked = (count: number, leaving: Leaving | null) =>
    checkPlan(
      planOf({
        purpose: leaving === null ? "join" : "leave",
        leaving,
        steps: [oneOfEach.grant, ...revokes(count)],
      }),
      facts({ removalsPerRun: 3, ownedGrants: owned(count) }),
    );

  test("as many revokes as the policy allows are made", () => {
    expect(checked(3, null).withheld).toEqual([]);
  });

  test("one more, and none of them is made; what is added is added all the same", () => {
    const plan = checked(4, null);
    expect(kept(plan)).toEqual(["grant"]);
    expect(withheldBy("budget", plan)).toHaveLength(4);
    expect(plan.withheld[0]?.reason).toContain("4 grants");
  });

  test("a leaver loses everything at once", () => {
    expect(checked(40, "disabled").withheld).toEqual([]);
  });

  test("what another check withheld already does not count", () => {
    const unwritable = new Map(locked({ id: groupId(1), displayName: "group 01" }, "dynamic"));
    const plan = checkPlan(
      planOf({ steps: revokes(4) }),
      facts({ removalsPerRun: 3, ownedGrants: owned(4), unwritable }),
    );
    expect(kept(plan)).toEqual(["revoke", "revoke", "revoke"]);
    expect(withheldBy("budget", plan)).toEqual([]);
  });
});

describe("mode", () => {
  test("observe leaves no step", () => {
    const plan = checkPlan(full, facts({ mode: "observe" }));
    expect(kept(plan)).toEqual([]);
    expect(withheldBy("mode", plan)).toEqual(everyStep.map(({ kind }) => kind));
  });

  test("add-only leaves everything but what removes", () => {
    const plan = checkPlan(full, facts({ mode: "add-only" }));
    expect(kept(plan)).toEqual(without(...removing));
    expect(withheldBy("mode", plan)).toEqual(removing);
  });

  test("a leaver is no exception in either", () => {
    const leaver = planOf({ purpose: "leave", leaving: "disabled", steps: everyStep });
    expect(checkPlan(leaver, facts({ mode: "add-only" })).steps.filter(removesAccess)).toEqual([]);
    expect(checkPlan(leaver, facts({ mode: "observe" })).steps).toEqual([]);
  });
});

describe("the list of checks", () => {
  test("is known by name", () => {
    expect(checks.map(({ name }) => name)).toEqual(["protected", "ownership", "writable", "budget", "mode"]);
  });

  test("says of every step it withholds what was wrong and what to do, each in other words", () => {
    const objections = [
      facts({ protected: new Set([ana]) }),
      facts({ ownedGrants: new Set() }),
      facts({ unwritable: new Map(locked(theirs, "dynamic")) }),
      facts({ removalsPerRun: 0 }),
      facts({ mode: "add-only" }),
      facts({ mode: "observe" }),
    ].map((one) => checkPlan(planOf({ steps: [oneOfEach.revoke] }), one).withheld[0]);
    expect(objections.map((one) => one?.check)).toEqual([
      "protected",
      "ownership",
      "writable",
      "budget",
      "mode",
      "mode",
    ]);
    expect(new Set(objections.map((one) => one?.reason)).size).toBe(objections.length);
    expect(new Set(objections.map((one) => one?.advice)).size).toBe(objections.length);
  });
});
