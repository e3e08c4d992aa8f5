import { describe, expect, test } from "vitest";
import type { Denial } from "../../shared/model/denial.ts";
import { grantKey } from "../../shared/model/grant.ts";
import { planAccess } from "../../shared/planner/access-plan.ts";
import {
  accessSituation,
  accountIn,
  hourMs,
  justNow,
  noAccount,
  now,
  oneOfEach,
  readers,
  responders,
} from "../support/fixtures.ts";

const denial: Denial = {
  id: "i1",
  review: { id: "d1", name: "Quarterly" },
  by: "Rita",
  decidedAt: now - hourMs,
  at: now - hourMs,
  why: "Left the team.",
};

/** Ana, a reader, of whom somebody has taken away what makes her one. */
function taken(said: Denial | "unknown" | null, changes: Parameters<typeof accessSituation>[0] = {}) {
  const denials = said === null ? [] : [[grantKey(readers.grant), said] as const];
  return planAccess(accessSituation({ account: accountIn([]), denials: new Map(denials), ...changes }));
}

const kinds = ({ plan }: ReturnType<typeof planAccess>) => [
  ...plan.steps.map(({ kind }) => kind),
  ...plan.notes.map(({ kind }) => kind),
];

describe("what an access review has denied since Muster gave it", () => {
  test.each(["restore", "respect", "hold"] as const)(
    "is not given again, and said to be denied, whatever is done of removals by others: %s",
    (onExternalRemoval) => {
      const decision = taken(denial, { onExternalRemoval });
      expect(decision.plan.steps).toEqual([]);
      expect(decision.plan.notes).toEqual([
        {
          kind: "denied-by-review",
          name: "SOC Readers",
          grant: grantKey(readers.grant),
          review: { id: "d1", name: "Quarterly" },
          by: "Rita",
          decided: "2026-11-20T11:00:00Z",
          since: "2026-11-20T11:00:00Z",
          why: "Left the team.",
        },
      ]);
      expect(decision.bookkeeping.ledger).toEqual([]);
    },
  );

  test("is given again where none was denied", () => {
    expect(kinds(taken(null))).toEqual(["grant"]);
  });

  test("is neither given nor forgotten while that cannot be read, and not said to be as it should be", () => {
    const decision = taken("unknown");
    expect(kinds(decision)).toEqual(["unsure"]);
    expect(decision.bookkeeping.ledger).toEqual([]);
  });

  test("keeps nobody from the rest", () => {
    const { plan } = taken(denial, { wanted: [readers, responders] });
    expect(plan.steps).toMatchObject([{ kind: "grant", name: "SOC Responders" }]);
  });

  test("is Muster's as before where it is there again", () => {
    expect(kinds(taken(denial, { account: accountIn([readers]) }))).toEqual([]);
  });

  test("is not given to an account that came to life lately, nor where the read broke off", () => {
    const owned = accessSituation().owned;
    const account = owned.account === null ? null : { ...owned.account, aliveAt: justNow };
    expect(kinds(taken(denial, { owned: { ...owned, account } }))).toEqual(["denied-by-review"]);
    const half = accountIn([], { listing: "partial" });
    expect(kinds(taken(denial, { account: half }))).toEqual(["denied-by-review"]);
  });

  test("is not given to another account of hers, of which nothing is on record", () => {
    const owned = { ...accessSituation().owned, grants: [] };
    expect(kinds(taken(denial, { owned }))).toEqual(["denied-by-review"]);
  });

  test("goes by Muster's own hand when she leaves, as everything does", () => {
    const { plan } = taken(denial, { wanted: [], leaving: "no-role" });
    expect(plan.steps.map(({ kind }) => kind)).toContain("revoke");
    expect(plan.notes.map(({ kind }) => kind)).not.toContain("denied-by-review");
  });

  test("invites nobody whose account is gone", () => {
    const invitation = {
      mail: "ana@source.example",
      asked: null,
      unseenSince: null,
      ends: { kind: "unasked" } as const,
    };
    const operator = { grant: oneOfEach.invite.grant, name: "SOC Operator" };
    const wanted = [operator];
    const owned = { ...accessSituation().owned, account: null, grants: [] };
    const guest = { accounts: "invited", account: noAccount, invitation, wanted, owned } as const;
    const invited = planAccess(accessSituation(guest));
    expect(invited.plan.steps).toMatchObject([{ kind: "invite" }]);
    const denials = new Map([[grantKey(operator.grant), denial]]);
    expect(kinds(planAccess(accessSituation({ ...guest, denials })))).toEqual([
      "denied-by-review",
      "waits-for-account",
    ]);
  });
});
