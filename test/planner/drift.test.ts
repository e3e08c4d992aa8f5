import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import { assignmentPolicyIdSchema, packageIdSchema } from "../../shared/model/ids.ts";
import type { LedgerRow } from "../../shared/model/ledger.ts";
import { unknownPair, type PairRecord } from "../../shared/model/pair.ts";
import { driftOf, removalsAllowed, type PlaceSeen, type Remembered } from "../../shared/planner/drift.ts";
import { sourceDriftOf, type SourceShown } from "../../shared/planner/source-drift.ts";
import {
  ana,
  analystRecord,
  anasAccount,
  asReader,
  asResponder,
  bensAccount,
  entry,
  longAgo,
  readers,
  remembered,
  responders,
  stampsFor,
  reader,
  syncScope,
} from "../support/fixtures.ts";

const row = (named: typeof readers, state: LedgerRow["entry"]["state"] = "added"): LedgerRow => ({
  item: { kind: "grant", grant: named.grant, account: anasAccount },
  name: named.name,
  entry: entry(state),
});
const scopeRow = (state: LedgerRow["entry"]["state"] = "added"): LedgerRow => ({
  item: { kind: "scope", scope: syncScope.scope },
  name: syncScope.name,
  entry: entry(state),
});
const proof = { hash: "p", at: longAgo, entered: "yes" } as const;

const pairOf = (changes: Partial<PairRecord> = {}): PairRecord => ({
  ...unknownPair,
  account: remembered(),
  ledger: [row(readers), scopeRow()],
  proof,
  ...changes,
});

const packaged = {
  name: "SOC Operator",
  grant: {
    kind: "package",
    package: packageIdSchema.parse("4a000000-0000-4000-8000-000000000001"),
    policy: assignmentPolicyIdSchema.parse("4b000000-0000-4000-8000-000000000001"),
    expires: null,
    renew: false,
  },
} as const;

/** Ana, a reader of Contoso, as Muster remembers her. */
const anaThere = (changes: Partial<Remembered> = {}): Remembered => ({
  analyst: ana,
  pair: pairOf(),
  wanted: [readers],
  keeps: null,
  scope: syncScope,
  own: null,
  ...changes,
});

/** And as Contoso shows her. */
const shown = (changes: Partial<PlaceSeen> = {}): PlaceSeen => ({
  holds: (grant) => (grantKey(grant) === grantKey(readers.grant) ? "present" : "absent"),
  inScope: () => "present",
  account: () => "enabled",
  stamped: () => [],
  ...changes,
});

describe("somebody who belongs there", () => {
  test("and has what they should have does not differ", () => {
    expect(driftOf(anaThere(), shown())).toEqual({ why: [], removals: 0 });
  });

  test.each<[string, Partial<Remembered>, Partial<PlaceSeen>, string]>([
    ["without a known account", { pair: pairOf({ account: null }) }, {}, "no account of theirs is known"],
    ["whose account is gone", {}, { account: () => "none" }, "the account is gone"],
    ["whose account is blocked", {}, { account: () => "blocked" }, "the account is blocked"],
    ["whose account has another's stamp", {}, { account: () => "foreign" }, "does not carry their stamp"],
    ["who lacks something", { wanted: [readers, responders] }, {}, "SOC Responders is missing"],
    ["who was taken out of the scope", {}, { inScope: () => "absent" }, "not in the scope Sync to Contoso"],
    [
      "who has too much",
      { pair: pairOf({ ledger: [row(readers), row(responders), scopeRow()] }) },
      { holds: () => "present" },
      "SOC Responders is not to be there",
    ],
    [
      "who has again what was taken back",
      { pair: pairOf({ ledger: [row(readers), row(responders, "removed"), scopeRow()] }) },
      { holds: () => "present" },
      "SOC Responders was taken back, and is there",
    ],
  ])("%s differs", (_, changes, seen, why) => {
    expect(driftOf(anaThere(changes), shown(seen)).why).toEqual([expect.stringContaining(why)]);
  });

  test("of whom nothing could be read does not differ", () => {
    const nothing: Partial<PlaceSeen> = {
      holds: () => "unknown",
      inScope: () => "unknown",
      account: () => "unknown",
    };
    expect(driftOf(anaThere({ wanted: [readers, responders] }), shown(nothing)).why).toEqual([]);
  });

  test("keeps what a kept role gave, what a lost one gave for a while, and misses nothing that a review denied", () => {
    const ledger = [row(readers), row(responders), scopeRow()];
    const keeps = { why: "", gave: [grantKey(responders.grant)], lost: [] };
    expect(driftOf(anaThere({ pair: pairOf({ ledger }), keeps }), shown()).why).toEqual([]);
    const unwanted = { [grantKey(responders.grant)]: longAgo };
    expect(driftOf(anaThere({ pair: pairOf({ ledger, unwanted }) }), shown()).why).toEqual([]);
    const denials = {
      [grantKey(responders.grant)]: {
        at: longAgo,
        review: { id: "r", name: "r" },
        by: null,
        decided: null,
        why: null,
      },
    } as unknown as PairRecord["denials"]; // of a denial, that it is there
    const wanted = [readers, responders];
    expect(driftOf(anaThere({ pair: pairOf({ denials }), wanted }), shown()).why).toEqual([]);
    const ended = [grantKey(responders.grant)];
    expect(driftOf(anaThere({ pair: pairOf({ ended }), wanted }), shown()).why).toEqual([]);
    const given = row(responders);
    const refused = { ...given, entry: { ...given.entry, refused: "the approver said no" } };
    expect(driftOf(anaThere({ pair: pairOf({ ledger: [refused] }), wanted }), shown()).why).toEqual([]);
    const taken = { [grantKey(responders.grant)]: longAgo };
    expect(driftOf(anaThere({ pair: pairOf({ taken }), wanted }), shown()).why).toEqual([]);
  });

  test("and is a guest who ends because the last package has, does not differ, until there is a package", () => {
    const account = remembered({ proof: "assignment", deleted: "expected" });
    const wanted = [readers, packaged];
    const blocked: Partial<PlaceSeen> = { account: () => "blocked" };
    const pair = pairOf({ account, ended: [grantKey(packaged.grant)] });
    expect(driftOf(anaThere({ pair, wanted, scope: null }), shown(blocked)).why).toEqual([]);
    const has = shown({ ...blocked, holds: () => "present" });
    expect(driftOf(anaThere({ pair, wanted, scope: null }), has).why).toEqual(["the account is blocked"]);
    expect(driftOf(anaThere({ pair, wanted: [] }), shown({ inScope: () => "absent" })).why).toEqual([]);
  });

  test("and left in a scope that somebody else had put them into, does not differ", () => {
    const left = pairOf({ ledger: [], leftIn: [grantKey(syncScope.scope)] });
    expect(driftOf(anaThere({ pair: left, wanted: [] }), shown()).why).toEqual([]);
  });

  test("and only keeps what they have, has no account to be missed", () => {
    const keeps = { why: "", gave: null, lost: [] };
    const pair = pairOf({ account: null, ledger: [] });
    expect(driftOf(anaThere({ pair, keeps, wanted: [] }), shown()).why).toEqual([]);
  });

  test("counts what would be taken from them", () => {
    const ledger = [row(readers), row(responders), scopeRow()];
    expect(
      driftOf(
        anaThere({ wanted: [], keeps: { why: "", gave: [], lost: [] }, pair: pairOf({ ledger }) }),
        shown(),
      ).removals,
    ).toBe(2);
  });

  test("at home has no account that anybody makes", () => {
    const own = anasAccount;
    expect(
      driftOf(
        anaThere({ own, scope: null, pair: pairOf({ account: null }) }),
        shown({ account: () => "none" }),
      ).why,
    ).toEqual([]);
  });
});

describe("somebody who has left", () => {
  const gone = (changes: Partial<PairRecord> = {}) =>
    anaThere({
      wanted: [],
      pair: pairOf({
        account: remembered({ blocked: "confirmed", deleted: "confirmed" }),
        ledger: [row(readers, "removed"), scopeRow("removed")],
        ...changes,
      }),
    });
  const nothing: Partial<PlaceSeen> = {
    holds: () => "absent",
    inScope: () => "absent",
    account: () => "none",
  };

  test("and is in a scope again that the policy does not name any more", () => {
    const back = shown({ ...nothing, inScope: () => "present" });
    expect(driftOf({ ...gone(), scope: null }, back).why).toEqual([
      "in the former scope Sync to Contoso again",
    ]);
  });

  test("and is proven out does not differ", () => {
    expect(driftOf(gone(), shown(nothing))).toEqual({ why: [], removals: 0 });
  });

  test.each<[string, Partial<PairRecord>, Partial<PlaceSeen>, string]>([
    ["and is not proven out", { unproven: { since: 0, why: "", advice: "" } }, {}, "nothing proves"],
    ["and was never shown to be out", { proof: null, ledger: [row(readers, "removing")] }, {}, "never shown"],
    ["and is in the group again", {}, { holds: () => "present" }, "was taken back, and is there"],
    ["and is in scope again", {}, { inScope: () => "present" }, "without Muster's doing"],
    ["and whose account is enabled again", {}, { account: () => "enabled" }, "enabled"],
    [
      "and has a second account",
      {},
      { stamped: () => [{ id: bensAccount, enabled: true }] },
      `another account with their stamp is enabled: ${bensAccount}`,
    ],
  ])("%s differs", (_, changes, seen, why) => {
    expect(driftOf(gone(changes), shown({ ...nothing, ...seen })).why).toEqual([
      expect.stringContaining(why),
    ]);
  });

  test("keeps the account and the scope that a proof let stay", () => {
    const account = remembered({ origin: "before" });
    const stays = gone({ account, ledger: [scopeRow("added")] });
    expect(
      driftOf(stays, shown({ ...nothing, inScope: () => "present", account: () => "enabled" })).why,
    ).toEqual([]);
  });
});

test("a run may take a share, and one thing at least", () => {
  expect([0, 1, 4, 5, 10, 100].map((given) => removalsAllowed(given, 0.2))).toEqual([1, 1, 1, 1, 2, 20]);
});

describe("an analyst in the source", () => {
  const home = (changes: Partial<SourceShown> = {}): SourceShown => ({
    person: () => ({ enabled: true, stamps: stampsFor([reader]) }),
    holds: (by) => (by === asReader.by ? "yes" : "no"),
    ways: [asReader.by, asResponder.by],
    ...changes,
  });
  const drift = (changes: Parameters<typeof analystRecord>[0], seen: Partial<SourceShown> = {}) =>
    sourceDriftOf(analystRecord(changes), stampsFor([reader]), home(seen));

  test("who is as they were does not differ", () => {
    expect(drift({})).toEqual([]);
  });

  test.each<[string, Parameters<typeof analystRecord>[0], Partial<SourceShown>, string]>([
    ["is disabled", {}, { person: () => ({ enabled: false, stamps: {} }) }, "the account is disabled"],
    ["is gone", {}, { person: () => "none" }, "nowhere among the users"],
    ["is enabled again", { leaving: "disabled" }, {}, "the account is enabled again"],
    ["is back from the recycle bin", { leaving: "deleted" }, {}, "the account is enabled again"],
    ["holds another role", {}, { holds: () => "yes" }, "holds what was not known"],
    ["holds a role no more", {}, { holds: () => "no" }, "does not hold any more"],
    ["holds a role again", { leaving: "no-role", held: [], roles: [] }, {}, "holds what was not known"],
    ["has another stamp", {}, { person: () => ({ enabled: true, stamps: {} }) }, "the stamp"],
  ])("who %s differs", (_, changes, seen, why) => {
    expect(drift(changes, seen)[0]).toContain(why);
  });

  test.each<[string, Parameters<typeof analystRecord>[0], Partial<SourceShown>]>([
    ["could not be read", {}, { person: () => "unknown" }],
    ["is deleted, as was known", { leaving: "deleted" }, { person: () => "none" }],
    [
      "is disabled, as was known",
      { leaving: "disabled" },
      { person: () => ({ enabled: false, stamps: {} }) },
    ],
    ["is said to have left, whatever they hold", { leaving: "departed" }, {}],
    ["holds what could not be listed to its end", {}, { holds: () => "unknown" }],
  ])("who %s does not", (_, changes, seen) => {
    expect(drift(changes, seen)).toEqual([]);
  });
});
