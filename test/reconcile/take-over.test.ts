import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LedgerState } from "../../shared/model/ledger.ts";
import { unknownPair, type PairRecord } from "../../shared/model/pair.ts";
import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import { takenOver } from "../../shared/reconcile/access/take-over.ts";
import {
  anasAccount,
  entry,
  justNow,
  lately,
  now,
  readers,
  remembered,
  syncScope,
} from "../support/fixtures.ts";

const scopeAs = (state: LedgerState, at: number) =>
  ({
    item: { kind: "scope", scope: syncScope.scope },
    name: syncScope.name,
    entry: entry(state, at),
  }) as const;
const grantAs = (state: LedgerState, at: number) =>
  ({
    item: { kind: "grant", grant: readers.grant, account: anasAccount },
    name: readers.name,
    entry: entry(state, at),
  }) as const;
const doubtOf = (changes: Partial<PairRecord>) => takenOver({ ...unknownPair, ...changes }).doubt;

describe("a run that begins", () => {
  test("doubts nothing when every intent has its answer", () => {
    const ledger = [scopeAs("added", justNow), grantAs("removed", justNow)];
    expect(doubtOf({ ledger, account: remembered({ blocked: "confirmed" }), wroteAt: justNow })).toEqual({
      gives: 0,
      takes: 0,
    });
  });

  test.each([
    ["to give may still give", grantAs("adding", lately), { gives: lately + replicationWindowMs, takes: 0 }],
    [
      "to take may still take",
      grantAs("removing", lately),
      { gives: 0, takes: lately + replicationWindowMs },
    ],
    [
      "to join the scope may still give",
      scopeAs("adding", lately),
      { gives: lately + replicationWindowMs, takes: 0 },
    ],
  ] as const)("knows that a call of an earlier run %s", (_, row, doubt) => {
    expect(doubtOf({ ledger: [row] })).toEqual(doubt);
  });

  test("doubts until the latest of them can take effect no more", () => {
    expect(doubtOf({ ledger: [scopeAs("adding", justNow), grantAs("adding", lately)] }).gives).toBe(
      justNow + replicationWindowMs,
    );
  });

  test.each([{ blocked: "intended" }, { deleted: "intended" }] as const)(
    "knows that a call about the account may still do either: %o",
    (change) => {
      const until = lately + replicationWindowMs;
      expect(doubtOf({ account: remembered(change), wroteAt: lately })).toEqual({
        gives: until,
        takes: until,
      });
    },
  );

  test("does not doubt that sync will delete an account: Muster makes no call for it", () => {
    const account = remembered({ deleted: "expected" });
    expect(doubtOf({ account, wroteAt: now })).toEqual({ gives: 0, takes: 0 });
  });

  test("keeps the doubts of the runs before it, and changes nothing else", () => {
    const doubt = { gives: now + 7, takes: now + 9 };
    const pair = { ...unknownPair, ledger: [grantAs("adding", now - 10 * replicationWindowMs)], doubt };
    expect(takenOver(pair)).toEqual(pair);
  });

  test("says the same when it begins twice", () => {
    fc.assert(
      fc.property(fc.constantFrom("adding", "added", "removing", "removed"), fc.nat(1_000), (state, ago) => {
        const once = takenOver({ ...unknownPair, ledger: [grantAs(state, now - ago)] });
        expect(takenOver(once)).toEqual(once);
      }),
    );
  });
});
