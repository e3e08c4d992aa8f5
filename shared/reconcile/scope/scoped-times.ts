import { comesAtOnce } from "../../model/grant.ts";
import { isGiven, isOutOfScope, scopeHeld, type LedgerRow } from "../../model/ledger.ts";
import type { PairRecord, Scoped } from "../../model/pair.ts";

/**
 * Who joins after having left begins a new time: what came in between is not Muster's. From one scope into another is no leaving, and
 * out is who Graph has taken out: one who had to be taken out once more was still in.
 */
export function scopedAfter(
  { scoped }: PairRecord,
  after: readonly LedgerRow[],
  graphNow: () => number,
): PairRecord["scoped"] {
  if (isOutOfScope(after)) return scoped === null ? null : { ...scoped, until: graphNow() };
  return isInScope(after) ? scopedSince(scoped, graphNow) : scoped;
}

/** A time that goes on, or a new one that begins at `since`, epoch ms. */
export function scopedSince(scoped: PairRecord["scoped"], since: () => number): Scoped {
  if (scoped?.until === null) return scoped;
  return { since: since(), until: null, earlier: timesOf(scoped).slice(-mostTimes) };
}

function timesOf(scoped: PairRecord["scoped"]): Scoped["earlier"] {
  if (scoped === null) return [];
  const { since, until, earlier } = scoped;
  return until === null ? earlier : [...earlier, { since, until }];
}

/** Sync makes an account within a cycle or two of such a time, whoever comes and goes meanwhile. */
const mostTimes = 30;

/** What was asked to be taken away is delivered later: until a look has shown it gone, sync may see the analyst in it. */
export const isBeingTaken = (ledger: readonly LedgerRow[]): boolean =>
  ledger.some(
    ({ item, entry }) =>
      item.kind === "scope" &&
      (entry.state === "removing" || (entry.state === "removed" && !comesAtOnce(item.scope))),
  );

export function isInScope(ledger: readonly LedgerRow[]): boolean {
  const entry = scopeHeld(ledger);
  return entry !== undefined && isGiven(entry);
}
