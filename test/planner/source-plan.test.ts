import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SourceUser } from "../../shared/model/analyst.ts";
import type { Loss } from "../../shared/planner/checks.ts";
import { replicationWindowMs } from "../../shared/planner/membership.ts";
import { planSource, type SourceDecision, type SourceSituation } from "../../shared/planner/source-plan.ts";
import {
  analystRecord,
  dayMs,
  justNow,
  longAgo,
  minuteMs,
  now,
  reader,
  responder,
  sourceSituation,
  stampsFor,
} from "../support/world.ts";

const kindsOf = ({ plan }: SourceDecision) => plan.steps.map(({ kind }) => kind);
const left = (changes = {}) =>
  analystRecord({ roles: [], leaving: "no-role", leftAt: longAgo, sessionsRevokedAt: longAgo, ...changes });

/** A loss that nothing is to be said against: one of twenty holders. */
const soundLoss: Loss = {
  roles: [reader],
  evidence: { kind: "sound" },
  groups: [{ role: reader, known: 20, missing: 1, listing: "complete" }],
  budget: { perRun: 5, share: 0.2 },
};

type Expectation = Pick<SourceDecision, "roles" | "leaving"> & {
  readonly steps: readonly string[];
  readonly verdict: SourceDecision["verdict"]["kind"];
};

const nothing = { leaving: null, steps: [], verdict: "settled" } as const;
const gone = { roles: [], verdict: "settled" } as const;

/** An example of every row of the table in the doc comment, by the row's first three cells. */
const examples: Readonly<Record<string, readonly (readonly [SourceSituation, Expectation])[]>> = {
  "present, enabled | some | any": [
    [sourceSituation(), { ...nothing, roles: [reader] }],
    [
      sourceSituation({ roles: [reader, responder] }),
      { ...nothing, roles: [reader, responder], steps: ["stamp"] },
    ],
    [
      sourceSituation({ record: null, user: { stamps: {} } }),
      { ...nothing, roles: [reader], steps: ["stamp"] },
    ],
    [sourceSituation({ record: left() }), { ...nothing, roles: [reader] }],
  ],
  "present, enabled | none | some": [
    [
      sourceSituation({ roles: [], loss: soundLoss }),
      { ...gone, leaving: "no-role", steps: ["revoke-sessions", "stamp"] },
    ],
  ],
  "present, enabled | none | none": [
    [sourceSituation({ roles: [], record: null }), { ...nothing, roles: [] }],
    [
      sourceSituation({
        roles: [],
        record: left(),
        user: { stamps: stampsFor([]), sessionsValidFrom: longAgo },
      }),
      { ...gone, leaving: "no-role", steps: [] },
    ],
  ],
  "present, disabled | any | some": [
    [
      sourceSituation({ user: { enabled: false } }),
      { ...gone, leaving: "disabled", steps: ["revoke-sessions", "stamp"] },
    ],
    [
      sourceSituation({ roles: [], user: { enabled: false } }),
      { ...gone, leaving: "disabled", steps: ["revoke-sessions", "stamp"] },
    ],
  ],
  "soft-deleted | - | some": [
    [sourceSituation({ user: "soft-deleted" }), { ...gone, leaving: "deleted", steps: [] }],
  ],
  "nowhere, once | - | some": [
    [sourceSituation({ user: "absent" }), { ...nothing, roles: [reader], verdict: "uncertain" }],
  ],
  "nowhere, twice | - | some": [
    [
      sourceSituation({ user: "absent", record: analystRecord({ missingSince: now - 1_500 }) }),
      { ...gone, leaving: "deleted", steps: [] },
    ],
  ],
  "protected | - | -": (["soft-deleted", "absent", {}, { enabled: false }] as const).map((user) => [
    sourceSituation({ user, protected: "yes", roles: [responder] }),
    { ...nothing, roles: [reader] },
  ]),
};

const rowsInSource = readFileSync(new URL("../../shared/planner/source-plan.ts", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.startsWith(" * | "))
  .map((line) => line.slice(" * | ".length).split("|").slice(0, 3))
  .map((cells) => cells.map((cell) => cell.trim()).join(" | "))
  .slice(1);

describe("the table of the source planner", () => {
  test("has an example here for every row, and no row is missing", () => {
    expect(rowsInSource).toEqual(Object.keys(examples));
  });

  test.each(
    Object.entries(examples).flatMap(([row, all]) => all.map((example) => [row, ...example] as const)),
  )("says the truth about: %s", (_, situation, { roles, leaving, steps, verdict }) => {
    const decision = planSource(situation);
    expect(decision.roles).toEqual(roles);
    expect(decision.leaving).toBe(leaving);
    expect(kindsOf(decision)).toEqual(steps);
    expect(decision.verdict.kind).toBe(verdict);
    expect(decision.plan.purpose).toBe(leaving === null ? "join" : "leave");
  });
});

describe("somebody Muster has never heard of", () => {
  test.each([
    ["deleted", { user: "soft-deleted" }],
    ["nowhere", { user: "absent" }],
    ["disabled, with a role", { user: { enabled: false } }],
    ["enabled, without a role", { roles: [] }],
  ] as const)("is left alone: %s", (_, changes) => {
    const decision = planSource(sourceSituation({ record: null, ...changes }));
    expect(decision).toMatchObject({ roles: [], leaving: null, leftAt: null, verdict: { kind: "settled" } });
    expect(decision.plan.steps).toEqual([]);
  });
});

describe("a user who is nowhere to be found", () => {
  const seen = (missingSince: number | null) =>
    planSource(sourceSituation({ user: "absent", record: analystRecord({ missingSince }) }));

  test("keeps everything the first time, and is looked for again", () => {
    const decision = seen(null);
    expect(decision.missingSince).toBe(now);
    expect(decision.verdict).toMatchObject({ kind: "uncertain", lookAgainAt: now + 1_500 });
  });

  test("keeps everything a second time that comes too soon, and the first sighting is the one that counts", () => {
    const decision = seen(now - 1_499);
    expect(decision).toMatchObject({ roles: [reader], leaving: null, missingSince: now - 1_499 });
    expect(decision.verdict).toMatchObject({ kind: "uncertain", lookAgainAt: now + 1 });
  });

  test("is a leaver the second time", () => {
    expect(seen(now - 1_500)).toMatchObject({ leaving: "deleted", leftAt: now, missingSince: null });
  });

  test("who had left already stays gone for the same reason, without another look", () => {
    const record = left({ leaving: "disabled" });
    const decision = planSource(sourceSituation({ user: "absent", record }));
    expect(decision).toMatchObject({ leaving: "disabled", leftAt: longAgo, verdict: { kind: "settled" } });
  });

  test("and is there again is not missing any more", () => {
    const record = analystRecord({ missingSince: now - 1_000 });
    expect(planSource(sourceSituation({ record })).missingSince).toBeNull();
  });
});

describe("losing a role", () => {
  const losing = (loss: Partial<Loss>, roles: SourceSituation["roles"] = []) =>
    planSource(
      sourceSituation({
        roles,
        record: analystRecord({ roles: [reader, responder] }),
        user: { stamps: stampsFor([reader, responder]) },
        loss: { ...soundLoss, roles: [responder], ...loss },
      }),
    );
  const groups = (missing: number, known: number, listing: "complete" | "partial" = "complete") => ({
    groups: [{ role: responder, known, missing, listing }],
  });

  test("with sound evidence is a move: the stamps change, the other roles stay", () => {
    const decision = losing({}, [reader]);
    expect(decision).toMatchObject({ roles: [reader], leaving: null, verdict: { kind: "settled" } });
    expect(decision.plan.steps).toEqual([
      { kind: "stamp", values: { [Object.keys(stampsFor([]))[0] ?? ""]: "reader" } },
    ]);
  });

  test.each([
    ["a broken-off read of the memberships", { evidence: { kind: "doubtful", why: "page 2 failed" } }],
    ["a broken-off list of the group", groups(0, 20, "partial")],
    [
      "both, over the budget as well",
      { evidence: { kind: "doubtful", why: "page 2 failed" }, ...groups(9, 9) },
    ],
  ] as const)("on %s keeps every role and is looked at again shortly", (_, loss) => {
    const decision = losing(loss);
    expect(decision).toMatchObject({ roles: [reader, responder], leaving: null });
    expect(decision.plan.steps).toEqual([]);
    expect(decision.verdict).toMatchObject({ kind: "uncertain", lookAgainAt: now + 2_000 });
    expect(decision.plan.notes[0]?.kind).toBe("refused");
  });

  test.each([
    ["one of one", 1, 1, "goes"],
    ["one of two", 1, 2, "goes"],
    ["two of two", 2, 2, "stays"],
    ["one of four", 1, 4, "goes"],
    ["two of nine", 2, 9, "stays"],
    ["two of ten", 2, 10, "goes"],
    ["five of a hundred, the limit of one run", 5, 100, "goes"],
    ["six of a hundred", 6, 100, "stays"],
    ["everybody of a hundred", 100, 100, "stays"],
  ] as const)("when %s have left the group at once: the role %s", (_, missing, known, fate) => {
    const decision = losing(groups(missing, known));
    expect(decision.leaving).toBe(fate === "goes" ? "no-role" : null);
    expect(decision.roles).toEqual(fate === "goes" ? [] : [reader, responder]);
    expect(decision.verdict.kind).toBe(fate === "goes" ? "settled" : "refused");
  });

  test("is refused when a budget of nothing is allowed to go", () => {
    expect(losing({ budget: { perRun: 0, share: 1 } }).verdict.kind).toBe("refused");
  });

  test("of one group over the budget keeps the roles of the others too", () => {
    const both = [
      { role: reader, known: 20, missing: 1, listing: "complete" },
      { role: responder, known: 20, missing: 20, listing: "complete" },
    ] as const;
    expect(losing({ roles: [reader, responder], groups: both }).roles).toEqual([reader, responder]);
  });

  test("that a check refused still gives the roles that are new", () => {
    const decision = losing(groups(20, 20), [reader]);
    expect(decision.roles).toEqual([reader, responder]);
    expect(decision.plan.steps).toEqual([]);
  });

  test("does not need a check when the account is disabled: that is not a reading error", () => {
    const situation = sourceSituation({
      user: { enabled: false },
      loss: { ...soundLoss, ...groups(20, 20) },
    });
    expect(planSource(situation).leaving).toBe("disabled");
  });

  test("says how many have left, how many may, and what to do", () => {
    const decision = losing(groups(20, 20));
    expect(decision.verdict).toMatchObject({
      reason: "20 of 20 holders of responder have lost it at once; the policy allows 4, so responder stay",
    });
  });
});

describe("when somebody left", () => {
  test("is the first time it was seen", () => {
    expect(planSource(sourceSituation({ user: "soft-deleted" })).leftAt).toBe(now);
  });

  test("stays the same when they leave in another way as well", () => {
    const decision = planSource(sourceSituation({ user: "soft-deleted", record: left() }));
    expect(decision).toMatchObject({ leaving: "deleted", leftAt: longAgo });
  });

  test("is forgotten when they come back", () => {
    expect(planSource(sourceSituation({ record: left() }))).toMatchObject({ leaving: null, leftAt: null });
  });

  test("is anew when they leave anew", () => {
    const record = analystRecord({ leaving: null, leftAt: null, sessionsRevokedAt: longAgo });
    expect(planSource(sourceSituation({ user: { enabled: false }, record })).leftAt).toBe(now);
  });
});

describe("stamps", () => {
  test("are written in one step, sorted, and only those that differ", () => {
    const [roles = "", id = ""] = Object.keys(stampsFor([]));
    const half = { [roles]: "reader", [id]: null };
    expect(planSource(sourceSituation({ user: { stamps: half } })).plan.steps).toEqual([
      { kind: "stamp", values: { [id]: stampsFor([])[id] } },
    ]);
    const none = planSource(sourceSituation({ user: { stamps: {} } })).plan.steps;
    expect(none).toEqual([{ kind: "stamp", values: stampsFor([reader]) }]);
    expect(JSON.stringify(none).indexOf(roles)).toBeLessThan(JSON.stringify(none).indexOf(id));
  });

  const stampedAt = (at: number, roles: SourceSituation["roles"] = [reader]) =>
    kindsOf(
      planSource(
        sourceSituation({
          user: { stamps: {} },
          record: analystRecord({ stamped: { at, values: stampsFor(roles) } }),
        }),
      ),
    );

  test("written a moment ago are not written again because a replica does not show them", () => {
    expect(stampedAt(justNow)).toEqual([]);
    expect(stampedAt(now - replicationWindowMs)).toEqual([]);
  });

  test("that do not show after the replication window are written again", () => {
    expect(stampedAt(now - replicationWindowMs - 1)).toEqual(["stamp"]);
  });

  test("that should say something else by now are written whatever was written a moment ago", () => {
    expect(stampedAt(justNow, [responder])).toEqual(["stamp"]);
  });

  test("of a leaver say that they have no role, and keep saying who they are", () => {
    const decision = planSource(sourceSituation({ roles: [], loss: soundLoss }));
    const values = decision.plan.steps.flatMap((step) =>
      step.kind === "stamp" ? Object.values(step.values) : [],
    );
    expect(values).toEqual(["none"]);
  });

  test("of somebody deleted are left alone: there is nothing to write them on", () => {
    expect(kindsOf(planSource(sourceSituation({ user: "soft-deleted" })))).toEqual([]);
  });
});

describe("the sessions of a leaver", () => {
  const stamps = stampsFor([]);
  const leaver = (user: { sessionsValidFrom: number | null }, record = analystRecord()) =>
    kindsOf(planSource(sourceSituation({ user: { enabled: false, stamps, ...user }, record })));

  test("are revoked first, before the stamps", () => {
    const decision = planSource(sourceSituation({ user: { enabled: false } }));
    expect(kindsOf(decision)).toEqual(["revoke-sessions", "stamp"]);
  });

  test("are revoked when Graph does not say since when they count", () => {
    expect(leaver({ sessionsValidFrom: null })).toEqual(["revoke-sessions"]);
  });

  test("are left alone when somebody revoked them after the analyst had left", () => {
    expect(leaver({ sessionsValidFrom: longAgo + 1 }, left({ sessionsRevokedAt: null }))).toEqual([]);
  });

  test("are left alone when the policy does not ask for it", () => {
    const situation = sourceSituation({ user: { enabled: false, stamps }, revokeSessions: false });
    expect(kindsOf(planSource(situation))).toEqual([]);
  });

  test("are not revoked again while a replica may not show the revocation", () => {
    const record = left({ leaving: "disabled", leftAt: justNow, sessionsRevokedAt: justNow });
    expect(leaver({ sessionsValidFrom: longAgo - dayMs }, record)).toEqual([]);
  });

  test("are revoked again when Graph never showed what it confirmed", () => {
    const record = left({ leaving: "disabled", sessionsRevokedAt: now - replicationWindowMs - 1 });
    expect(leaver({ sessionsValidFrom: longAgo - dayMs }, record)).toEqual(["revoke-sessions"]);
  });

  test("are not revoked again because Graph's clock is a few minutes behind ours", () => {
    const record = left({ leaving: "disabled" });
    expect(leaver({ sessionsValidFrom: longAgo - 5 * minuteMs }, record)).toEqual([]);
    expect(leaver({ sessionsValidFrom: longAgo - 5 * minuteMs - 1 }, record)).toEqual(["revoke-sessions"]);
  });

  test("are revoked anew when they leave anew, whatever was confirmed the time before", () => {
    const record = analystRecord({ sessionsRevokedAt: justNow });
    expect(leaver({ sessionsValidFrom: justNow }, record)).toEqual(["revoke-sessions"]);
  });

  test("are never revoked for an analyst who stays", () => {
    expect(kindsOf(planSource(sourceSituation({ user: { sessionsValidFrom: null } })))).toEqual([]);
  });
});

describe("whatever is read", () => {
  const situations = fc
    .record({
      user: fc.constantFrom<"absent" | "soft-deleted" | Partial<SourceUser>>(
        "absent",
        "soft-deleted",
        {},
        { enabled: false },
      ),
      roles: fc.subarray([reader, responder]),
      before: fc.option(fc.subarray([reader, responder], { minLength: 1 })),
      missing: fc.nat({ max: 30 }),
      doubtful: fc.boolean(),
      kept: fc.constantFrom("yes", "no"),
    })
    .map(({ user, roles, before, missing, doubtful, kept }) => {
      const lost = (before ?? []).filter((role) => !roles.includes(role));
      return sourceSituation({
        user,
        roles,
        protected: kept,
        record: before === null ? null : analystRecord({ roles: before }),
        loss:
          lost.length === 0
            ? null
            : {
                roles: lost,
                evidence: doubtful ? { kind: "doubtful", why: "page 2 failed" } : { kind: "sound" },
                groups: lost.map((role) => ({ role, known: 30, missing, listing: "complete" })),
                budget: { perRun: 5, share: 0.2 },
              },
      });
    });

  test("a leaver holds no role, somebody who stays holds one, and a protected analyst is never written", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = planSource(situation);
        if (situation.protected === "yes") expect(decision.plan.steps).toEqual([]);
        if (decision.leaving !== null) expect(decision.roles).toEqual([]);
        if (decision.leaving === null && situation.record !== null) expect(decision.roles).not.toEqual([]);
        if (decision.leaving === null) expect(kindsOf(decision)).not.toContain("revoke-sessions");
      }),
    );
  });

  test("a role is lost only when every check agrees, or the account itself has gone", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = planSource(situation);
        const lost = (situation.record?.roles ?? []).filter((role) => !decision.roles.includes(role));
        if (lost.length === 0 || decision.leaving === "disabled" || decision.leaving === "deleted") return;
        expect(situation.loss?.evidence.kind).toBe("sound");
        expect(situation.loss?.groups.every(({ missing }) => missing <= 5)).toBe(true);
      }),
    );
  });
});
