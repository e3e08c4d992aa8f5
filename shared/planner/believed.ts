import type { HeldRole, Recent, UserState } from "../model/analyst.ts";
import { replicationWindowMs } from "./replicas.ts";
import { sorted } from "./role-lists.ts";
import { stateOf, type SourceSituation, type Verdict } from "./source-situation.ts";

export const isRecent = (at: number, now: number) => now - at < replicationWindowMs;

/** The read shows a state that the user was in not long ago, and nothing about it proves that it is newer than that. */
export function doubtOfState(situation: SourceSituation): Verdict | null {
  const { record, read, now } = situation;
  const seen = stateOf(read);
  const until = record?.recent.states[seen] ?? 0;
  if (!isRecent(until, now) || isNewerThan(until, situation)) return null;
  const why = `that the user is ${seen} was true not long ago and is not what was seen last: it may be the past`;
  return { kind: "uncertain", lookAgainAt: until + replicationWindowMs, why };
}

/**
 * A replica that shows the stamps which Muster wrote after a moment is newer than that moment. When other stamps were
 * written shortly before, the same values may be on show from earlier times, and prove nothing.
 */
function isNewerThan(at: number, { read, record, now }: SourceSituation): boolean {
  const stamps = record?.recent.stamps ?? null;
  if (read.kind !== "present" || stamps === null || stamps.at <= at || isRecent(stamps.beforeAt, now))
    return false;
  return Object.entries(stamps.values).every(([property, value]) => read.user.stamps[property] === value);
}

export type Believed = { readonly held: readonly HeldRole[]; readonly doubtUntil: number | null };

/** What the read shows of the roles, except that one which turned not long ago stays as it is known. */
export function believedRoles(situation: SourceSituation): Believed {
  const { record, now } = situation;
  const held = new Map(situation.held.map((role) => [role.by, role]));
  if (record === null) return { held: sorted(held.values()), doubtUntil: null };
  const known = new Map(record.held.map((role) => [role.by, role]));
  const doubted = Object.entries(record.recent.roles).filter(
    ([by, turnedAt]) =>
      held.has(by) !== known.has(by) && isRecent(turnedAt, now) && !isNewerAttribute(by, turnedAt, situation),
  );
  for (const [by] of doubted) {
    const before = known.get(by);
    if (before === undefined) held.delete(by);
    else held.set(by, before);
  }
  const until = doubted.map(([, turnedAt]) => turnedAt + replicationWindowMs);
  return { held: sorted(held.values()), doubtUntil: until.length === 0 ? null : Math.max(...until) };
}

/** Attributes are on the user, beside the stamps; memberships are not. */
const isNewerAttribute = (by: string, turnedAt: number, situation: SourceSituation) =>
  by.startsWith("attributes:") && isNewerThan(turnedAt, situation);

export function verdictsOf({ doubtUntil }: Believed): readonly Verdict[] {
  if (doubtUntil === null) return [];
  const why = "a role that turned a moment ago seems to have turned back, which may be the past";
  return [{ kind: "uncertain", lookAgainAt: doubtUntil, why }];
}

/** What was just believed becomes the present, and what it takes the place of, the recent past. */
export function nextRecent({ record, read, now }: SourceSituation, held: readonly HeldRole[]): Recent {
  const state = stateOf(read);
  const before = record?.recent;
  const states = {
    // Nothing is known of a user before the first look; a user who was just made or enabled may be seen without.
    ...(before === undefined ? { disabled: now, absent: now } : before.states),
    ...(before !== undefined && before.state !== state ? { [before.state]: now } : {}),
    // Who is back and disabled may have been enabled for a moment that nobody saw.
    ...(state === "disabled" && wasGone(before?.state) ? { enabled: now } : {}),
    [state]: undefined,
  };
  const known = new Set(record?.held.map(({ by }) => by));
  const turned = new Set(held.map(({ by }) => by)).symmetricDifference(known);
  const roles = { ...before?.roles, ...Object.fromEntries([...turned].map((by) => [by, now])) };
  return { state, states: lately(states, now), roles: lately(roles, now), stamps: before?.stamps ?? null };
}

const wasGone = (state: UserState | undefined) => state === "soft-deleted" || state === "absent";

const lately = (times: Readonly<Record<string, number | undefined>>, now: number) =>
  Object.fromEntries(
    Object.entries(times).flatMap(([name, at]) =>
      at !== undefined && isRecent(at, now) ? [[name, at]] : [],
    ),
  ) as Record<string, number>; // pairs of a name and a time
