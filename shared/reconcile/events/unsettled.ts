import type { AnalystRecord } from "../../model/analyst.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";
import type { LookedAt } from "../../state/analysts.ts";
import type { KeyClock } from "../../state/key-state.ts";
import { nextSourceLook } from "../run/next-look.ts";
import { lateMs } from "./pairs-behind.ts";

type Watch = {
  /** Everything that shows a role in the policy; null where that could not be found out. */
  readonly ways: ReadonlySet<string> | null;
  readonly now: number;
};

/**
 * Who has to be looked at although nothing tells that they have changed: something about them is open, or was due and did not
 * happen, or others have lost a role since they were last seen to hold it.
 */
export function unsettledAmong(everybody: readonly LookedAt[], watch: Watch): readonly LookedAt[] {
  const lostAt = lastLosses(everybody.map(({ record }) => record));
  return everybody.filter(
    ({ record, clock }) =>
      isOpen(clock) ||
      isOverdue(clock, watch) ||
      isInDoubt(record, watch) ||
      isNewOrAhead(record, clock, watch) ||
      isUnconfirmed(record, { ...watch, lostAt }),
  );
}

const isOpen = ({ waitsFor, probes, findings }: KeyClock): boolean =>
  waitsFor.length > 0 || probes.length > 0 || findings.all.some(({ over }) => over === null);

/**
 * What was believed of them changed lately, perhaps by a look at a replica that was far behind; or they were looked at by a clock that was
 * ahead, and what it has written down is not to be believed.
 */
function isNewOrAhead(
  { since, confirmed, confirmedAt }: AnalystRecord,
  { lookedAt }: KeyClock,
  { now }: Watch,
): boolean {
  return (
    Math.max(lookedAt, since, confirmedAt, ...Object.values(confirmed)) > now + aheadMs || now - since < newMs
  );
}

/** Clocks of hosts differ by less. */
const aheadMs = 60_000;
const newMs = 46 * 60_000;

/** A reminder that was lost, an event that nobody looked at. */
const isOverdue = (clock: KeyClock, { now }: Watch): boolean =>
  nextSourceLook(clock, now - lateMs, "wake").kind === "now";

/** Not everybody was told of them, they are kept in what they do not hold, or what they hold is not shown by anything in the policy. */
function isInDoubt(record: AnalystRecord, { ways, now }: Watch): boolean {
  const { told, version, refused, leftBehind, missingSince, held, roles } = record;
  const isKept = Object.keys(refused).length > 0 || leftBehind === "yes";
  return (
    told !== version ||
    isKept ||
    (missingSince !== null && now - missingSince < dayMs) ||
    (ways !== null && [...held, ...roles].some(({ by }) => !ways.has(by)))
  );
}

/** Nobody comes back who was purged: after that, the daily look is enough. */
const dayMs = 24 * 60 * 60_000;

/** When each role was last lost, by what showed it, epoch ms. */
function lastLosses(everybody: readonly AnalystRecord[]): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const { lost, refused } of everybody) {
    const times = [
      ...Object.entries(lost),
      ...Object.entries(refused).map(([by, { since }]) => [by, since] as const),
    ];
    for (const [by, at] of times) last.set(by, Math.max(at, last.get(by) ?? 0));
  }
  return last;
}

type Confirming = Watch & { readonly lostAt: ReadonlyMap<string, number> };

/** Whether a loss is one of many is told by who was seen to hold the role after it: one look at each of the others says that. */
function isUnconfirmed(
  { roles, confirmed, confirmedAt }: AnalystRecord,
  { lostAt, now }: Confirming,
): boolean {
  return roles.some(({ by }) => {
    const seenFrom = (lostAt.get(by) ?? -Infinity) + replicationWindowMs;
    return seenFrom < now && (confirmed[by] ?? confirmedAt) <= seenFrom;
  });
}
