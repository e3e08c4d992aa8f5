import type { AnalystId } from "../../model/ids.ts";
import type { LookedAt } from "../../state/analysts.ts";
import { unsettledAmong } from "./unsettled.ts";
import type { ChangesRead } from "./who-changed.ts";

type Asked = {
  readonly whom: "everybody" | "changed";
  readonly changes: ChangesRead;
  /** Everything that shows a role in the policy; null where that could not be found out. */
  readonly ways: ReadonlySet<string> | null;
  readonly now: number;
};

/** `unheard`: they have changed, and nobody has looked since. */
type Calls = { readonly unheard: readonly AnalystId[]; readonly now: readonly AnalystId[] };

/** Whom a catch-up calls, of all who are known. Who changed and is not known holds no role, or is found by what shows it. */
export function whomToCall(analysts: readonly LookedAt[], { whom, changes, ways, now }: Asked): Calls {
  const changed =
    changes.kind === "unknown" ? [] : analysts.filter(({ record }) => changes.changed.has(record.id));
  const since = changes.kind === "unknown" ? 0 : changes.since;
  const unheard = changed.filter(({ clock }) => clock.lookedAt <= since);
  const isCalled = new Set(unheard);
  const due =
    whom === "everybody" ? analysts : [...new Set([...changed, ...unsettledAmong(analysts, { ways, now })])];
  return {
    unheard: idsOf(unheard),
    now: idsOf(due.filter((one) => !isCalled.has(one) && !isLongGone(one, now))),
  };
}

const idsOf = (some: readonly LookedAt[]) => some.map(({ record }) => record.id);

/** Nobody comes back who was purged; of who was missing for so long, one look a day is enough. */
function isLongGone({ record: { missingSince }, clock: { lookedAt } }: LookedAt, now: number): boolean {
  const isMissing = missingSince !== null && now - missingSince > longGoneMs;
  return isMissing && Math.abs(now - lookedAt) < dayMs;
}

const dayMs = 24 * 60 * 60_000;
const longGoneMs = 30 * dayMs;
