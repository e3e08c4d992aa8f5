import { isDeepStrictEqual } from "node:util";
import type { GroupDirectory } from "../graph/group-directory.ts";
import type { SourceReader } from "../graph/source-reader.ts";
import type { SourceWriter } from "../graph/source-writer.ts";
import type { Written } from "../graph/group-members.ts";
import type { SendLimits } from "../graph/tenant.ts";
import type { AnalystRecord, HeldRole } from "../model/analyst.ts";
import type { AnalystId, RoleName, TenantId } from "../model/ids.ts";
import type { Plan, Step } from "../model/plan.ts";
import { checkPlan } from "../planner/checks.ts";
import type { Loss } from "../planner/loss-checks.ts";
import { replicationWindowMs } from "../planner/membership.ts";
import {
  namesOf,
  planSource,
  presentNamesOf,
  type SourceDecision,
  type Verdict,
} from "../planner/source-plan.ts";
import { desiredGrants, stampValue } from "../policy/desired.ts";
import type { Policy, Target } from "../policy/policy.ts";
import { heardAt, type AccessMessage } from "../queue/keys.ts";
import type { Analysts } from "../state/analysts.ts";
import type { Journal } from "../state/journal.ts";
import type { Claim } from "../state/key-state.ts";
import { applySteps, attempted, type Applied, type Performed } from "./apply.ts";
import { assessLoss } from "./assess-loss.ts";
import type { Run } from "./handling.ts";
import { endingOf, type Outcome } from "./outcome.ts";
import { hashOf, meaningOf } from "./plan-hash.ts";
import type { PolicyNow } from "./policy-in-force.ts";
import { inPresentWords } from "./present-words.ts";
import { tryRoleGroups, readSource, type SourceSeen } from "./read-source.ts";

/** What looking at one analyst in the source needs. */
export type AnalystPorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly reader: SourceReader;
  readonly writer: SourceWriter;
  readonly groups: GroupDirectory;
  readonly analysts: Pick<Analysts, "list">;
  readonly journal: Journal;
  readonly send: (messages: readonly AccessMessage[]) => Promise<void>;
  readonly now: () => number;
};

type Held = { readonly claim: Claim<AnalystRecord | null>; readonly run: Run };

/**
 * The five steps for one analyst in the source tenant: read who they are and which roles they hold, plan stamps and
 * sessions, check, apply, record; and tell the targets when something about the analyst has changed.
 *
 * A leaver's targets are told before anything else is written; a joiner's after the stamps, so that sync carries them.
 */
export async function reconcileAnalyst(
  id: AnalystId,
  ports: AnalystPorts,
  { claim, run }: Held,
): Promise<readonly Outcome[]> {
  const now = await ports.policy();
  const { policy } = now;
  const priority = run.urgency === "low" ? "low" : "normal";
  const roleGroups = await tryRoleGroups(policy, ports.groups, priority);
  const known = inPresentWords(claim.state().value, now, roleGroups.found);
  const seen = await readSource(id, { record: known, policy, roleGroups, ports, priority });
  const loss = await assessLoss({ record: known, seen, policy, ports, priority });
  const decision = planSource(situationOf(id, { seen, loss, known, policy, now: ports.now() }));
  const plan = checkSource(decision.plan, policy);
  if (known === null && decision.roles.length === 0) return outcomesOf(decision, seen);

  const looking: Looking = { policy: now, ports, claim, run };
  await remember(nextRecord(id, { seen, decision, known, looking }), looking);
  if (decision.leaving !== null) await tellTargets(looking);
  const applied = await applySteps(plan.steps, {
    order: policy.movers.order,
    stage: (steps) => performSteps(steps, id, looking),
    now: ports.now,
    until: run.until,
  });
  await tellTargets(looking);
  // Written with the end of the run: no more than that it was so is news.
  if (decision.leaving === null && seen.user.kind === "present")
    claim.set({ value: confirmedBy(seen, { record: current(looking), loss, decision, now: ports.now() }) });
  const outcomes = [
    ...applied.outcomes,
    ...unfitStamps(id, namesOf(decision.roles), policy),
    ...leftBehind(current(looking)),
    ...outcomesOf(decision, seen),
  ];
  await enterJournal(plan, { applied, known, outcomes, looking });
  return outcomes;
}

/** Who was left behind with kept roles alone would have left: people decide, once it is sure that these are kept. */
function leftBehind(record: AnalystRecord): readonly Outcome[] {
  const { userPrincipalName, roles, refused } = record;
  const isSure = roles.every(({ by }) => typeof refused[by]?.among === "number");
  if (record.leftBehind === "no" || !isSure) return [];
  return [
    {
      kind: "parked",
      reason: `nothing makes ${userPrincipalName} an analyst any more, and they keep what ${namesOf(roles).join(", ")} gave, because nobody was to lose that unseen`,
      advice: "disable the account if they are to leave, or take the access away by hand",
      cause: null,
    },
  ];
}

type Confirming = {
  readonly record: AnalystRecord;
  readonly loss: Loss | null;
  readonly decision: SourceDecision;
  readonly now: number;
};

/** Role by role: that one is kept which is not held any more says nothing of the others. */
function confirmedBy(seen: SourceSeen, { record, loss, decision, now }: Confirming): AnalystRecord {
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

type Looking = {
  readonly policy: PolicyNow;
  readonly ports: AnalystPorts;
  readonly claim: Claim<AnalystRecord | null>;
  readonly run: Run;
};

type Situating = {
  readonly seen: SourceSeen;
  readonly loss: Loss | null;
  readonly known: AnalystRecord | null;
  readonly policy: Policy;
  readonly now: number;
};

function situationOf(id: AnalystId, { seen, loss, known, policy, now }: Situating) {
  return {
    analyst: id,
    read: seen.user,
    held: seen.held,
    loss,
    record: known,
    protected: policy.protected.includes(id) ? "yes" : "no",
    revokeSessions: policy.leavers.revokeSessions,
    stamps: (roles: readonly RoleName[]) => stampsFor(id, { roles, policy }),
    properties: propertiesOf(policy),
    now,
  } as const;
}

function stampsFor(
  id: AnalystId,
  { roles, policy }: { readonly roles: readonly RoleName[]; readonly policy: Policy },
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    policy.source.stamps.flatMap(({ property, template }) => {
      const value = stampValue(template, { id, roles });
      return typeof value === "string" ? [[property, value]] : [];
    }),
  );
}

const propertiesOf = ({ source }: Policy) => source.stamps.map(({ property }) => property);

/** A stamp that does not fit stays as it is; access does not depend on it. */
function unfitStamps(id: AnalystId, roles: readonly RoleName[], { source }: Policy): readonly Outcome[] {
  return source.stamps.flatMap(({ property, template }): Outcome[] => {
    const value = stampValue(template, { id, roles });
    if (typeof value === "string") return [];
    const reason = `the stamp ${property} of ${id} would be ${value.length} characters long, and a directory extension holds ${value.limit}`;
    const cause = `the stamp ${property} does not hold ${roles.join(", ")}`;
    return [{ kind: "parked", reason, advice: "shorten the role names in the policy", cause }];
  });
}

function checkSource(plan: Plan, policy: Policy): Plan {
  return checkPlan(plan, {
    mode: sourceMode(policy),
    protected: new Set(policy.protected),
    ownedGrants: new Set(),
    ownedScopes: new Set(),
    ownsAccount: "no",
    others: new Set(),
    account: null,
    accounts: policy.leavers.accounts,
    membership: new Map(),
    removalsPerRun: policy.guardrails.removals.perRun,
  });
}

/** The source is written for the sake of the targets: while all of them only observe, so does Muster here. */
function sourceMode({ targets }: Policy): Target["mode"] {
  const modes = targets.map(({ mode }) => mode);
  if (modes.includes("full")) return "full";
  return modes.includes("add-only") ? "add-only" : "observe";
}

type Recording = {
  readonly seen: SourceSeen;
  readonly decision: SourceDecision;
  readonly known: AnalystRecord | null;
  readonly looking: Looking;
};

function nextRecord(id: AnalystId, { seen, decision, known, looking }: Recording): AnalystRecord {
  const { policy, run, ports } = looking;
  const user = seen.user.kind === "present" ? seen.user.user : known;
  const { held, roles, refused, lost, moved, leaving, leftAt, missingSince, recent } = decision;
  // Where Muster only observes, it writes nothing, and finds what others wrote.
  const stamped = sourceMode(policy.policy) === "observe" ? (known?.stamped ?? {}) : decision.stamped;
  const meaning = meaningOf({ roles, held, leaving }, policy.hash);
  const changed = known === null || known.leaving !== leaving || isOther(known.roles, roles);
  return {
    id,
    userPrincipalName: user?.userPrincipalName ?? id,
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

const isOther = (a: readonly HeldRole[], b: readonly HeldRole[]) => !isDeepStrictEqual(a, b);

/** Written whenever something follows from it: what is decided is on record, and this run's claim is proven. */
async function remember(record: AnalystRecord, { claim }: Looking): Promise<void> {
  const known = claim.state().value;
  if (!isDeepStrictEqual(known, record)) await claim.write({ value: record });
}

function current({ claim }: Looking): AnalystRecord {
  const { value } = claim.state();
  if (value === null) throw new Error("an analyst was forgotten in the middle of a run");
  return value;
}

/** Tells every target that is or was concerned, once for each version of the analyst. */
async function tellTargets(looking: Looking): Promise<void> {
  const { policy, ports, run } = looking;
  const record = current(looking);
  if (record.told === record.version) return;
  const names = presentNamesOf(record.roles);
  const concerned = policy.policy.targets.filter((target) => desiredGrants(target, names).length > 0);
  const targets: readonly TenantId[] = [
    ...new Set([...record.targets, ...concerned.map(({ tenantId }) => tenantId)]),
  ].toSorted();
  // Remembered first: a target that was told must never be forgotten when the analyst leaves.
  await remember({ ...record, targets }, looking);
  const common = { cause: run.cause, heardAt: heardAt(ports), occasion: "event" } as const;
  await ports.send(
    targets.map((tenant) => ({
      key: { kind: "access", tenant, analyst: record.id },
      ...common,
      version: record.version,
    })),
  );
  await remember({ ...current(looking), told: record.version }, looking);
}

/** A call may wait for its turn so long after the claim was checked; later, the claim may be somebody else's. */
const sendWithinMs = 20_000;

async function performSteps(
  steps: readonly Step[],
  id: AnalystId,
  looking: Looking,
): Promise<readonly Performed[]> {
  const { ports, claim } = looking;
  await claim.write();
  const priority = current(looking).leaving === null ? "normal" : "high";
  const limits = { priority, sendBefore: ports.now() + sendWithinMs } as const;
  const results: Performed[] = [];
  // All of them write the same user, so one after the other.
  for (const step of steps)
    results.push(
      await attempted(async () => ({
        kind: "written",
        ...(await perform(step, id, { writer: ports.writer, limits })),
      })),
    );
  const done = steps.filter((_, index) => results[index]?.kind === "written");
  const record = done.reduce((so, step) => withWrite(so, step, looking), current(looking));
  await remember(record, looking);
  return results;
}

async function perform(
  step: Step,
  id: AnalystId,
  { writer, limits }: { readonly writer: SourceWriter; readonly limits: SendLimits },
): Promise<Written> {
  if (step.kind === "revoke-sessions") return writer.revokeSessions(id, limits);
  if (step.kind !== "stamp") throw new Error(`a source plan holds no ${step.kind}`);
  const write = step.former === "yes" ? writer.clearStamp : writer.stamp;
  return write(id, step.values, limits);
}

/** Remembers what Graph confirmed, because a replica may not show it for a while. */
function withWrite(record: AnalystRecord, step: Step, { policy, ports }: Looking): AnalystRecord {
  const now = ports.now();
  if (step.kind === "revoke-sessions") return { ...record, sessionsRevokedAt: now };
  if (step.kind !== "stamp") return record;
  if (step.former === "yes") return { ...record, stamped: without(record.stamped, Object.keys(step.values)) };
  const { stamps } = record.recent;
  // What the policy does not name is not read, and can prove nothing any more.
  const named = new Set(propertiesOf(policy.policy));
  const former = Object.keys(stamps?.values ?? {}).filter((property) => !named.has(property));
  const wasLately = stamps !== null && now - stamps.at < replicationWindowMs;
  return {
    ...record,
    stamped: { ...record.stamped, ...step.values },
    recent: {
      ...record.recent,
      stamps: {
        at: now,
        values: { ...without(stamps?.values ?? {}, former), ...step.values },
        beforeAt: wasLately ? stamps.at : 0,
      },
    },
  };
}

const without = (values: Readonly<Record<string, string>>, properties: readonly string[]) =>
  Object.fromEntries(Object.entries(values).filter(([property]) => !properties.includes(property)));

type Entry = {
  readonly applied: Applied;
  readonly known: AnalystRecord | null;
  readonly outcomes: readonly Outcome[];
  readonly looking: Looking;
};

/** An entry for every run that did, changed or refused something new; a run that found all well leaves no trace. */
async function enterJournal(plan: Plan, { applied, known, outcomes, looking }: Entry): Promise<void> {
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

function outcomesOf({ verdicts }: SourceDecision, { refusals }: SourceSeen): readonly Outcome[] {
  return [...verdicts.map(outcomeOfVerdict), ...outcomesOfRefusals(refusals)];
}

function outcomeOfVerdict(verdict: Verdict): Outcome {
  switch (verdict.kind) {
    case "uncertain":
      return { kind: "again", at: verdict.lookAgainAt, why: verdict.why };
    case "unproven":
      return { kind: "retry", why: verdict.why };
    case "refused":
      return { kind: "parked", reason: verdict.reason, advice: verdict.advice, cause: verdict.cause };
    default:
      return verdict satisfies never;
  }
}

/** A role whose group cannot be found is neither given nor taken, and somebody has to correct the policy. */
function outcomesOfRefusals(refusals: SourceSeen["refusals"]): readonly Outcome[] {
  return refusals.map(({ role, reason, advice }) => ({
    kind: "parked",
    reason: `role ${role}: ${reason}`,
    advice,
    cause: reason,
  }));
}
