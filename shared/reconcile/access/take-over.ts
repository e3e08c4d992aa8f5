import type { LedgerState } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";

/**
 * A run that begins finds the intents of the runs before it. One without its answer may be a call that is still under way:
 * its run lost the pair, or died, or the answer got lost. Until such a call can no more take effect, a read that shows
 * what is wanted proves nothing.
 */
export function takenOver(pair: PairRecord): PairRecord {
  const openAt = (state: LedgerState) =>
    pair.ledger.filter(({ entry }) => entry.state === state).map(({ entry }) => entry.at);
  const { account } = pair;
  const isOpen = account?.blocked === "intended" || account?.deleted === "intended";
  const atAccount = isOpen ? [pair.wroteAt] : [];
  return {
    ...pair,
    doubt: {
      gives: latest(pair.doubt.gives, [...openAt("adding"), ...atAccount]),
      takes: latest(pair.doubt.takes, [...openAt("removing"), ...atAccount]),
    },
  };
}

const latest = (known: number, times: readonly number[]) =>
  Math.max(known, ...times.map((at) => at + replicationWindowMs));
