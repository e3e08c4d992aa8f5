import { describe, expect, test } from "vitest";
import type { Scope } from "../../shared/model/grant.ts";
import {
  appRoleIdSchema,
  assignmentPolicyIdSchema,
  packageIdSchema,
  servicePrincipalIdSchema,
} from "../../shared/model/ids.ts";
import type { Sight } from "../../shared/model/sight.ts";
import { planAccess } from "../../shared/planner/access-plan.ts";
import type { AccessSituation } from "../../shared/planner/access-situation.ts";
import {
  accessSituation,
  dayMs,
  entry,
  hourMs,
  justNow,
  leaverSituation,
  longAgo,
  minuteMs,
  noAccount,
  now,
  recycled,
  syncScope,
} from "../support/fixtures.ts";

/** A scope that is an access package of the source: it is asked for, and may take its time. */
const access: Scope = {
  kind: "package",
  package: packageIdSchema.parse("7a000000-0000-4000-8000-000000000001"),
  policy: assignmentPolicyIdSchema.parse("7b000000-0000-4000-8000-000000000001"),
  expires: null,
  renew: false,
};
const seenAs = (sight: Sight, scope: Scope = access) =>
  ({ ...sight, scope, name: "Access to Contoso", heir: "none" }) as const;

const monthAgo = now - 30 * dayMs;
const nobody = { grants: [], account: null, scope: undefined };
const joiner = (changes: Partial<AccessSituation>, owned: Partial<AccessSituation["owned"]> = {}) =>
  planAccess({ ...accessSituation({ account: noAccount, owned: { ...nobody, ...owned } }), ...changes });
const kinds = ({ plan }: ReturnType<typeof planAccess>) => plan.steps.map(({ kind }) => kind);

describe("a joiner whose scope is a package", () => {
  test("is assigned it, and sync is not asked for an account before it is there", () => {
    expect(kinds(joiner({ scope: seenAs({ seen: "absent" }) }))).toEqual(["join-scope"]);
  });

  test.each(["coming", "failed"] as const)("waits for what is %s, and sync is not asked", (seen) => {
    const scope = seenAs({
      seen,
      detail: "request 12ab waits for approval",
      patient: "yes",
      since: now - hourMs,
    });
    const decision = joiner({ scope }, { scope: entry("added", justNow) });
    expect(kinds(decision)).toEqual([]);
    expect(decision.plan.notes).toContainEqual(
      expect.objectContaining({ kind: "on-its-way", way: "in", overdue: "no", in: "source" }),
    );
    expect(decision.lookAgainAt).toBeGreaterThan(now);
  });

  test("is told of when it was denied, and not asked for again", () => {
    const scope = seenAs({ seen: "stuck", detail: "request 12ab was denied", at: now });
    const { plan } = joiner({ scope }, { scope: entry("added", justNow) });
    expect(plan.steps).toEqual([]);
    expect(plan.notes).toContainEqual({
      kind: "stuck",
      name: "Access to Contoso",
      detail: "request 12ab was denied",
      in: "source",
    });
  });

  test("has an account asked for when it is there", () => {
    const owned = { scope: entry("added", longAgo) };
    expect(kinds(joiner({ scope: seenAs({ seen: "present", by: "muster" }) }, owned))).toEqual(["provision"]);
  });

  test("does not claim what somebody else has asked for", () => {
    const { plan, bookkeeping } = joiner({ scope: seenAs({ seen: "present", by: "others" }) });
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["provision"]);
    expect(bookkeeping.ledger).toEqual([]);
  });

  test("is not given it again when it has ended by its own rule, unless it is to be renewed", () => {
    const owned = { scope: entry("added", monthAgo) };
    const lapsed = { seen: "lapsed", at: now - dayMs } as const;
    const { plan } = joiner({ scope: seenAs(lapsed) }, owned);
    expect(plan.steps).toEqual([]);
    expect(plan.notes).toContainEqual({ kind: "lapsed", name: "Access to Contoso", in: "source" });
    expect(kinds(joiner({ scope: seenAs(lapsed, { ...access, renew: true }) }, owned))).toEqual([
      "join-scope",
    ]);
  });
});

describe("somebody who stays", () => {
  const stayer = (scope: NonNullable<AccessSituation["scope"]>, changes: Partial<AccessSituation> = {}) =>
    planAccess({ ...accessSituation(), scope, ...changes });

  test.each([
    [true, 2 * dayMs, ["renew-scope"]],
    [true, 20 * dayMs, []],
    [false, 2 * dayMs, []],
  ] as const)("with renew: %s has what ends in %i ms renewed in time", (renew, ms, steps) => {
    const scope = seenAs({ seen: "present", endsAt: now + ms, by: "muster" }, { ...access, renew });
    const owned = { ...accessSituation().owned, scope: entry("added", monthAgo) };
    expect(kinds(stayer(scope, { owned }))).toEqual(steps);
  });

  test("whose renewal was denied is told of, and where it is to be seen to", () => {
    const renewal = { state: "denied", detail: "request 12ab was denied" } as const;
    const scope = seenAs(
      { seen: "present", endsAt: now + dayMs, by: "muster", renewal },
      { ...access, renew: true },
    );
    const owned = { ...accessSituation().owned, scope: entry("added", monthAgo) };
    const { plan, lookAgainAt } = stayer(scope, { owned });
    expect(plan.notes).toContainEqual({
      kind: "stuck",
      name: "Access to Contoso",
      detail: "request 12ab was denied",
      in: "source",
    });
    expect(lookAgainAt).toBe(now + dayMs);
  });

  test.each([0, 10 * minuteMs, dayMs])(
    "whose package should have ended %i ms ago and is there still is not looked at all the time",
    (ms) => {
      const scope = seenAs({ seen: "present", endsAt: now - ms, by: "muster" });
      const owned = { ...accessSituation().owned, scope: entry("added", monthAgo) };
      const { lookAgainAt } = stayer(scope, { owned });
      expect(lookAgainAt).toBe(now + Math.max(10_000, Math.min(ms / 2, hourMs)));
    },
  );

  test("leaves the former scope when a whole cycle has passed since the new one was there, not since it was asked for", () => {
    const former = { ...syncScope, seen: "present", heir: "none", entry: entry("added", longAgo) } as const;
    const delivered = (at: number) =>
      kinds(stayer(seenAs({ seen: "present", by: "muster", at }), { formerScopes: [former] }));
    expect(delivered(now - 10 * minuteMs)).toEqual([]);
    expect(delivered(now - hourMs)).toEqual(["leave-scope"]);
  });

  test("keeps what is one and the same app role as the new scope, until they leave", () => {
    const former = {
      ...syncScope,
      seen: "present",
      heir: "none",
      entry: entry("added", longAgo),
      shared: "yes",
    } as const;
    const scope = seenAs({ seen: "present", by: "muster", at: longAgo });
    expect(kinds(stayer(scope, { formerScopes: [former] }))).toEqual([]);
    const left = planAccess({
      ...leaverSituation({ account: recycled }),
      scope: { ...scope },
      formerScopes: [former],
    });
    expect(kinds(left).filter((kind) => kind === "leave-scope")).toHaveLength(2);
  });

  describe("one and the same app role that the former scope gives as well", () => {
    const inBoth = (sight: Sight, state: "added" | "removed", at: number) =>
      stayer(seenAs({ seen: "present", by: "others", at: longAgo }), {
        formerScopes: [{ ...seenAs(sight), heir: "none", entry: entry(state, at), shared: "yes" }],
      });

    test("is not believed while the former one is being taken away", () => {
      const { plan, lookAgainAt } = inBoth(
        { seen: "going", since: justNow, by: "muster" },
        "removed",
        justNow,
      );
      expect(plan.notes).toContainEqual(expect.objectContaining({ kind: "on-its-way", way: "out" }));
      expect(lookAgainAt).toBeLessThanOrEqual(now + minuteMs);
    });

    test("is not believed as long as a replica may not show yet that it is", () => {
      const { plan, lookAgainAt } = inBoth({ seen: "present", by: "muster" }, "removed", justNow);
      expect(plan.notes).toContainEqual(expect.objectContaining({ kind: "unsure" }));
      expect(lookAgainAt).toBeLessThan(now + hourMs);
    });

    test("is not believed while the lists that would tell of it do not agree, however long that takes", () => {
      const { plan, lookAgainAt } = inBoth({ seen: "unknown", by: "muster" }, "removed", longAgo);
      expect(plan.notes).toContainEqual(expect.objectContaining({ kind: "unsure" }));
      expect(lookAgainAt).toBeLessThan(now + hourMs);
    });

    test("is waited for where a package that stayed is to give anew what Muster took away beside it", () => {
      const role = {
        kind: "appRole",
        servicePrincipal: servicePrincipalIdSchema.parse("66666666-6666-4666-8666-666666666666"),
        role: appRoleIdSchema.parse("9d000000-0000-4000-8000-000000000001"),
      } as const;
      const former = {
        ...seenAs({ seen: "absent" }, role),
        heir: "none",
        entry: entry("removed", justNow),
      } as const;
      const { plan, lookAgainAt } = stayer(seenAs({ seen: "present", by: "muster" }), {
        formerScopes: [{ ...former, shared: "yes" }],
      });
      expect(plan.notes).toContainEqual(expect.objectContaining({ kind: "on-its-way", way: "in" }));
      expect(lookAgainAt).toBeLessThanOrEqual(now + minuteMs);
    });

    test("is believed when nobody takes it away", () => {
      for (const [state, at] of [
        ["added", justNow],
        ["removed", longAgo],
      ] as const) {
        const { plan } = inBoth({ seen: "present", by: "muster" }, state, at);
        expect(plan.notes.filter(({ kind }) => kind === "unsure" || kind === "on-its-way")).toEqual([]);
      }
    });
  });
});

test("whoever is in the scope group through another group only is put into it, and it is said", () => {
  const { plan } = joiner({ scope: { ...syncScope, seen: "absent", heir: "none", nested: "yes" } });
  expect(plan.steps.map(({ kind }) => kind)).toEqual(["join-scope", "provision"]);
  expect(plan.notes).toContainEqual({ kind: "scope-nested", name: syncScope.name });
});

describe("a leaver whose scope is a package", () => {
  const leaver = (sight: Sight, at: number) =>
    planAccess({
      ...leaverSituation({ account: noAccount, owned: { ...nobody, scope: entry("added", at) } }),
      scope: seenAs(sight),
    });

  test("is told of at once while somebody may still approve it", () => {
    const { plan } = leaver(
      { seen: "coming", detail: "request 12ab waits for approval", patient: "yes", since: now, by: "muster" },
      justNow,
    );
    expect(plan.steps).toEqual([]);
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ kind: "on-its-way", way: "out", overdue: "yes", in: "source" }),
    );
  });

  test("is taken out of it, also when their user is in the recycle bin", () => {
    expect(kinds(leaver({ seen: "present", by: "muster" }, longAgo))).toContain("leave-scope");
  });
});
