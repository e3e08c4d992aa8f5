import * as fc from "fast-check";
import { grantKey } from "../../shared/model/grant.ts";
import type { ByMuster, LedgerEntry } from "../../shared/model/ledger.ts";
import type { NamedGrant } from "../../shared/planner/owned.ts";
import type { ModelAccount, ModelWorld, Rules } from "./access-model.ts";
import {
  anasAccount,
  dayMs,
  hunters,
  justNow,
  lately,
  longAgo,
  minuteMs,
  now,
  readers,
  remembered,
  responders,
  syncScope,
} from "./fixtures.ts";

const keeps = (gave: readonly string[] | null) => ({
  why: "the role is not in the policy any more",
  gave,
  lost: [grantKey(responders.grant)],
});

/** Any state that one analyst, one target and Muster's memory of them can be in, likely or not. */
export function arbitraryWorld(
  narrow: {
    readonly rules?: Partial<Rules>;
    readonly leaving?: fc.Arbitrary<ModelWorld["leaving"]>;
  } = {},
): fc.Arbitrary<ModelWorld> {
  return arbitraryRules(narrow.rules).chain((rules) =>
    fc
      .record({
        leaving: narrow.leaving ?? fc.constantFrom(null, null, "no-role", "disabled", "deleted"),
        wants: fc.subarray([...rules.managed]),
        keeps: fc.constantFrom(null, null, null, keeps(null), keeps([grantKey(readers.grant)])),
        inScope: fc.boolean(),
        account: fc.option(arbitraryAccount),
        record: fc.option(arbitraryRecord),
        grants: arbitraryLedger([readers, responders, hunters]),
        scope: fc.option(arbitraryEntry, { nil: undefined }),
        gone: fc.subarray(
          [readers, responders, syncScope].map((named) => ({
            what:
              "scope" in named
                ? { kind: "scope" as const, scope: named.scope }
                : { kind: "grant" as const, grant: named.grant },
            at: now - 60 * minuteMs,
          })),
        ),
        leftAt: fc.option(times),
        asked: fc.constantFrom({ tries: 0, scopedAt: null }, { tries: 3, scopedAt: longAgo }),
        doubt: fc.record({ gives: doubts, takes: doubts }),
      })
      .map(({ leaving, wants, keeps, inScope, account, record, ...remembers }) => ({
        rules,
        now,
        leaving,
        inScope,
        account,
        doubles: 0,
        wanted: leaving === null ? wants : [],
        keeps: leaving === null ? keeps : null,
        memory: {
          ...remembers,
          scopedSince: remembers.scope === undefined ? null : longAgo,
          account: record,
          leftAt: leaving === null ? null : remembers.leftAt,
        },
      }))
      // Nobody can find a deleted account whose id nobody remembers.
      .filter(({ account, memory }) => account?.state !== "recycled" || memory.account !== null),
  );
}

function arbitraryRules(fixed: Partial<Rules> = {}): fc.Arbitrary<Rules> {
  return fc
    .record({
      block: fc.boolean(),
      deleteAfterMs: fc.constantFrom<number | "never">(0, 0, dayMs, "never"),
      accounts: fc.constantFrom("owned", "owned", "all"),
      movers: fc.constantFrom("add-first", "remove-first"),
    })
    .map(({ movers, ...leavers }) => ({
      leavers,
      movers,
      managed: [readers, responders],
      mode: "full",
      protected: [],
      unwritable: new Map(),
      removalsPerRun: 100,
      ...fixed,
    }));
}

const times = fc.constantFrom(longAgo, lately, justNow);
const doubts = fc.constantFrom(0, 0, 0, now + minuteMs);

const arbitraryEntry: fc.Arbitrary<LedgerEntry> = fc
  .record({
    state: fc.constantFrom("adding", "added", "removing", "removed"),
    at: times,
    oppositeAt: fc.oneof(fc.constant(0), times),
  })
  .map(({ state, at, oppositeAt }) => ({
    state,
    at,
    oppositeAt: Math.min(oppositeAt, at),
  }));

const arbitraryAccount: fc.Arbitrary<ModelAccount> = fc.record({
  id: fc.constant(anasAccount),
  state: fc.constantFrom("live", "live", "recycled"),
  enabled: fc.boolean(),
  createdAt: fc.constantFrom(longAgo - dayMs, longAgo + 1),
  synced: fc.boolean(),
  contested: fc.constantFrom(false, false, false, true),
  groups: fc
    .subarray([readers, responders, hunters])
    .map((some) => new Set(some.map(({ grant }) => grantKey(grant)))),
});

const byMuster = ["no", "intended", "confirmed"] as const satisfies readonly ByMuster[];

const arbitraryRecord = fc
  .record({
    origin: fc.constantFrom("created", "before"),
    blocked: fc.constantFrom(...byMuster),
    deleted: fc.constantFrom(...byMuster, "expected", "by-others"),
    changedAt: times,
    aliveAt: fc.oneof(fc.constant(0), times),
    unblockedAt: fc.oneof(fc.constant(0), times),
  })
  .map(remembered);

function arbitraryLedger(names: readonly NamedGrant[]): fc.Arbitrary<ModelWorld["memory"]["grants"]> {
  return fc
    .tuple(
      ...names.map((named) =>
        fc.option(arbitraryEntry.map((entry) => ({ named, entry, account: anasAccount }))),
      ),
    )
    .map(
      (rows) => new Map(rows.filter((row) => row !== null).map((row) => [grantKey(row.named.grant), row])),
    );
}
