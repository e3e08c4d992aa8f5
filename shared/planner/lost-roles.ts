import { isAmong, type AnalystRecord, type HeldRole, type Refused } from "../model/analyst.ts";
import { lossWindowMs, refusalMs, refusalOf, type LostRole, type Objection } from "./loss-checks.ts";
import { replicationWindowMs } from "./replicas.ts";
import { compare } from "./role-lists.ts";
import type { SourceDecision, SourceSituation, Verdict } from "./source-situation.ts";

/** A loss stays refused until the role is held again, or lost after all. */
export function refusedNow(next: {
  readonly situation: SourceSituation;
  readonly objections: readonly Objection[];
  readonly held: readonly HeldRole[];
  readonly roles: readonly HeldRole[];
}): AnalystRecord["refused"] {
  const { situation, objections, held, roles } = next;
  const { loss, record, now } = situation;
  const over = objections.filter(({ check }) => check !== "completeness").flatMap(({ keeps }) => keeps);
  const refused = { ...record?.refused };
  for (const role of (loss?.roles ?? []).filter(({ by }) => over.includes(by)))
    refused[role.by] = refusalNow(role, refusalOf(refused, role), now);
  const has = (list: readonly HeldRole[], by: string) => list.some((role) => role.by === by);
  return Object.fromEntries(Object.entries(refused).filter(([by]) => has(roles, by) && !has(held, by)));
}

function refusalNow(role: LostRole, before: Refused | undefined, now: number): Refused {
  const { known, refusedFirst, lostBy } = role;
  const { since, among } = before ?? { since: now, among: null };
  if (before !== undefined && among !== null) return { occasion: refusedFirst, ...before };
  // What is missing later may be another loss.
  const isSoon = now - since <= lossWindowMs;
  const missing = isSoon ? role.missing : (before?.missing ?? role.missing);
  const begun = { since, lostBy: before?.lostBy ?? lostBy };
  if (now - since < refusalMs) return { ...begun, among, missing };
  const unseen = Math.max(0, missing - (role.seen ?? missing));
  return { ...begun, among: known, occasion: refusedFirst, ...(unseen === 0 ? {} : { unseen }) };
}

/** Who lets go of a role while a check keeps all the others would have left, but for them. */
export function isLeftBehind(
  { record }: SourceSituation,
  { held, roles }: Pick<SourceDecision, "held" | "roles">,
): boolean {
  if (roles.some(isAmong(held))) return false;
  return record?.leftBehind === "yes" || lostRoles(record, roles).length > 0;
}

/** What others who lose or have lost the same role have to know: when this one was first seen to have lost it. */
export function nextLost(
  { record, loss, now }: SourceSituation,
  roles: readonly HeldRole[],
): AnalystRecord["lost"] {
  const still = Object.entries(record?.lost ?? {}).filter(([by]) => !roles.some((role) => role.by === by));
  const gone = record?.leaving === null ? lostRoles(record, roles) : [];
  const times = gone.map(({ by }): readonly [string, number] => {
    const judged = loss?.roles.find((role) => role.by === by);
    const before = judged === undefined ? undefined : refusalOf(record?.refused ?? {}, judged);
    return [by, before?.since ?? now];
  });
  return { ...Object.fromEntries(still), ...Object.fromEntries(times) };
}

/** By what each of the roles was shown before, as far as they took the place of another way. */
export function nextMoved({ record }: SourceSituation, roles: readonly HeldRole[]): AnalystRecord["moved"] {
  if (record === null) return {};
  const moved = roles.map(({ role, by }): readonly [string, readonly string[]] => {
    const before = record.roles.filter((one) => one.role === role && one.by !== by);
    const replaced = before.filter((one) => takesPlace(record, by, one.by)).map((one) => one.by);
    const earlier = [by, ...replaced].flatMap((way) => record.moved[way] ?? []);
    // What is held beside it by now is a role of its own.
    const beside = new Set(roles.map((one) => one.by));
    return [by, [...new Set([...replaced, ...earlier])].filter((way) => !beside.has(way)).toSorted(compare)];
  });
  return Object.fromEntries(moved.filter(([, ways]) => ways.length > 0));
}

/** Roles that are acted on and not held any more, in this way or in another. */
export function lostRoles(record: AnalystRecord | null, held: readonly HeldRole[]): readonly HeldRole[] {
  if (record === null) return [];
  const isHeld = ({ role, by }: HeldRole) =>
    held.some((one) => one.by === by || (one.role === role && takesPlace(record, one.by, by)));
  return record.roles.filter((role) => !isHeld(role));
}

/**
 * Whether a way of holding a role takes the place of another one of the same name. It does not for somebody who had both
 * beside each other: then an edit of the policy gave the name of the one role to the other.
 */
export const takesPlace = (
  { roles, moved }: Pick<AnalystRecord, "roles" | "moved">,
  way: string,
  former: string,
): boolean => !roles.some(({ by }) => by === way) || moved[way]?.includes(former) === true;

export function verdictOf(
  { check, keeps, reason, advice, cause }: Objection,
  { refused, now }: { readonly refused: AnalystRecord["refused"]; readonly now: number },
): Verdict {
  if (check === "completeness") return { kind: "unproven", why: reason };
  if (check === "replacement") {
    const since = Math.min(...keeps.map((by) => refused[by]?.since ?? now));
    return { kind: "uncertain", lookAgainAt: since + replicationWindowMs, why: reason };
  }
  const early = keeps.flatMap((by) =>
    (refused[by]?.among ?? null) === null ? [refused[by]?.since ?? now] : [],
  );
  return early.length === 0
    ? { kind: "refused", reason, advice, cause }
    : { kind: "uncertain", lookAgainAt: Math.min(...early) + refusalMs, why: `${reason}, for now` };
}
