import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnalystRecord, HeldRole, SourceUser, UserState } from "../../shared/model/analyst.ts";
import type { RoleName } from "../../shared/model/ids.ts";
import { refusalMs, type Loss } from "../../shared/planner/loss-checks.ts";
import { replicationWindowMs, visibleMs } from "../../shared/planner/replicas.ts";
import { lostRoles } from "../../shared/planner/lost-roles.ts";
import { namesOf, presentNamesOf } from "../../shared/planner/role-lists.ts";
import { absenceMs, planSource } from "../../shared/planner/source-plan.ts";
import type { SourceDecision, SourceSituation, Verdict } from "../../shared/planner/source-situation.ts";
import { attributesKey } from "../../shared/policy/desired.ts";
import {
  ana,
  analystRecord,
  asReader,
  asResponder,
  believed,
  dayMs,
  justNow,
  lately,
  longAgo,
  minuteMs,
  now,
  reader,
  responder,
  sourceSituation,
  stampsFor,
} from "../support/fixtures.ts";

const wordsOf = ({ verdicts }: SourceDecision) => verdicts.map(({ kind }) => kind);
const kindsOf = ({ plan }: SourceDecision) => plan.steps.map(({ kind }) => kind);
const left = (changes = {}) =>
  analystRecord({
    held: [],
    roles: [],
    leaving: "no-role",
    leftAt: longAgo,
    sessionsRevokedAt: longAgo,
    ...changes,
  });

/** A loss that nothing is to be said against: one of twenty holders. */
const soundLoss: Loss = {
  evidence: { kind: "sound" },
  roles: [
    { ...asReader, known: 20, missing: 1, refusedFirst: 0, lostBy: "person" as const, listing: "complete" },
  ],
  budget: { perRun: 5, share: 0.2 },
};
/** The same of both roles. */
const lossOfBoth: Loss = {
  ...soundLoss,
  roles: [asReader, asResponder].map((role) => ({
    ...role,
    known: 20,
    missing: 1,
    refusedFirst: 0,
    lostBy: "person" as const,
    listing: "complete",
  })),
};

type Expectation = Pick<SourceDecision, "roles" | "leaving"> & {
  readonly steps: readonly string[];
  readonly verdicts: readonly Verdict["kind"][];
};

const nothing = { leaving: null, steps: [], verdicts: [] } as const;
const gone = { roles: [], verdicts: [] } as const;

/** An example of every row of the table in the doc comment, by the row's first three cells. */
const examples: Readonly<Record<string, readonly (readonly [SourceSituation, Expectation])[]>> = {
  "present, enabled | some | any": [
    [sourceSituation(), { ...nothing, roles: [asReader] }],
    [
      sourceSituation({ held: [asReader, asResponder] }),
      { ...nothing, roles: [asReader, asResponder], steps: ["stamp"] },
    ],
    [
      sourceSituation({ record: null, user: { stamps: {} } }),
      { ...nothing, roles: [asReader], steps: ["stamp"] },
    ],
    [sourceSituation({ record: left() }), { ...nothing, roles: [asReader] }],
  ],
  "present, enabled | none | some": [
    [
      sourceSituation({ held: [], loss: soundLoss }),
      { ...gone, leaving: "no-role", steps: ["revoke-sessions", "stamp"] },
    ],
  ],
  "present, enabled | none | none": [
    [sourceSituation({ held: [], record: null }), { ...nothing, roles: [] }],
    [
      sourceSituation({
        held: [],
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
      sourceSituation({ held: [], user: { enabled: false } }),
      { ...gone, leaving: "disabled", steps: ["revoke-sessions", "stamp"] },
    ],
  ],
  "soft-deleted | - | some": [
    [sourceSituation({ user: "soft-deleted" }), { ...gone, leaving: "deleted", steps: [] }],
  ],
  "nowhere, once | - | some": [
    [sourceSituation({ user: "absent" }), { ...nothing, roles: [asReader], verdicts: ["uncertain"] }],
  ],
  "nowhere, twice | - | some": [
    [
      sourceSituation({ user: "absent", record: analystRecord({ missingSince: now - absenceMs }) }),
      { ...gone, leaving: "deleted", steps: [] },
    ],
  ],
  "said to have left | any | some": [
    [
      sourceSituation({ departed: "yes" }),
      { ...gone, leaving: "departed", steps: ["revoke-sessions", "stamp"] },
    ],
    // Whatever is known of their account as well says more.
    [
      sourceSituation({ departed: "yes", user: { enabled: false } }),
      { ...gone, leaving: "disabled", steps: ["revoke-sessions", "stamp"] },
    ],
    [sourceSituation({ departed: "yes", user: "soft-deleted" }), { ...gone, leaving: "deleted", steps: [] }],
    // Nobody waits for a second sighting of what may be the past.
    [sourceSituation({ departed: "yes", user: "absent" }), { ...gone, leaving: "departed", steps: [] }],
    [
      sourceSituation({
        departed: "yes",
        user: { enabled: false },
        record: analystRecord({ recent: believed({ states: { disabled: justNow } }) }),
      }),
      {
        roles: [],
        leaving: "departed",
        steps: ["revoke-sessions", "stamp"],
        verdicts: ["uncertain"],
      },
    ],
  ],
  "said to have left | any | none": [
    [sourceSituation({ departed: "yes", record: null }), { ...nothing, roles: [] }],
  ],
  "protected | - | -": (["soft-deleted", "absent", {}, { enabled: false }] as const).map((user) => [
    sourceSituation({ user, protected: "yes", departed: "yes", held: [asResponder] }),
    { ...nothing, roles: [asReader] },
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
  )("says the truth about: %s", (_, situation, { roles, leaving, steps, verdicts }) => {
    const decision = planSource(situation);
    expect(decision.roles).toEqual(roles);
    expect(decision.leaving).toBe(leaving);
    expect(kindsOf(decision)).toEqual(steps);
    expect(wordsOf(decision)).toEqual(verdicts);
    expect(decision.plan.purpose).toBe(leaving === null ? "join" : "leave");
  });
});

describe("somebody Muster has never heard of", () => {
  test.each([
    ["deleted", { user: "soft-deleted" }],
    ["nowhere", { user: "absent" }],
    ["disabled, with a role", { user: { enabled: false } }],
    ["enabled, without a role", { held: [] }],
  ] as const)("is left alone: %s", (_, changes) => {
    const decision = planSource(sourceSituation({ record: null, ...changes }));
    expect(decision).toMatchObject({ roles: [], leaving: null, leftAt: null, verdicts: [] });
    expect(decision.plan.steps).toEqual([]);
  });
});

describe("a user who is nowhere to be found", () => {
  const seen = (missingSince: number | null) =>
    planSource(sourceSituation({ user: "absent", record: analystRecord({ missingSince }) }));

  test("keeps everything the first time, and is looked for again", () => {
    const decision = seen(null);
    expect(decision.missingSince).toBe(now);
    expect(decision.verdicts).toMatchObject([{ kind: "uncertain", lookAgainAt: now + absenceMs }]);
  });

  test("keeps everything a second time that comes too soon, and the first sighting is the one that counts", () => {
    const decision = seen(now - absenceMs + 1);
    expect(decision).toMatchObject({ roles: [asReader], leaving: null, missingSince: now - absenceMs + 1 });
    expect(decision.verdicts).toMatchObject([{ kind: "uncertain", lookAgainAt: now + 1 }]);
  });

  test("is a leaver the second time", () => {
    const missingSince = now - absenceMs;
    expect(seen(missingSince)).toMatchObject({ leaving: "deleted", leftAt: now, missingSince });
  });

  test("the second time, who had been disabled is deleted: no other read need be the older one any more", () => {
    const record = left({ leaving: "disabled", missingSince: now - absenceMs });
    const decision = planSource(sourceSituation({ user: "absent", record }));
    expect(decision).toMatchObject({ leaving: "deleted", leftAt: longAgo });
  });

  test("who had left already stays gone for the same reason, without another look", () => {
    const record = left({ leaving: "disabled" });
    const decision = planSource(sourceSituation({ user: "absent", record }));
    expect(decision).toMatchObject({ leaving: "disabled", leftAt: longAgo, verdicts: [] });
  });

  test("and is there again is not missing any more", () => {
    const record = analystRecord({ missingSince: now - 1_000 });
    expect(planSource(sourceSituation({ record })).missingSince).toBeNull();
  });
});

describe("losing a role", () => {
  const both = [asReader, asResponder];
  const losing = (loss: Partial<Loss>, held: readonly HeldRole[] = []) =>
    planSource(
      sourceSituation({
        held,
        record: analystRecord({ held: [asReader, asResponder], roles: [asReader, asResponder] }),
        user: { stamps: stampsFor([reader, responder]) },
        loss: { ...soundLoss, ...responders(1, 20), ...loss },
      }),
    );
  /** Both roles are gone: one of twenty readers, and so many responders. */
  const responders = (missing: number, known: number, listing: "complete" | "partial" = "complete") => ({
    roles: [
      ...soundLoss.roles,
      { ...asResponder, known, missing, refusedFirst: 0, lostBy: "person" as const, listing },
    ],
  });

  test("with sound evidence is a move: the stamps change, the other roles stay", () => {
    const decision = losing({}, [asReader]);
    expect(decision).toMatchObject({ roles: [asReader], leaving: null, verdicts: [] });
    expect(decision.plan.steps).toEqual([
      { kind: "stamp", values: { [Object.keys(stampsFor([]))[0] ?? ""]: "reader" } },
    ]);
  });

  test.each([
    ["a broken-off read of the memberships", {}, ["unproven"]],
    ["one that is over the budget as well", responders(9, 9), ["unproven", "uncertain"]],
  ] as const)("on %s keeps every role and is read again", (_, loss, words) => {
    const decision = losing({ evidence: { kind: "doubtful", why: "page 2 failed" }, ...loss });
    expect(decision).toMatchObject({ roles: both, leaving: null, held: both });
    expect(decision.plan.steps).toEqual([]);
    expect(wordsOf(decision)).toEqual(words);
    expect(decision.verdicts[0]).toMatchObject({ why: expect.stringContaining("page 2 failed") });
    expect(decision.plan.notes[0]?.kind).toBe("refused");
  });

  test("on a broken-off list of a group keeps that group's role, and no other", () => {
    const decision = losing(responders(0, 20, "partial"));
    expect(decision).toMatchObject({ roles: [asResponder], leaving: null, held: [asResponder] });
    expect(wordsOf(decision)).toEqual(["unproven"]);
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
    const decision = losing(responders(missing, known));
    expect(decision.leaving).toBe(fate === "goes" ? "no-role" : null);
    expect(decision.roles).toEqual(fate === "goes" ? [] : [asResponder]);
    expect(wordsOf(decision)).toEqual(fate === "goes" ? [] : ["uncertain"]);
  });

  test("is kept when nothing is allowed to go", () => {
    const decision = losing({ budget: { perRun: 0, share: 1 } });
    expect(wordsOf(decision)).toEqual(["uncertain", "uncertain"]);
    expect(decision.roles).toEqual(both);
  });

  test("of which one is over the budget keeps that one alone: the other is lost by what its own holders show", () => {
    expect(losing(responders(20, 20)).roles).toEqual([asResponder]);
  });

  test("that a check refused still gives the roles that are new", () => {
    const decision = losing({ roles: responders(20, 20).roles.slice(1) }, [asReader]);
    expect(decision.roles).toEqual(both);
    expect(decision.plan.steps).toEqual([]);
  });

  test("does not need a check when the account is disabled: that is not a reading error", () => {
    const situation = sourceSituation({
      user: { enabled: false },
      loss: { ...soundLoss, ...responders(20, 20) },
    });
    expect(planSource(situation).leaving).toBe("disabled");
  });

  test("says how many have left, how many may, and what to do", () => {
    const decision = losing(responders(20, 20));
    expect(decision.verdicts).toMatchObject([
      {
        why: "20 of 20 holders of responder have lost it at once; the policy allows 4, so responder stays, for now",
      },
    ]);
  });
});

describe("a loss that was refused", () => {
  const lossOf = (missing: number, known: number, changes: Partial<Loss> = {}): Loss => ({
    ...soundLoss,
    roles: [{ ...asReader, known, missing, refusedFirst: 0, lostBy: "person" as const, listing: "complete" }],
    ...changes,
  });
  const refused = { [asReader.by]: { since: now - 60 * 60_000, among: 20, occasion: 0 } };
  const kept = (since: number) => ({ [asReader.by]: { since, among: null } });
  const lose = (loss: Loss, before: SourceDecision["refused"] = {}) =>
    planSource(sourceSituation({ held: [], loss, record: analystRecord({ held: [], refused: before }) }));

  test("is kept without a word at first: it is looked at again when the others' own looks have been taken", () => {
    const decision = lose(lossOf(20, 20));
    expect(decision).toMatchObject({ roles: [asReader], leaving: null, refused: kept(now) });
    expect(decision.verdicts).toMatchObject([{ kind: "uncertain", lookAgainAt: now + refusalMs }]);
    expect(decision.plan.notes).toEqual([]);
  });

  test("is gone after all when the others turn out to have left by another way", () => {
    const decision = lose(lossOf(1, 2), kept(now - 60_000));
    expect(decision).toMatchObject({ roles: [], leaving: "no-role", refused: {} });
  });

  test("is refused when it still looks like that, and remembered by how many held the role then", () => {
    const since = now - refusalMs;
    const decision = lose(lossOf(19, 19), kept(since));
    expect(wordsOf(decision)).toEqual(["refused"]);
    expect(decision.plan.notes).toMatchObject([{ kind: "refused" }]);
    expect(decision.refused).toEqual({
      [asReader.by]: { since, among: 19, occasion: 0, lostBy: "person" },
    });
    expect(lose(lossOf(6, 6), refused).refused).toEqual(refused);
  });

  test("stays refused when the others have left meanwhile: it is a person's to decide", () => {
    const decision = lose(lossOf(1, 1), refused);
    expect(decision).toMatchObject({ roles: [asReader], leaving: null, refused });
    expect(decision.plan.steps).toEqual([]);
    expect(decision.verdicts).toMatchObject([
      {
        kind: "refused",
        cause: `loss of ${asReader.by} by person since 0`,
        reason: "20 of 20 holders of reader have lost it at once; the policy allows 4, so reader stays",
      },
    ]);
  });

  test("is told with the same advice and the same cause as at first", () => {
    const told = ({ verdicts }: SourceDecision) =>
      verdicts.map((verdict) => (verdict.kind === "refused" ? [verdict.cause, verdict.advice] : []));
    expect(told(lose(lossOf(1, 1), refused))).toEqual(told(lose(lossOf(20, 20), kept(now - refusalMs))));
  });

  test.each<[string, Loss, SourceDecision["refused"]]>([
    ["the others hold the role again", lossOf(1, 20), refused],
    ["the policy allows more", lossOf(1, 1, { budget: { perRun: 20, share: 1 } }), refused],
    ["it came about in another way", lossOf(1, 20), { [asResponder.by]: { since: 0, among: 20 } }],
  ])("is judged anew when %s", (_, loss, before) => {
    expect(lose(loss, before)).toMatchObject({ roles: [], leaving: "no-role", refused: {} });
  });

  test("is forgotten when the role is given back", () => {
    const record = analystRecord({ held: [], refused });
    expect(planSource(sourceSituation({ record }))).toMatchObject({ roles: [asReader], refused: {} });
  });

  test("is not forgotten over a read that breaks off", () => {
    const doubtful = { kind: "doubtful", why: "page 2 failed" } as const;
    const decision = lose(lossOf(1, 1, { evidence: doubtful }), refused);
    expect(decision).toMatchObject({ refused, roles: [asReader], held: [] });
  });

  test("is not forgotten when another role is lost as well, which goes by itself", () => {
    const roles = [
      ...lossOf(1, 1).roles,
      {
        ...asResponder,
        known: 20,
        missing: 1,
        refusedFirst: 0,
        lostBy: "person" as const,
        listing: "complete" as const,
      },
    ];
    const record = analystRecord({ held: [asResponder], roles: [asReader, asResponder], refused });
    const decision = planSource(sourceSituation({ record, held: [], loss: lossOf(1, 1, { roles }) }));
    expect(decision).toMatchObject({ roles: [asReader], refused });
  });

  test("leaves the role with who gets it back at once, although that may be the past", () => {
    const recent = believed({ roles: { [asReader.by]: lately } });
    const record = analystRecord({ held: [], refused, recent });
    const decision = planSource(sourceSituation({ record, held: [asReader], loss: null }));
    expect(decision).toMatchObject({ roles: [asReader], held: [], leaving: null, refused });
    expect(wordsOf(decision)).toEqual(["uncertain"]);
  });

  test("keeps nobody who is disabled", () => {
    const record = analystRecord({ refused });
    const decision = planSource(sourceSituation({ record, user: { enabled: false } }));
    expect(decision).toMatchObject({ leaving: "disabled", refused: {} });
  });

  test("is still known after a read that may be the past", () => {
    const record = analystRecord({ refused, recent: believed({ states: { disabled: lately } }) });
    expect(planSource(sourceSituation({ record, user: { enabled: false } })).refused).toEqual(refused);
  });

  test("is no longer than it was refused: one that nobody objected to leaves none", () => {
    expect(lose(lossOf(1, 20))).toMatchObject({ leaving: "no-role", refused: {} });
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

  const stampedAt = (at: number, roles: readonly RoleName[] = [reader]) =>
    kindsOf(
      planSource(
        sourceSituation({
          user: { stamps: {} },
          record: analystRecord({
            recent: believed({ stamps: { at, values: stampsFor(roles), beforeAt: 0 } }),
          }),
        }),
      ),
    );

  test("written a moment ago are not written again because a replica does not show them", () => {
    expect(stampedAt(justNow)).toEqual([]);
    expect(stampedAt(now - visibleMs + 1)).toEqual([]);
  });

  test("that should show by now and do not are written again", () => {
    expect(stampedAt(now - visibleMs)).toEqual(["stamp"]);
  });

  test("that should say something else by now are written whatever was written a moment ago", () => {
    expect(stampedAt(justNow, [responder])).toEqual(["stamp"]);
  });

  test("of a leaver say that they have no role, and keep saying who they are", () => {
    const decision = planSource(sourceSituation({ held: [], loss: soundLoss }));
    const values = decision.plan.steps.flatMap((step) =>
      step.kind === "stamp" ? Object.values(step.values) : [],
    );
    expect(values).toEqual(["none"]);
  });

  const withFormer = (stamped: Readonly<Record<string, string>>, changes = {}) =>
    planSource(
      sourceSituation({
        record: analystRecord({ stamped: { ...stampsFor([reader]), ...stamped } }),
        ...changes,
      }),
    );

  test("that the policy does not name any more are cleared, each by itself, unless they say what is true", () => {
    const former = { old: "hunter", older: "", id: ana, same: "reader" };
    expect(withFormer(former).plan.steps).toEqual([
      { kind: "stamp", values: { old: "none" }, former: "yes" },
      { kind: "stamp", values: { older: "none" }, former: "yes" },
    ]);
  });

  test("that the policy does not name any more say nothing of the roles of a leaver", () => {
    const { plan } = withFormer({ same: "reader" }, { held: [], loss: soundLoss, revokeSessions: false });
    expect(plan.steps.filter((step) => step.kind === "stamp" && step.former === "yes")).toEqual([
      { kind: "stamp", values: { same: "none" }, former: "yes" },
    ]);
  });

  test("whose value does not fit stay as they are, also when they said something else", () => {
    const [roles = "", id = ""] = Object.keys(stampsFor([]));
    const { plan } = withFormer({ [roles]: "hunter" }, { stamps: () => ({ [id]: ana }) });
    expect(plan.steps).toEqual([]);
  });

  test("are remembered from the moment they are wanted, without a value until they are known to be there", () => {
    const [roles = "", id = ""] = Object.keys(stampsFor([]));
    const { stamped } = planSource(sourceSituation({ held: [asReader, asResponder] }));
    expect(stamped).toEqual({ [roles]: "", [id]: ana });
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
    const record = left({ leaving: "disabled", sessionsRevokedAt: now - replicationWindowMs });
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

describe("what the user was not long ago", () => {
  /** What a read shows, and what Muster knows while that may be the past. */
  const doubts: Readonly<
    Record<UserState, readonly [SourceSituation["read"], ReturnType<typeof analystRecord>]>
  > = {
    enabled: [sourceSituation().read, left({ leaving: "disabled", recent: believed({ state: "disabled" }) })],
    disabled: [sourceSituation({ user: { enabled: false } }).read, analystRecord()],
    "soft-deleted": [{ kind: "soft-deleted" }, analystRecord()],
    absent: [{ kind: "absent" }, analystRecord()],
  };
  const seeing = (state: UserState, until: number) => {
    const [read, record] = doubts[state];
    const recent = { ...record.recent, states: { [state]: until } };
    return planSource({ ...sourceSituation({ record: { ...record, recent } }), read });
  };
  const states = ["enabled", "disabled", "soft-deleted", "absent"] as const;

  test.each(states)("is doubted when a read shows it again: %s", (state) => {
    const [, record] = doubts[state];
    const decision = seeing(state, lately);
    expect(decision).toMatchObject({
      held: record.held,
      roles: record.roles,
      leaving: record.leaving,
      leftAt: record.leftAt,
      verdicts: [{ kind: "uncertain", lookAgainAt: lately + replicationWindowMs }],
    });
    expect(decision.plan.steps).toEqual([]);
    expect(decision.recent.states).toEqual({ [state]: lately });
  });

  test.each(states)("is believed when every replica must know better: %s", (state) => {
    const [why] = seeing(state, now - replicationWindowMs).verdicts;
    expect(why?.kind === "uncertain" ? why.why : "").not.toContain("not long ago");
    const turned = { enabled: null, disabled: "disabled", "soft-deleted": "deleted", absent: null } as const;
    expect(seeing(state, now - replicationWindowMs).leaving).toBe(turned[state]);
  });

  test("says in words what is doubted", () => {
    expect(seeing("soft-deleted", lately).verdicts).toMatchObject([
      {
        why: "that the user is soft-deleted was true not long ago and is not what was seen last: it may be the past",
      },
    ]);
  });

  test.each([
    ["a user who was just made or enabled may be seen without the account, or disabled", "disabled"],
    ["a user who was just made may not be found", "absent"],
  ] as const)("includes what nobody saw: at the first look, %s", (_, state) => {
    const first = planSource(sourceSituation({ record: null, now: lately }));
    const record = analystRecord({ recent: first.recent });
    const user = state === "absent" ? "absent" : { enabled: false };
    const decision = planSource(sourceSituation({ record, user }));
    expect(decision).toMatchObject({ roles: [asReader], leaving: null });
    expect(decision.verdicts).toMatchObject([{ lookAgainAt: lately + replicationWindowMs }]);
  });
});

describe("stamps as proof", () => {
  const values = stampsFor([]);
  /** Ana was enabled until not long ago, is known as disabled, and is seen enabled with these stamps. */
  const seen = (
    stamps: Readonly<Record<string, string | null>>,
    written: { readonly at: number; readonly beforeAt: number } | null,
  ) =>
    wordsOf(
      planSource(
        sourceSituation({
          user: { stamps },
          record: left({
            held: [asReader],
            leaving: "disabled",
            recent: believed({
              state: "disabled",
              states: { enabled: lately },
              stamps: written === null ? null : { ...written, values },
            }),
          }),
        }),
      ),
    );

  test("that were written after a moment show that a read is newer than it", () => {
    expect(seen(values, { at: lately + 1, beforeAt: 0 })).toEqual([]);
  });

  test.each([
    ["were never written by Muster", values, null],
    ["were written before it", values, { at: lately - 1, beforeAt: 0 }],
    ["were written at that very moment", values, { at: lately, beforeAt: 0 }],
    ["do not show", stampsFor([reader]), { at: lately + 1, beforeAt: 0 }],
    ["show in part", { ...values, [Object.keys(values)[0] ?? ""]: null }, { at: lately + 1, beforeAt: 0 }],
    [
      "may be on show from earlier times, because others were written in between",
      values,
      { at: lately + 1, beforeAt: lately - 1_000 },
    ],
  ] as const)("prove nothing when they %s", (_, stamps, written) => {
    expect(seen(stamps, written)).toEqual(["uncertain"]);
  });

  test("prove it again when the others that were written in between are long ago", () => {
    expect(seen(values, { at: lately + 1, beforeAt: now - replicationWindowMs })).toEqual([]);
  });

  test.each(["soft-deleted", "absent"] as const)("are not on a user who is %s", (user) => {
    const stamps = { at: justNow, values, beforeAt: 0 };
    const record = analystRecord({ recent: believed({ states: { [user]: lately }, stamps }) });
    expect(wordsOf(planSource(sourceSituation({ user, record })))).toEqual(["uncertain"]);
  });
});

describe("a role that turned not long ago", () => {
  const attributes = { department: "SOC" };
  const byAttributes: HeldRole = { role: responder, by: attributesKey(attributes) };
  const turned = (
    { by }: HeldRole,
    at: number,
    { known, seen }: { readonly known: readonly HeldRole[]; readonly seen: readonly HeldRole[] },
    stamps: ReturnType<typeof believed>["stamps"] = null,
  ) =>
    planSource(
      sourceSituation({
        held: seen,
        loss: seen.length < known.length ? lossOfBoth : null,
        record: analystRecord({
          held: known,
          roles: known,
          recent: believed({ roles: { [by]: at }, stamps }),
        }),
      }),
    );
  const gained = { known: [asReader, asResponder], seen: [asReader] };
  const lost = { known: [asReader], seen: [asReader, asResponder] };

  test.each([
    ["was gained stays, although a read does not show it", gained],
    ["was lost is not given back, although a read shows it", lost],
  ])("and %s", (_, roles) => {
    const decision = turned(asResponder, lately, roles);
    expect(decision).toMatchObject({ held: roles.known, roles: roles.known, leaving: null });
    expect(decision.verdicts).toMatchObject([
      { kind: "uncertain", lookAgainAt: lately + replicationWindowMs },
    ]);
  });

  test.each([
    ["gained", gained],
    ["lost", lost],
  ])("is believed when every replica must know: %s", (_, roles) => {
    const decision = turned(asResponder, now - replicationWindowMs, roles);
    expect(decision).toMatchObject({ held: roles.seen, verdicts: [] });
  });

  test("is no doubt about another role", () => {
    expect(turned(asReader, lately, lost)).toMatchObject({ held: lost.seen, verdicts: [] });
  });

  test("is no doubt when the read shows what is known", () => {
    const same = { known: [asReader], seen: [asReader] };
    expect(turned(asReader, lately, same)).toMatchObject({ held: [asReader], verdicts: [] });
  });

  const proof = { at: justNow, values: stampsFor([reader]), beforeAt: 0 };
  const byValue = { known: [asReader], seen: [asReader, byAttributes] };

  test("by an attribute is believed when the stamps beside it prove that the read is newer", () => {
    expect(wordsOf(turned(byAttributes, lately, byValue))).toEqual(["uncertain"]);
    expect(turned(byAttributes, lately, byValue, proof)).toMatchObject({
      held: byValue.seen,
      verdicts: [],
    });
  });

  test("by a group is doubted all the same: memberships are not on the user", () => {
    expect(wordsOf(turned(asResponder, lately, lost, proof))).toEqual(["uncertain"]);
  });

  test("is looked at again when the last of them is beyond doubt", () => {
    const record = analystRecord({
      recent: believed({ roles: { [asReader.by]: lately, [asResponder.by]: justNow } }),
    });
    const decision = planSource(sourceSituation({ record, held: [asResponder], loss: lossOfBoth }));
    expect(decision.held).toEqual([asReader]);
    expect(decision.verdicts).toMatchObject([{ lookAgainAt: justNow + replicationWindowMs }]);
  });

  test("brings nobody back who had left before a read shows it, and is looked for when it is beyond doubt", () => {
    const recent = believed({ roles: { [asReader.by]: lately } });
    const record = left({ leaving: "deleted", held: [asReader], recent });
    const decision = planSource(sourceSituation({ record, held: [] }));
    expect(decision).toMatchObject({ leaving: "no-role", roles: [], held: [asReader] });
    expect(decision.verdicts).toMatchObject([{ lookAgainAt: lately + replicationWindowMs }]);
    expect(planSource(sourceSituation({ record, held: [asReader] }))).toMatchObject({ roles: [asReader] });
  });

  test("gives nothing to who is back with another role", () => {
    const recent = believed({ roles: { [asResponder.by]: lately } });
    const record = analystRecord({ held: [asReader, asResponder], roles: [asReader], recent });
    const decision = planSource(sourceSituation({ record, held: [asReader] }));
    expect(decision).toMatchObject({ roles: [asReader], held: [asReader, asResponder] });
  });

  test("keeps nobody who is disabled", () => {
    const record = analystRecord({ recent: believed({ roles: { [asReader.by]: lately } }) });
    const decision = planSource(sourceSituation({ record, held: [], user: { enabled: false } }));
    expect(decision).toMatchObject({ leaving: "disabled", roles: [], held: [asReader] });
  });
});

describe("what is remembered as the recent past", () => {
  test.each(["soft-deleted", "absent"] as const)(
    "holds a moment in which somebody who was %s and is disabled now may have been enabled",
    (state) => {
      const record = left({ leaving: "deleted", recent: believed({ state }) });
      const { recent } = planSource(sourceSituation({ record, user: { enabled: false } }));
      expect(recent).toMatchObject({ state: "disabled", states: { enabled: now, [state]: now } });
    },
  );

  const after = (changes: Parameters<typeof sourceSituation>[0]) =>
    planSource(sourceSituation(changes)).recent;

  test("is nothing while nothing changes", () => {
    expect(after({})).toEqual(believed());
  });

  test("is the state that was left, and no more the one that was entered", () => {
    const stamps = { at: justNow, values: stampsFor([reader]), beforeAt: 0 };
    const record = analystRecord({ recent: believed({ states: { disabled: lately }, stamps }) });
    expect(after({ record, user: { enabled: false } })).toEqual(
      believed({ state: "disabled", states: { enabled: now }, stamps }),
    );
  });

  test("is every role that was gained or lost, by what shows it", () => {
    const record = analystRecord({ held: [asReader], roles: [asReader] });
    const { roles } = after({ record, held: [asResponder], loss: soundLoss });
    expect(roles).toEqual({ [asReader.by]: now, [asResponder.by]: now });
  });

  test("is not that a role was renamed: what shows it is the same", () => {
    expect(after({ held: [{ ...asReader, role: responder }] }).roles).toEqual({});
  });

  test("forgets what is longer ago than any replica is behind", () => {
    const recent = believed({
      states: { absent: lately, disabled: now - replicationWindowMs },
      roles: { "group:1": justNow, "group:2": longAgo },
    });
    expect(after({ record: analystRecord({ recent }) })).toEqual(
      believed({ states: { absent: lately }, roles: { "group:1": justNow } }),
    );
  });

  test("keeps the stamps", () => {
    const stamps = { at: justNow, values: stampsFor([reader]), beforeAt: lately };
    expect(after({ record: analystRecord({ recent: believed({ stamps }) }) }).stamps).toEqual(stamps);
  });
});

describe("a role", () => {
  test("is not lost when it is held in another way", () => {
    const elsewhere = { role: reader, by: "group:elsewhere" };
    const decision = planSource(sourceSituation({ held: [elsewhere] }));
    expect(decision).toMatchObject({ roles: [elsewhere], leaving: null, verdicts: [] });
  });

  test("is remembered by what showed it before, however often that changes", () => {
    const by = (way: string): HeldRole => ({ role: reader, by: way });
    const after = (held: HeldRole, record: AnalystRecord) =>
      planSource(sourceSituation({ held: [held], record }));
    const once = after(by("group:second"), analystRecord());
    expect(once.moved).toEqual({ "group:second": [asReader.by] });
    const twice = after(
      by("group:third"),
      analystRecord({ held: once.held, roles: once.roles, moved: once.moved }),
    );
    expect(twice.moved).toEqual({ "group:third": [asReader.by, "group:second"] });
  });

  test("stays while it is doubted that what takes its place is held", () => {
    const next = { role: reader, by: "group:elsewhere" };
    const recent = believed({ roles: { [next.by]: lately } });
    const decision = planSource(
      sourceSituation({ held: [next], record: analystRecord({ held: [], recent }) }),
    );
    expect(decision).toMatchObject({ roles: [asReader], leaving: null, verdicts: [{ kind: "uncertain" }] });
  });

  test("is lost when another that was held beside it has got its name, and remembered as nothing else", () => {
    const known = [
      { ...asReader, former: "yes" },
      { ...asResponder, role: reader },
    ] as const;
    const record = analystRecord({ held: known, roles: known });
    expect(lostRoles(record, [known[1]])).toEqual([known[0]]);
    const decision = planSource(sourceSituation({ held: [known[1]], record }));
    expect(decision).toMatchObject({ roles: [known[1]], moved: {} });
  });

  test("is not lost when it is called by another name", () => {
    const renamed = { ...asReader, role: responder };
    expect(planSource(sourceSituation({ held: [renamed] }))).toMatchObject({ roles: [renamed] });
  });

  test("that is held in two ways is stamped once", () => {
    const twice = [asReader, { role: reader, by: "group:elsewhere" }];
    expect(namesOf(twice)).toEqual([reader]);
    expect(planSource(sourceSituation({ held: twice })).plan.steps).toEqual([]);
  });

  test("keeps its place in the list whatever order it was read in", () => {
    const roles = planSource(sourceSituation({ held: [asResponder, asReader] })).roles;
    expect(roles).toEqual([asReader, asResponder]);
  });
});

test("a former role keeps its name on the stamp, and gives nothing by it", () => {
  const former = { ...asReader, former: "yes" } as const;
  const decision = planSource(
    sourceSituation({ held: [asResponder, former], record: analystRecord({ roles: [former] }) }),
  );
  const [stamp] = decision.plan.steps;
  expect(Object.values(stamp?.kind === "stamp" ? stamp.values : {})).toEqual(["reader;responder"]);
  expect(presentNamesOf(decision.roles)).toEqual([responder]);
});

describe("whatever is read", () => {
  const otherStates = ["disabled", "soft-deleted", "absent"] as const;
  const turns = fc.option(fc.constantFrom(longAgo, lately, justNow));
  const times = <K extends string>(keys: readonly K[]) =>
    fc
      .tuple(...keys.map((key) => turns.map((at) => [key, at] as const)))
      .map((pairs) => Object.fromEntries(pairs.filter(([, at]) => at !== null)) as Record<K, number>); // without null
  const arbitraryRecent = fc
    .record({ states: times(otherStates), roles: times([asReader.by, asResponder.by]) })
    .map(believed);

  const situations = fc
    .record({
      user: fc.constantFrom<"absent" | "soft-deleted" | Partial<SourceUser>>(
        "absent",
        "soft-deleted",
        {},
        { enabled: false },
      ),
      held: fc.subarray([asReader, asResponder]),
      before: fc.option(fc.subarray([asReader, asResponder], { minLength: 1 })),
      recent: arbitraryRecent,
      missing: fc.nat({ max: 30 }),
      doubtful: fc.boolean(),
      kept: fc.constantFrom("yes", "no"),
    })
    .map(({ user, held, before, recent, missing, doubtful, kept }) => {
      const lost = (before ?? []).filter((role) => !held.includes(role));
      return sourceSituation({
        user,
        held,
        protected: kept,
        record: before === null ? null : analystRecord({ held: before, roles: before, recent }),
        loss:
          lost.length === 0
            ? null
            : {
                evidence: doubtful ? { kind: "doubtful", why: "page 2 failed" } : { kind: "sound" },
                roles: lost.map((role) => ({
                  ...role,
                  known: 30,
                  missing,
                  refusedFirst: 0,
                  lostBy: "person" as const,
                  listing: "complete",
                })),
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
        const lost = lostRoles(situation.record, decision.roles);
        if (lost.length === 0 || decision.leaving === "disabled" || decision.leaving === "deleted") return;
        expect(situation.loss?.evidence.kind).toBe("sound");
        expect(situation.loss?.roles.every(({ missing }) => missing <= 5)).toBe(true);
      }),
    );
  });

  test("what was true not long ago and is not what was seen last changes nothing", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { record, read } = situation;
        fc.pre(record !== null && situation.protected === "no");
        const seen = read.kind === "present" ? (read.user.enabled ? "enabled" : "disabled") : read.kind;
        const until = record?.recent.states[seen] ?? 0;
        const decision = planSource(situation);
        if (now - until < replicationWindowMs) {
          expect(decision).toMatchObject({ held: record?.held, roles: record?.roles, leaving: null });
          expect(decision.plan.steps).toEqual([]);
        }
        for (const [by, at] of Object.entries(record?.recent.roles ?? {})) {
          if (now - at >= replicationWindowMs || seen === "absent") continue;
          const had = (roles: readonly HeldRole[] = []) => roles.some((role) => role.by === by);
          expect(had(decision.held)).toBe(had(record?.held));
        }
      }),
    );
  });
});
