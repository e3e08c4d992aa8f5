import type { AnalystRecord, Leaving, SourceUserRead } from "../model/analyst.ts";
import type { AnalystId, RoleName } from "../model/ids.ts";
import type { Plan, Step, Withheld } from "../model/plan.ts";
import { lossChecks, type Loss } from "./checks.ts";
import { replicationWindowMs } from "./membership.ts";

/** One analyst in the source tenant: everything the plan may depend on. Times are epoch milliseconds. */
export type SourceSituation = {
  readonly analyst: AnalystId;
  readonly read: SourceUserRead;
  /** Roles for which there is direct evidence now, sorted. */
  readonly roles: readonly RoleName[];
  /** What is known about the roles that are gone since last time; null when none is. */
  readonly loss: Loss | null;
  readonly record: AnalystRecord | null;
  readonly protected: "yes" | "no";
  readonly revokeSessions: boolean;
  /** Stamp values for a set of roles: property -> value. */
  readonly stamps: (roles: readonly RoleName[]) => Readonly<Record<string, string>>;
  /** Two sightings of "nowhere" must be this far apart before they count. */
  readonly absenceMs: number;
  /** The latest event about this analyst that was heard of. */
  readonly heardAt: number;
  readonly now: number;
};

export type SourceDecision = {
  /** The roles the targets should act on: what was read, plus whatever a check would not let go. */
  readonly roles: readonly RoleName[];
  readonly leaving: Leaving | null;
  readonly leftAt: number | null;
  readonly missingSince: number | null;
  readonly plan: Plan;
  readonly verdict: Verdict;
};

export type Verdict =
  | { readonly kind: "settled" }
  /** Not enough is known yet: look again at this time, epoch ms. */
  | { readonly kind: "uncertain"; readonly lookAgainAt: number; readonly why: string }
  /** A check kept roles that would have gone; a person has to look. */
  | { readonly kind: "refused"; readonly reason: string; readonly advice: string };

const settled: Verdict = { kind: "settled" };

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
 */
export function planSource(situation: SourceSituation): SourceDecision {
  const { read, record } = situation;
  if (situation.protected === "yes") return unchanged(situation, settled);
  if (record === null && (situation.roles.length === 0 || !isEnabled(read)))
    return unchanged(situation, settled);
  const doubt = doubtOf(situation);
  if (doubt !== null) return unchanged(situation, doubt);
  switch (read.kind) {
    case "present":
      return read.user.enabled ? planPresent(situation) : planLeaver(situation, "disabled");
    case "soft-deleted":
      return planLeaver(situation, "deleted");
    case "absent":
      return planAbsent(situation);
    default:
      return read satisfies never;
  }
}

const isEnabled = (read: SourceUserRead) => read.kind === "present" && read.user.enabled;

/**
 * A state that was acted on a moment ago is not turned round by a read without any news: that read may come from a
 * replica that has not heard of it. Muster's own writes to the user come back as events and are no news.
 */
function doubtOf({ record, read, roles, heardAt, now }: SourceSituation): Verdict | null {
  if (record === null || read.kind !== "present" || !read.user.enabled) return null;
  const lost = record.roles.some((role) => !roles.includes(role));
  const turnsRound = record.leaving === null ? lost : roles.length > 0;
  const decidedAt = record.leftAt ?? record.decidedAt;
  const wroteAt = Math.max(decidedAt, record.stamped?.at ?? 0, record.sessionsRevokedAt ?? 0);
  if (!turnsRound || now - decidedAt >= replicationWindowMs || heardAt > wroteAt + echoMs) return null;
  const why = "a read contradicts what was done a moment ago, and nothing has been heard since";
  return { kind: "uncertain", lookAgainAt: decidedAt + replicationWindowMs, why };
}

/** How long the echo of a write may take to come back as a notification. */
const echoMs = 3_000;

function planPresent(situation: SourceSituation): SourceDecision {
  const { loss, record } = situation;
  const withheld = loss === null ? [] : lossChecks.flatMap((check) => check.run(loss));
  const kept = withheld.length > 0 && record !== null ? record.roles : [];
  const roles = [...new Set([...situation.roles, ...kept])].toSorted();
  const notes = withheld.map(({ reason, advice }) => ({ kind: "refused", reason, advice }) as const);
  if (roles.length === 0) return planLeaver(situation, "no-role");
  return {
    roles,
    leaving: null,
    leftAt: null,
    missingSince: null,
    plan: { ...emptyPlan(situation), steps: stampSteps(situation, roles), notes },
    verdict: verdictOf(withheld, situation.now),
  };
}

function verdictOf(
  withheld: readonly { check: string; reason: string; advice: string }[],
  now: number,
): Verdict {
  const doubt = withheld.find(({ check }) => check === "completeness");
  if (doubt !== undefined) return { kind: "uncertain", lookAgainAt: now + doubtMs, why: doubt.reason };
  const [refused] = withheld;
  return refused === undefined
    ? settled
    : { kind: "refused", reason: refused.reason, advice: refused.advice };
}

/** A read that broke off is repeated after this long. */
const doubtMs = 2_000;

function planLeaver(situation: SourceSituation, leaving: Leaving): SourceDecision {
  const { record, now } = situation;
  const alreadyLeft = record !== null && record.leaving !== null;
  const leftAt = alreadyLeft ? (record.leftAt ?? now) : now;
  const steps: Step[] = [...stampSteps(situation, [])];
  if (situation.revokeSessions && needsRevoking(situation, leftAt))
    steps.unshift({ kind: "revoke-sessions" });
  return {
    roles: [],
    leaving,
    leftAt,
    missingSince: null,
    plan: { ...emptyPlan(situation), purpose: "leave", leaving, steps },
    verdict: settled,
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
  return now - revokedAt > replicationWindowMs && validFrom < leftAt - clockToleranceMs;
}

const clockToleranceMs = 5 * 60_000;

function planAbsent(situation: SourceSituation): SourceDecision {
  const { record, now, absenceMs } = situation;
  const since = record?.missingSince ?? now;
  if (record?.leaving !== null && record !== null) return unchanged(situation, settled);
  if (now - since >= absenceMs) return planLeaver(situation, "deleted");
  const why = "the user is nowhere to be found; that has to show twice before it counts";
  const verdict: Verdict = { kind: "uncertain", lookAgainAt: since + absenceMs, why };
  return { ...unchanged(situation, verdict), missingSince: since };
}

function unchanged(situation: SourceSituation, verdict: Verdict): SourceDecision {
  const { record } = situation;
  return {
    roles: record?.roles ?? [],
    leaving: record?.leaving ?? null,
    leftAt: record?.leftAt ?? null,
    missingSince: null,
    plan: emptyPlan(situation),
    verdict,
  };
}

function stampSteps(situation: SourceSituation, roles: readonly RoleName[]): readonly Step[] {
  if (situation.read.kind !== "present") return [];
  const actual = { ...situation.read.user.stamps, ...justStamped(situation) };
  const wanted = situation.stamps(roles);
  const values = Object.entries(wanted)
    .filter(([property, value]) => actual[property] !== value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return values.length === 0 ? [] : [{ kind: "stamp", values: Object.fromEntries(values) }];
}

/** What was written a moment ago beats a read from a replica that has not heard of it. */
function justStamped({ record, now }: SourceSituation): Readonly<Record<string, string>> {
  const stamped = record?.stamped ?? null;
  return stamped !== null && now - stamped.at <= replicationWindowMs ? stamped.values : {};
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
