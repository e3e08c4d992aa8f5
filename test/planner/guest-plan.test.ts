import { describe, expect, test } from "vitest";
import { assignmentPolicyIdSchema, packageIdSchema } from "../../shared/model/ids.ts";
import type { Sight } from "../../shared/model/sight.ts";
import { planAccess } from "../../shared/planner/access-plan.ts";
import type { Invitation } from "../../shared/planner/invitation.ts";
import {
  accessSituation,
  accountIn,
  entry,
  longAgo,
  noAccount,
  now,
  remembered,
} from "../support/fixtures.ts";

const packageOf = (number: number) => ({
  grant: {
    kind: "package",
    package: packageIdSchema.parse(`4a000000-0000-4000-8000-00000000000${number}`),
    policy: assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001"),
    expires: null,
    renew: false,
  } as const,
  name: `Package ${number}`,
});
const [operator, room] = [packageOf(1), packageOf(2)];
const others: Sight = { seen: "present", by: "others" };

const invitation = (changes: Partial<Invitation> = {}): Invitation => ({
  mail: "ana@source.example",
  asked: null,
  unseenSince: null,
  ends: { kind: "unasked" },
  ...changes,
});

const askedFor = (
  named: typeof operator,
  sight: Sight,
  refused: readonly (typeof operator)[] = [],
): Invitation["asked"] => ({ ...named, sight, entry: entry("added", longAgo), refused });

const owning = (named: typeof operator, at = longAgo) => ({
  ...named,
  entry: entry("added", at),
  unwantedSince: null,
  writable: "yes" as const,
  heir: "none" as const,
});

type Changes = Parameters<typeof accessSituation>[0];
/** Nobody is anybody in the target yet. */
const nobody = { account: null, grants: [] };
const plan = (changes: Changes) =>
  planAccess(
    accessSituation({ accounts: "invited", account: noAccount, scope: null, owned: nobody, ...changes }),
  );

describe("what somebody else has assigned at the address", () => {
  test("proves nothing of the account, and is looked at ever more rarely", () => {
    const asked = invitation({ asked: askedFor(operator, others) });
    const { plan: planned, bookkeeping, lookAgainAt } = plan({ wanted: [operator], invitation: asked });
    expect(planned.steps).toEqual([]);
    expect(planned.notes).toContainEqual(expect.objectContaining({ kind: "on-its-way", way: "in" }));
    expect(lookAgainAt).toBe(now + 5 * 60_000);
    expect(bookkeeping.invitation).toBe("same");
  });

  test("keeps nobody from being invited with another package", () => {
    const asked = invitation({ asked: askedFor(operator, others) });
    const { plan: planned, bookkeeping } = plan({ wanted: [operator, room], invitation: asked });
    expect(planned.steps).toMatchObject([{ kind: "invite", grant: room.grant }]);
    expect(bookkeeping.invitation).toEqual({ refused: expect.stringContaining("somebody else") });
  });

  test("is not asked for in turn with another package of which that is true as well", () => {
    const asked = invitation({ asked: askedFor(room, others, [operator]) });
    expect(plan({ wanted: [operator, room], invitation: asked }).plan.steps).toEqual([]);
  });
});

test("what is asked for and not wanted any more is waited for, and people hear of it: forgotten, it would be nobody's to take", () => {
  const waits: Sight = { seen: "coming", detail: "request 1 waits for approval", patient: "yes" };
  const asked = invitation({ asked: askedFor(operator, waits) });
  const { steps, notes } = plan({ wanted: [room], invitation: asked }).plan;
  expect(steps).toEqual([]);
  expect(notes).toContainEqual(
    expect.objectContaining({ kind: "on-its-way", name: operator.name, way: "out", overdue: "yes" }),
  );
});

describe("an account that was theirs and is on show nowhere", () => {
  const unseen = (unseenSince: number | null) =>
    plan({
      wanted: [operator],
      invitation: invitation({ unseenSince }),
      owned: { account: remembered(), grants: [] },
    }).plan.steps;

  test("is not asked for anew as long as a replica may be behind", () => {
    expect(unseen(null)).toEqual([]);
    expect(unseen(now - 60_000)).toEqual([]);
  });

  test("is gone after that, and they are invited", () => {
    expect(unseen(now - 150_000)).toMatchObject([{ kind: "invite" }]);
  });
});

describe("an account in the recycle bin", () => {
  const binned = (deleted: "expected" | "intended" | "by-others" | "no", sight: Sight) => {
    const account = remembered({ deleted });
    return plan({
      wanted: [operator],
      invitation: invitation(),
      account: { kind: "soft-deleted", id: account.accountId, seen: () => sight },
      owned: { account, grants: [owning(operator)] },
    }).plan.steps;
  };
  const absent: Sight = { seen: "absent" };

  test.each(["expected", "intended"] as const)("is restored when its end was %s", (deleted) => {
    expect(binned(deleted, absent)).toMatchObject([{ kind: "restore-account" }]);
  });

  test.each(["no", "by-others"] as const)(
    "stays there when its end was not Muster's doing (%s)",
    (deleted) => {
      expect(binned(deleted, absent)).toEqual([]);
    },
  );

  test("stays there when every package has run its time", () => {
    expect(binned("expected", { seen: "lapsed", at: now - 1_000 })).toEqual([]);
  });
});

describe("a guest who is blocked, and whose end was to come", () => {
  const stepsWith = (sight: Sight) =>
    plan({
      wanted: [operator],
      invitation: invitation(),
      account: { ...accountIn([]), enabled: false, seen: () => sight },
      owned: { account: remembered({ deleted: "expected" }), grants: [owning(operator)] },
    }).plan.steps.map(({ kind }) => kind);

  test("is let in with a package", () => {
    expect(stepsWith({ seen: "present" })).toEqual(["unblock-account"]);
  });

  test("is not let in while it waits for an approver: who is denied it would stay enabled with nothing", () => {
    expect(stepsWith({ seen: "coming" })).toEqual([]);
  });
});

describe("a package that somebody else is seen to have asked for, and Muster as well", () => {
  const plansFor = (at: number) =>
    plan({
      wanted: [],
      leaving: "no-role",
      invitation: invitation(),
      account: { ...accountIn([]), seen: () => others },
      owned: { account: remembered({ proof: "assignment" }), grants: [owning(operator, at)] },
    });

  test("stays on record as long as a replica may not show Muster's own request, and nothing is proven", () => {
    const { plan: planned, bookkeeping } = plansFor(now - 30_000);
    expect(bookkeeping.ledger).toEqual([]);
    expect(planned.steps).toEqual([]);
    expect(planned.notes).toContainEqual({ kind: "unsure", name: operator.name });
  });

  test("is theirs after that", () => {
    expect(plansFor(longAgo).bookkeeping.ledger).toMatchObject([{ change: "drop" }]);
  });
});
