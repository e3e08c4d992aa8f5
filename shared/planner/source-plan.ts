import {
  isAmong,
  type AnalystRecord,
  type HeldRole,
  type Leaving,
  type Recent,
  type Refused,
  type SourceUser,
  type SourceUserRead,
  type UserState,
} from "../model/analyst.ts";
import type { AnalystId, RoleName } from "../model/ids.ts";
import type { Plan, Step, Withheld } from "../model/plan.ts";
import { emptyStamp } from "../policy/desired.ts";
import {
  lossWindowMs,
  objectionsTo,
  refusalMs,
  refusalOf,
  type Loss,
  type LostRole,
  type Objection,
} from "./loss-checks.ts";
import { replicationWindowMs, visibleMs } from "./membership.ts";

/** One analyst in the source tenant: everything the plan may depend on. Times are epoch milliseconds. */
export type SourceSituation = {
  readonly analyst: AnalystId;
  readonly read: SourceUserRead;
  /** Roles for which there is direct evidence now. */
  readonly held: readonly HeldRole[];
  /** What is known about the roles that are gone since last time; null when none is. */
  readonly loss: Loss | null;
  readonly record: AnalystRecord | null;
  readonly protected: "yes" | "no";
  readonly revokeSessions: boolean;
  /** Stamp values for a set of roles: property -> value. */
  readonly stamps: (roles: readonly RoleName[]) => Readonly<Record<string, string>>;
  /** All properties that the policy names, also those whose value does not fit. */
  readonly properties: readonly string[];
  readonly now: number;
};

export type SourceDecision = {
  /** Roles that are believed to be held, and those the targets should act on: a check may keep more, leaving keeps none. */
  readonly held: readonly HeldRole[];
  readonly roles: readonly HeldRole[];
  readonly refused: AnalystRecord["refused"];
  readonly leftBehind: AnalystRecord["leftBehind"];
  readonly lost: AnalystRecord["lost"];
  readonly moved: AnalystRecord["moved"];
  readonly leaving: Leaving | null;
  readonly leftAt: number | null;
  readonly missingSince: number | null;
  readonly recent: Recent;
  readonly stamped: AnalystRecord["stamped"];
  readonly plan: Plan;
  /** What keeps this from being the last word; nothing when all is settled. */
  readonly verdicts: readonly Verdict[];
};

export type Verdict =
  /** Not enough is known yet: look again at this time, epoch ms. */
  | { readonly kind: "uncertain"; readonly lookAgainAt: number; readonly why: string }
  /** A read broke off: it is repeated. */
  | { readonly kind: "unproven"; readonly why: string }
  /** A check kept roles that would have gone; a person has to look. */
  | {
      readonly kind: "refused";
      readonly reason: string;
      readonly advice: string;
      readonly cause: string | null;
    };

/** Two sightings of "this user is nowhere" count when they are this far apart. */
export const absenceMs = 60_000;

/**
 * | account            | roles now | roles before | then
 * |--------------------|-----------|--------------|------------------------------------------------------
 * | present, enabled   | some      | any          | analyst: stamps as they should be
 * | present, enabled   | none      | some         | leaver "no-role", if the checks on the loss agree
 * | present, enabled   | none      | none         | nobody of ours: nothing
 * | present, disabled  | any       | some         | leaver "disabled"
 * | soft-deleted       | -         | some         | leaver "deleted"
 * | nowhere, once      | -         | some         | keep everything, look again
 * | nowhere, twice     | -         | some         | leaver "deleted"
 * | protected          | -         | -            | nothing, ever
 *
 * What a read shows is believed unless it may be the past (see `Recent`): then what was known before holds until the
 * replication window is over, or until a read proves to be newer.
 */
export function planSource(situation: SourceSituation): SourceDecision {
  const { read, record } = situation;
  if (situation.protected === "yes") return unchanged(situation);
  const seen = stateOf(read);
  if (record === null && (situation.held.length === 0 || seen !== "enabled")) return unchanged(situation);
  const doubt = doubtOfState(situation);
  if (doubt !== null) return unchanged(situation, doubt);
  switch (seen) {
    case "enabled":
      return planPresent(situation);
    case "disabled":
      return planLeaver(situation, "disabled", believedRoles(situation).held);
    case "soft-deleted":
      return planLeaver(situation, "deleted", record?.held ?? []);
    case "absent":
      return planAbsent(situation);
    default:
      return seen satisfies never;
  }
}

function stateOf(read: SourceUserRead): UserState {
  return read.kind === "present" ? (read.user.enabled ? "enabled" : "disabled") : read.kind;
}

const isRecent = (at: number, now: number) => now - at < replicationWindowMs;

/** The read shows a state that the user was in not long ago, and nothing about it proves that it is newer than that. */
function doubtOfState(situation: SourceSituation): Verdict | null {
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

type Believed = { readonly held: readonly HeldRole[]; readonly doubtUntil: number | null };

/** What the read shows of the roles, except that one which turned not long ago stays as it is known. */
function believedRoles(situation: SourceSituation): Believed {
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

function sorted(roles: Iterable<HeldRole>): readonly HeldRole[] {
  return [...roles].toSorted((a, b) => (a.role === b.role ? compare(a.by, b.by) : compare(a.role, b.role)));
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

function planPresent(situation: SourceSituation): SourceDecision {
  const { loss, record } = situation;
  const believed = believedRoles(situation);
  const lost = lostRoles(record, [...believed.held, ...situation.held]);
  const objections = (loss === null ? [] : objectionsTo(loss, record?.refused ?? {})).filter(
    ({ keeps }) => among(lost, new Set(keeps)).length > 0,
  );
  const keptBy = (check?: Objection["check"]) =>
    new Set(objections.flatMap((one) => (check === undefined || one.check === check ? one.keeps : [])));
  const present = [...united(actedOn(believed, situation), shownAndKept(situation))];
  // What takes the place of another role does so when it is believed to be held.
  const replaced = lostRoles(record, present).filter((role) => !lost.includes(role));
  const roles = sorted(united(present, replaced, among(lost, keptBy())));
  // A read that broke off says nothing about what it does not show.
  const held = sorted(united(believed.held, among(record?.held ?? [], keptBy("completeness"))));
  const refused = refusedNow({ situation, objections, held, roles });
  const judged = objections.map((objection) => ({
    objection,
    verdict: verdictOf(objection, { refused, now: situation.now }),
  }));
  const verdicts = [...verdictsOf(believed), ...judged.map(({ verdict }) => verdict)];
  if (roles.length === 0) return { ...planLeaver(situation, "no-role", held), verdicts };
  const notes = judged.flatMap(({ objection: { reason, advice }, verdict }) =>
    verdict.kind === "uncertain" ? [] : [{ kind: "refused", reason, advice } as const],
  );
  return {
    held,
    roles,
    refused,
    leftBehind: isLeftBehind(situation, { held, roles }) ? "yes" : "no",
    lost: nextLost(situation, roles),
    moved: nextMoved(situation, roles),
    leaving: null,
    leftAt: null,
    missingSince: null,
    recent: nextRecent(situation, held),
    stamped: nextStamped(situation, namesOf(roles)),
    plan: { ...emptyPlan(situation), steps: stampSteps(situation, namesOf(roles)), notes },
    verdicts,
  };
}

const united = (...lists: readonly (readonly HeldRole[])[]) =>
  new Map(lists.flat().map((role) => [role.by, role])).values();

const among = (roles: readonly HeldRole[], ways: ReadonlySet<string>) =>
  roles.filter(({ by }) => ways.has(by));

/** A role whose loss is doubted keeps what it gave. To somebody who had left, and is back, it gives nothing before it is on show. */
function actedOn({ held }: Believed, { record, held: shown }: SourceSituation): readonly HeldRole[] {
  return held.filter(isAmong([...shown, ...(record?.roles ?? [])]));
}

/** What is acted on and on show is not lost, also when it is doubted that it is back: a check had kept it. */
const shownAndKept = ({ record, held }: SourceSituation) =>
  among(held, new Set(record?.roles.map(({ by }) => by)));

/** A loss stays refused until the role is held again, or lost after all. */
function refusedNow(next: {
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
function isLeftBehind(
  { record }: SourceSituation,
  { held, roles }: Pick<SourceDecision, "held" | "roles">,
): boolean {
  if (roles.some(isAmong(held))) return false;
  return record?.leftBehind === "yes" || lostRoles(record, roles).length > 0;
}

/** What others who lose or have lost the same role have to know: when this one was first seen to have lost it. */
function nextLost({ record, loss, now }: SourceSituation, roles: readonly HeldRole[]): AnalystRecord["lost"] {
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
function nextMoved({ record }: SourceSituation, roles: readonly HeldRole[]): AnalystRecord["moved"] {
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

/** Each once: a role may be held in two ways. */
export const namesOf = (roles: readonly HeldRole[]): readonly RoleName[] => [
  ...new Set(roles.map(({ role }) => role)),
];

/** The names under which the policy says what these roles give; for former ones it says nothing. */
export const presentNamesOf = (roles: readonly HeldRole[]): readonly RoleName[] =>
  namesOf(roles.filter(({ former }) => former === undefined));

function verdictsOf({ doubtUntil }: Believed): readonly Verdict[] {
  if (doubtUntil === null) return [];
  const why = "a role that turned a moment ago seems to have turned back, which may be the past";
  return [{ kind: "uncertain", lookAgainAt: doubtUntil, why }];
}

function verdictOf(
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

function planLeaver(situation: SourceSituation, leaving: Leaving, held: readonly HeldRole[]): SourceDecision {
  const { record, now } = situation;
  const alreadyLeft = record !== null && record.leaving !== null;
  const leftAt = alreadyLeft ? (record.leftAt ?? now) : now;
  const steps: Step[] = [...stampSteps(situation, [])];
  if (situation.revokeSessions && needsRevoking(situation, leftAt))
    steps.unshift({ kind: "revoke-sessions" });
  return {
    held,
    roles: [],
    refused: {},
    leftBehind: "no",
    lost: nextLost(situation, leaving === "no-role" ? [] : (record?.roles ?? [])),
    moved: {},
    leaving,
    leftAt,
    missingSince: null,
    recent: nextRecent(situation, held),
    stamped: nextStamped(situation, []),
    plan: { ...emptyPlan(situation), purpose: "leave", leaving, steps },
    verdicts: [],
  };
}

/**
 * Graph shows since when sign-ins count. Its clock is not ours, so once Graph has confirmed the revocation a few minutes
 * of difference are forgiven, and for a while nothing is concluded from a replica.
 */
function needsRevoking({ read, record, now }: SourceSituation, leftAt: number): boolean {
  if (read.kind !== "present") return false;
  const validFrom = read.user.sessionsValidFrom ?? 0;
  const revokedAt = record?.leaving === null ? null : (record?.sessionsRevokedAt ?? null);
  if (revokedAt === null) return validFrom < leftAt;
  return !isRecent(revokedAt, now) && validFrom < leftAt - clockToleranceMs;
}

const clockToleranceMs = 5 * 60_000;

function planAbsent(situation: SourceSituation): SourceDecision {
  const { record, now } = situation;
  if (record === null) return unchanged(situation);
  const since = record.missingSince ?? now;
  const leaving = now - since >= absenceMs ? "deleted" : record.leaving;
  if (leaving !== null) return { ...planLeaver(situation, leaving, record.held), missingSince: since };
  const why = "the user is nowhere to be found; that has to show twice before it counts";
  const verdict: Verdict = { kind: "uncertain", lookAgainAt: since + absenceMs, why };
  return { ...unchanged(situation, verdict), missingSince: since };
}

function unchanged(situation: SourceSituation, ...verdicts: readonly Verdict[]): SourceDecision {
  const { record } = situation;
  return {
    held: record?.held ?? [],
    roles: record?.roles ?? [],
    refused: record?.refused ?? {},
    leftBehind: record?.leftBehind ?? "no",
    lost: record?.lost ?? {},
    moved: record?.moved ?? {},
    leaving: record?.leaving ?? null,
    leftAt: record?.leftAt ?? null,
    missingSince: null,
    stamped: record?.stamped ?? {},
    recent: record?.recent ?? { state: "enabled", states: {}, roles: {}, stamps: null },
    plan: emptyPlan(situation),
    verdicts,
  };
}

/** What was just believed becomes the present, and what it takes the place of, the recent past. */
function nextRecent({ record, read, now }: SourceSituation, held: readonly HeldRole[]): Recent {
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

function stampSteps(situation: SourceSituation, roles: readonly RoleName[]): readonly Step[] {
  if (situation.read.kind !== "present") return [];
  const actual = actualStamps(situation, situation.read.user);
  const values = Object.entries(situation.stamps(roles))
    .filter(([property, value]) => actual[property] !== value)
    .toSorted(([a], [b]) => compare(a, b));
  const stamp = values.length === 0 ? [] : [{ kind: "stamp", values: Object.fromEntries(values) } as const];
  return [...stamp, ...clearSteps(situation, roles)];
}

/**
 * A stamp that the policy does not name any more is cleared as soon as it says what no stamp says now: until then it is true, and
 * somebody may still go by it. Nobody reads it any more, so this goes by what is on record. Each has a step of its own: a property
 * that somebody has deleted must not keep the others from being written.
 */
function clearSteps(
  { record, stamps, properties }: SourceSituation,
  roles: readonly RoleName[],
): readonly Step[] {
  const said = new Set(Object.values(stamps(roles)));
  return Object.entries(record?.stamped ?? {})
    .filter(([property, value]) => !properties.includes(property) && !said.has(value))
    .toSorted(([a], [b]) => compare(a, b))
    .map(([property]) => ({ kind: "stamp", values: { [property]: emptyStamp }, former: "yes" }));
}

/** Whatever is wanted may have been written from now on, whether somebody hears of it or not. */
function nextStamped(situation: SourceSituation, roles: readonly RoleName[]): AnalystRecord["stamped"] {
  const known = situation.record?.stamped ?? {};
  if (situation.read.kind !== "present") return known;
  const actual = actualStamps(situation, situation.read.user);
  const wanted = Object.entries(situation.stamps(roles)).map(([property, value]) => [
    property,
    actual[property] === value ? value : "",
  ]);
  return { ...known, ...Object.fromEntries(wanted) };
}

const actualStamps = (situation: SourceSituation, { stamps }: SourceUser) => ({
  ...stamps,
  ...justStamped(situation),
});

/** What was written a moment ago beats a read from a replica that has not heard of it. */
function justStamped({ record, now }: SourceSituation): Readonly<Record<string, string>> {
  const stamps = record?.recent.stamps ?? null;
  return stamps !== null && now - stamps.at < visibleMs ? stamps.values : {};
}

function emptyPlan(situation: SourceSituation): Plan {
  return {
    analyst: situation.analyst,
    target: null,
    purpose: "join",
    leaving: null,
    steps: [],
    withheld: [] satisfies Withheld[],
    notes: [],
  };
}
