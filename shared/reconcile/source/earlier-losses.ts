import type { AnalystRecord, LostBy, Refused } from "../../model/analyst.ts";
import { lossWindowMs, occasionMs, refusalMs, refusalOf, type LostRole } from "../../planner/loss-checks.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";

/** That somebody was seen to have lost the role, whether they were let go or are kept. Times are epoch ms. */
type Lost = {
  readonly one: AnalystRecord;
  readonly at: number;
  /** When a look last found it held. */
  readonly confirmedAt: number;
  /** Of how many others nobody had seen it yet when it was refused; null: it was not, and any number may come. */
  readonly unseen: number | null;
  readonly occasion: number;
};

export function lossOf(
  one: AnalystRecord,
  { by, refusal, at }: { readonly by: string; readonly refusal: Refused | undefined; readonly at: number },
): Lost {
  const unseen = typeof refusal?.among === "number" ? (refusal.unseen ?? 0) : null;
  const confirmedAt = one.confirmed[by] ?? one.confirmedAt;
  return {
    one,
    at,
    // Nobody is seen to hold what they have lost: the clock by which they were was ahead.
    confirmedAt: confirmedAt > at ? 0 : confirmedAt,
    unseen,
    occasion: refusal?.occasion ?? at,
  };
}

/** How somebody else lost it, if a look has shown that yet. */
export function lossBefore(one: AnalystRecord, lost: Pick<LostRole, "by" | "lostBy">): readonly Lost[] {
  const refusal = refusalOf(one.refused, lost);
  const at = refusal?.since ?? one.lost[lost.by];
  return at === undefined ? [] : [lossOf(one, { by: lost.by, refusal, at })];
}

/**
 * Whether the first was another loss, before the second: the second was seen to hold the role after it, or lost it later, when
 * everybody who was missing at the first had been seen to be.
 */
export const isBefore = (first: Lost, second: Lost, losses: readonly Lost[]): boolean =>
  first.at + replicationWindowMs < second.confirmedAt ||
  (first.at + lossWindowMs < second.at && isComplete(first, second, losses));

/** Who comes late was missing when the first was refused, as long as not as many have come as were. */
function isComplete({ at, unseen }: Lost, second: Lost, losses: readonly Lost[]): boolean {
  if (unseen === null || unseen === 0) return unseen === 0;
  return unseen <= losses.filter((loss) => at + lossWindowMs < loss.at && loss.at < second.at).length;
}

/** When the loss was refused first on this occasion: to the first of those of whom people hear together with this one. */
export function refusedFirst(own: Lost, losses: readonly Lost[], lostBy: LostBy): number {
  const isHeardWith = (loss: Lost) =>
    lostBy !== "person" || own.at <= loss.at + refusalMs || !isComplete(loss, own, losses);
  const times = losses.filter(isHeardWith).map(({ occasion }) => occasion);
  return Math.min(own.at, ...times.filter((at) => Math.abs(at - own.at) <= occasionMs));
}
