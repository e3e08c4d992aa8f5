import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import { replicationWindowMs } from "../../shared/planner/membership.ts";
import { converge, read, round, type ModelWorld } from "../support/access-model.ts";
import { arbitraryWorld } from "../support/arbitrary-world.ts";

/**
 * Reads that come from replicas which are behind, by less than the replication window, while the policy changes its
 * mind. Whatever Muster did on what it was shown, once the replicas have caught up all is as it should be.
 */
const rules = { leavers: { block: true, deleteAfterMs: 0, accounts: "owned" } } as const;
const stepMs = 7_000;
const longerThanAnyLag = replicationWindowMs + 1;
const mostLag = Math.floor(replicationWindowMs / stepMs) - 1;

type Wish = Pick<ModelWorld, "leaving" | "wanted">;

/** One round: by how many rounds its read is behind, and what is wanted from then on if that changes. */
type Play = { readonly lag: number; readonly wish: Wish | null };

const wishes = arbitraryWorld({ rules }).map(({ leaving, wanted }): Wish => ({ leaving, wanted }));
const plays = fc.array(fc.record({ lag: fc.nat({ max: mostLag }), wish: fc.option(wishes) }), {
  minLength: 2,
  maxLength: 12,
});

/** A world that every replica knows, in which whatever Muster wrote is in place. */
const settledWorlds = arbitraryWorld({ rules })
  .map(ended)
  .map((world) => ({ ...world, now: world.now + 2 * replicationWindowMs }))
  // An account that was never found leaves ledger rows that were never settled.
  .filter(({ memory }) => [...memory.grants.values()].every(({ entry }) => entry.state !== "removed"));

/** What became of a world after these rounds, and after the replicas have caught up. */
function play(start: ModelWorld, rounds: readonly Play[]): ModelWorld {
  const history = [start];
  const latest = () => history.at(-1) ?? start;
  for (const { lag, wish } of rounds) {
    const { after } = round({ ...latest(), ...wish }, history.at(-1 - lag) ?? start);
    history.push({ ...after, now: after.now + stepMs });
  }
  return ended(latest());
}

function ended(world: ModelWorld): ModelWorld {
  return converge(world, longerThanAnyLag).at(-1)?.after ?? world;
}

/** What a proven account that is there is a member of; null without one. */
function heldIn(world: ModelWorld): ReadonlySet<string> | null {
  const { account } = read(world);
  return account.kind === "present" && account.proof !== "contested" ? (world.account?.groups ?? null) : null;
}

const keysOf = ({ wanted }: Wish) => wanted.map(({ grant }) => grantKey(grant));

/** Memberships that Muster has no word on. */
const native = ({ account, memory }: ModelWorld) =>
  [...(account?.groups ?? [])].filter((key) => !memory.grants.has(key));

const property = (check: (start: ModelWorld, rounds: readonly Play[], end: ModelWorld) => void) =>
  fc.assert(
    fc.property(settledWorlds, plays, (start, rounds) => check(start, rounds, play(start, rounds))),
    { numRuns: 300 },
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
      const held = heldIn(end) ?? new Set();
      const given = [...rounds.flatMap(({ wish }) => (wish === null ? [] : keysOf(wish))), ...keysOf(start)];
      const musters = new Set([...given, ...start.memory.grants.keys()]).difference(new Set(native(start)));
      const over = musters.difference(new Set(keysOf(end)));
      expect([...over].filter((key) => held.has(key))).toEqual([]);
    });
  });

  test("what others gave is never lost", () => {
    property((start, _, end) => {
      if (end.account?.state !== "live" || end.account.id !== start.account?.id) return;
      const held = end.account.groups;
      expect(native(start).filter((key) => !held.has(key))).toEqual([]);
    });
  });
});
