import { isAmong, type HeldRole, type Leaving } from "../model/analyst.ts";
import type { Plan, Step, Withheld } from "../model/plan.ts";
import { believedRoles, doubtOfState, isRecent, nextRecent, verdictsOf, type Believed } from "./believed.ts";
import { objectionsTo, type Objection } from "./loss-checks.ts";
import { isLeftBehind, lostRoles, nextLost, nextMoved, refusedNow, verdictOf } from "./lost-roles.ts";
import { among, namesOf, sorted, united } from "./role-lists.ts";
import { stateOf, type SourceDecision, type SourceSituation, type Verdict } from "./source-situation.ts";
import { nextStamped, stampSteps } from "./source-stamps.ts";

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
 * | said to have left  | any       | some         | leaver "departed", at once and whatever may be the past
 * | said to have left  | any       | none         | nobody of ours: nothing
 * | protected          | -         | -            | nothing, ever
 *
 * What a read shows is believed unless it may be the past (see `Recent`): then what was known before holds until the
 * replication window is over, or until a read proves to be newer.
 */
export function planSource(situation: SourceSituation): SourceDecision {
  const { read, record } = situation;
  if (situation.protected === "yes") return unchanged(situation);
  const seen = stateOf(read);
  const isDeparted = situation.departed === "yes";
  if (record === null && (situation.held.length === 0 || seen !== "enabled" || isDeparted))
    return unchanged(situation);
  const doubt = doubtOfState(situation);
  if (isDeparted && (doubt !== null || seen === "enabled")) return planDeparted(situation, doubt);
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

/** A role whose loss is doubted keeps what it gave. To somebody who had left, and is back, it gives nothing before it is on show. */
function actedOn({ held }: Believed, { record, held: shown }: SourceSituation): readonly HeldRole[] {
  return held.filter(isAmong([...shown, ...(record?.roles ?? [])]));
}

/** What is acted on and on show is not lost, also when it is doubted that it is back: a check had kept it. */
const shownAndKept = ({ record, held }: SourceSituation) =>
  among(held, new Set(record?.roles.map(({ by }) => by)));

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

/** What may be the past of their account is remembered when it is certain, and keeps nobody in. */
function planDeparted(situation: SourceSituation, doubt: Verdict | null): SourceDecision {
  const { record } = situation;
  const left = planLeaver(situation, "departed", believedRoles(situation).held);
  if (doubt === null || record === null) return left;
  return { ...left, held: record.held, recent: record.recent, verdicts: [doubt] };
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
  const said = situation.departed === "yes" ? "departed" : null;
  const leaving = now - since >= absenceMs ? "deleted" : (record.leaving ?? said);
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
