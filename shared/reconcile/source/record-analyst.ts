import { isDeepStrictEqual } from "node:util";
import type { AnalystRecord, HeldRole } from "../../model/analyst.ts";
import type { AnalystId } from "../../model/ids.ts";
import type { Plan } from "../../model/plan.ts";
import type { Loss } from "../../planner/loss-checks.ts";
import type { SourceDecision } from "../../planner/source-situation.ts";
import { sourceMode } from "../../policy/places.ts";
import { current, type AnalystRun } from "./analyst-ports.ts";
import type { Applied } from "../run/apply.ts";
import { endingOf, type Outcome } from "../run/outcome.ts";
import { hashOf, meaningOf } from "../run/plan-hash.ts";
import type { SourceSeen } from "./read-source.ts";

type Recording = {
  readonly seen: SourceSeen;
  readonly decision: SourceDecision;
  readonly known: AnalystRecord | null;
  readonly looking: AnalystRun;
};

/** What is remembered of an analyst after a look. */
export function nextRecord(id: AnalystId, { seen, decision, known, looking }: Recording): AnalystRecord {
  const { policy, run, ports } = looking;
  const user = seen.user.kind === "present" ? seen.user.user : known;
  const { held, roles, refused, lost, moved, leaving, leftAt, missingSince, recent } = decision;
  // Where Muster only observes, it writes nothing, and finds what others wrote.
  const stamped = sourceMode(policy.policy) === "observe" ? (known?.stamped ?? {}) : decision.stamped;
  const mail = isText(user?.mail) ? { mail: user.mail } : {};
  const meaning = meaningOf({ roles, held, leaving, ...mail }, policy.hash);
  const changed = known === null || known.leaving !== leaving || isOther(known.roles, roles);
  return {
    id,
    userPrincipalName: user?.userPrincipalName ?? id,
    ...mail,
    displayName: user?.displayName ?? id,
    held,
    roles,
    refused,
    leftBehind: decision.leftBehind,
    lost,
    moved,
    confirmed: known?.confirmed ?? {},
    confirmedAt: known?.confirmedAt ?? 0,
    leaving,
    leftAt,
    missingSince,
    recent,
    stamped,
    sessionsRevokedAt: leaving === null ? null : (known?.sessionsRevokedAt ?? null),
    targets: known?.targets ?? [],
    meaning,
    version: (known?.version ?? 0) + (known?.meaning === meaning ? 0 : 1),
    told: known?.told ?? 0,
    since: changed ? run.heardAt || ports.now() : known.since,
  };
}

const isText = (text: string | null | undefined): text is string => typeof text === "string" && text !== "";

const isOther = (a: readonly HeldRole[], b: readonly HeldRole[]) => !isDeepStrictEqual(a, b);

type Confirming = {
  readonly record: AnalystRecord;
  readonly loss: Loss | null;
  readonly decision: SourceDecision;
  readonly now: number;
};

/** Role by role: that one is kept which is not held any more says nothing of the others. */
export function confirmedBy(seen: SourceSeen, { record, loss, decision, now }: Confirming): AnalystRecord {
  const unread = new Set(seen.refusals.map(({ role }) => role));
  const shown = new Set(seen.held.flatMap(({ role, by }) => (unread.has(role) ? [] : [by])));
  // Of what is lost it says since when others judge that.
  const ways = new Set([...record.roles.map(({ by }) => by), ...Object.keys(record.lost)]);
  const confirmed = [...ways].flatMap((by): readonly (readonly [string, number])[] => {
    const at = shown.has(by) ? now : record.confirmed[by];
    return at === undefined ? [] : [[by, at]];
  });
  const isWhole = loss === null && decision.verdicts.length === 0;
  return {
    ...record,
    confirmed: Object.fromEntries(confirmed),
    confirmedAt: isWhole ? now : record.confirmedAt,
  };
}

type Entry = {
  readonly applied: Applied;
  readonly known: AnalystRecord | null;
  readonly outcomes: readonly Outcome[];
  readonly looking: AnalystRun;
};

/** An entry for every run that did, changed or refused something new; a run that found all well leaves no trace. */
export async function enterJournal(plan: Plan, { applied, known, outcomes, looking }: Entry): Promise<void> {
  const { ports, run, claim } = looking;
  const record = current(looking);
  const changed = known?.leaving !== record.leaving || isOther(known.roles, record.roles);
  const said = hashOf({ plan, steps: applied.steps.map(({ result }) => result) });
  const done = applied.steps.some(({ result }) => result === "done");
  const objected = plan.notes.length > 0 || plan.withheld.length > 0 || applied.steps.length > 0;
  const isNews = objected && said !== claim.state().entered;
  claim.set({ entered: said });
  if (!changed && !done && !isNews) return;
  const at = ports.now();
  await ports.journal.append({
    at,
    kind: "run",
    cause: run.cause,
    analyst: record.id,
    target: null,
    tenant: null,
    planHash: hashOf(plan),
    plan,
    steps: applied.steps,
    outcome: endingOf(outcomes).kind,
    evidence: { roles: record.roles, leaving: record.leaving, before: known?.roles ?? [] },
    sinceEventMs: at - record.since,
  });
}
