import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import { replicationWindowMs, visibleMs } from "../../shared/planner/replicas.ts";
import { converge, read, round, type ModelAccount, type ModelWorld } from "../support/access-model.ts";
import { arbitraryWorld } from "../support/arbitrary-world.ts";
import {
  anasAccount,
  lately,
  longAgo,
  minuteMs,
  now,
  readers,
  remembered,
  responders,
} from "../support/fixtures.ts";

/**
 * Reads that come from replicas which are behind, by less than the replication window, while the policy changes its
 * mind. Whatever Muster did on what it was shown, once the replicas have caught up all is as it should be.
 */
const rules = { leavers: { block: true, deleteAfterMs: 0, accounts: "owned" } } as const;
const longerThanAnyLag = replicationWindowMs + 1;

type Wish = Pick<ModelWorld, "leaving" | "wanted" | "keeps">;

/** One round: how old its read is, when the next one comes, and what is wanted from then on if that changes. */
type Play = { readonly lagMs: number; readonly pauseMs: number; readonly wish: Wish | null };

const wishes = arbitraryWorld({ rules }).map(({ leaving, wanted, keeps }): Wish => ({
  leaving,
  wanted,
  keeps,
}));
const plays = fc.array(
  fc.record({
    lagMs: fc.oneof(fc.constant(0), fc.nat({ max: visibleMs }), fc.nat({ max: replicationWindowMs - 1 })),
    pauseMs: fc.constantFrom(100, 2_000, 7_000, visibleMs, 40_000, replicationWindowMs),
    wish: fc.option(wishes),
  }),
  { minLength: 2, maxLength: 12 },
);

/** A world that every replica knows, in which whatever Muster wrote is in place. */
const settledWorlds = arbitraryWorld({ rules })
  .map(ended)
  .map((world) => ({ ...world, doubles: 0, now: world.now + 2 * replicationWindowMs }))
  // An account that was never found leaves ledger rows that were never settled.
  .filter(({ memory }) => [...memory.grants.values()].every(({ entry }) => entry.state !== "removed"));

/** What became of a world after these rounds, and after the replicas have caught up. */
function play(start: ModelWorld, rounds: readonly Play[]): ModelWorld {
  /** The world as it was from each moment on. */
  const history = [start];
  let current = start;
  for (const { lagMs, pauseMs, wish } of rounds) {
    const world = { ...current, ...wish };
    const shown = history.findLast(({ now }) => now <= world.now - lagMs) ?? start;
    const { after } = round(world, shown);
    history.push({ ...after, now: world.now });
    current = { ...after, now: after.now + pauseMs };
  }
  return ended(current);
}

function ended(world: ModelWorld): ModelWorld {
  return converge(world, longerThanAnyLag).at(-1)?.after ?? world;
}

/** What a proven account that is there is a member of; null without one. */
function heldIn(world: ModelWorld): ReadonlySet<string> | null {
  const { account } = read(world);
  return account.kind === "present" && account.proof !== "contested" ? (world.account?.groups ?? null) : null;
}

const keysOf = ({ wanted }: Pick<Wish, "wanted">) => wanted.map(({ grant }) => grantKey(grant));

/** Memberships that Muster has no word on. */
const native = ({ account, memory }: ModelWorld) =>
  [...(account?.groups ?? [])].filter((key) => !memory.grants.has(key));

const wishFor = (...wanted: Wish["wanted"]): Wish => ({ leaving: null, wanted, keeps: null });

const emptyAccount: ModelAccount = {
  id: anasAccount,
  state: "live",
  enabled: true,
  createdAt: longAgo,
  synced: true,
  contested: false,
  groups: new Set(),
};

/** Nobody is anything, and nothing is remembered. */
const empty: ModelWorld = {
  now,
  rules: {
    ...rules,
    managed: [readers, responders],
    movers: "remove-first",
    mode: "full",
    protected: [],
    unwritable: new Map(),
    removalsPerRun: 100,
  },
  leaving: null,
  wanted: [],
  keeps: null,
  inScope: false,
  account: null,
  doubles: 0,
  memory: {
    grants: new Map(),
    scope: undefined,
    gone: [],
    scopedSince: null,
    account: null,
    leftAt: null,
    asked: { tries: 0, scopedAt: null },
    doubt: { gives: 0, takes: 0 },
  },
};

const property = (check: (start: ModelWorld, rounds: readonly Play[], end: ModelWorld) => void) =>
  fc.assert(
    fc.property(settledWorlds, plays, (start, rounds) => check(start, rounds, play(start, rounds))),
    { numRuns: 500 },
  );

describe("with replicas that lag behind", () => {
  test("an analyst ends with all that is wanted", () => {
    property((_, __, end) => {
      const held = heldIn(end);
      if (held !== null) expect(keysOf(end).filter((key) => !held.has(key))).toEqual([]);
    });
  });

  test("nobody ends with anything of Muster's that is not wanted any more", () => {
    property((start, rounds, end) => {
      if (end.keeps !== null) return;
      const held = heldIn(end) ?? new Set();
      const given = [...rounds.flatMap(({ wish }) => (wish === null ? [] : keysOf(wish))), ...keysOf(start)];
      const musters = new Set([...given, ...start.memory.grants.keys()]).difference(new Set(native(start)));
      const over = musters.difference(new Set(keysOf(end)));
      expect([...over].filter((key) => held.has(key))).toEqual([]);
    });
  });

  test("nobody ends with two accounts", () => {
    property((_, __, end) => {
      expect(end.doubles).toBe(0);
    });
  });

  test("what others gave is never lost", () => {
    property((start, _, end) => {
      if (end.account?.state !== "live" || end.account.id !== start.account?.id) return;
      const held = end.account.groups;
      expect(native(start).filter((key) => !held.has(key))).toEqual([]);
    });
  });

  test("what Muster took back and others gave stays, although it was asked for where the account was in the recycle bin", () => {
    const start: ModelWorld = {
      ...empty,
      account: { ...emptyAccount, state: "recycled", groups: new Set([grantKey(readers.grant)]) },
      memory: {
        ...empty.memory,
        account: remembered({ deleted: "confirmed", changedAt: lately }),
        gone: [{ what: { kind: "grant", grant: readers.grant }, at: now - 60 * minuteMs }],
      },
    };
    const stays = { lagMs: 0, pauseMs: 100 } as const;
    const end = play(start, [
      { ...stays, wish: wishFor(responders) },
      { ...stays, wish: wishFor() },
      // Deleted a moment ago, and on show all the same: Graph refuses to give it anything.
      { ...stays, lagMs: 101, wish: wishFor(readers) },
      { ...stays, wish: null },
      { ...stays, wish: wishFor(responders) },
    ]);
    expect(end.account?.state).toBe("live");
    expect(native(end)).toEqual(native(start));
  });

  test("nobody who leaves ends with an account of Muster's that is enabled, nor in a scope Muster put them in", () => {
    property((_, __, end) => {
      if (end.wanted.length > 0 || end.keeps !== null || end.account?.contested === true) return;
      const { owned, scope } = read(end);
      if (owned.account?.origin === "before") return;
      if (owned.account !== null) expect(end.account?.state === "live" && end.account.enabled).toBe(false);
      if (owned.scope !== undefined && scope?.seen !== "deleted") expect(end.inScope).toBe(false);
    });
  });
});
