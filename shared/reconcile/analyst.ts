import type { GroupDirectory } from "../graph/group-directory.ts";
import { classify, GraphError } from "../graph/error.ts";
import type { Listing } from "../graph/listing.ts";
import type { SourceMemberships, SourceReader } from "../graph/source-reader.ts";
import type { SourceWriter } from "../graph/source-writer.ts";
import type { AnalystRecord, SourceUserRead } from "../model/analyst.ts";
import type { AnalystId, GroupId, RoleName, TargetName } from "../model/ids.ts";
import type { Plan, Step } from "../model/plan.ts";
import { checkPlan, type Loss } from "../planner/checks.ts";
import { planSource, type SourceDecision } from "../planner/source-plan.ts";
import { desiredGrants, rolesOf, stampValue } from "../policy/desired.ts";
import type { Policy, Target } from "../policy/policy.ts";
import type { AccessMessage } from "../queue/keys.ts";
import type { Analysts } from "../state/analysts.ts";
import type { Journal } from "../state/journal.ts";
import { applySteps, type Applied, type Performed } from "./apply.ts";
import type { Run } from "./handle.ts";
import { worst, type Outcome } from "./outcome.ts";
import { hashOf } from "./plan-hash.ts";

/** What looking at one analyst in the source needs. */
export type AnalystPorts = {
  readonly policy: Policy;
  readonly reader: SourceReader;
  readonly writer: SourceWriter;
  readonly groups: GroupDirectory;
  readonly analysts: Analysts;
  readonly journal: Journal;
  readonly send: (messages: readonly AccessMessage[]) => Promise<void>;
  readonly now: () => number;
};

/** Two sightings of "this user is nowhere" count when they are this far apart. */
const absenceMs = 60_000;

/**
 * The five steps for one analyst in the source tenant: read who they are and which roles they hold, plan stamps and
 * sessions, check, apply, record; and tell the targets when something about the analyst has changed.
 *
 * A leaver's targets are told before anything else is written; a joiner's after the stamps, so that sync carries them.
 */
export async function reconcileAnalyst(id: AnalystId, ports: AnalystPorts, run: Run): Promise<Outcome> {
  const seen = await read(id, ports);
  const decision = planSource(situationOf(id, { seen, ports, run }));
  const plan = checkSource(decision.plan, ports.policy);
  const known = seen.record;
  if (known === null && decision.roles.length === 0) return outcomeOfVerdict(decision);

  let record = await remember(nextRecord(id, { seen, decision, run, ports }), known, ports);
  if (decision.leaving !== null) record = await tellTargets(record, { ports, run });
  const applied = await applySteps(plan.steps, ports.policy.movers.order, (step) =>
    perform(step, { id, ports, urgent: decision.leaving !== null }),
  );
  record = await remember(withWrites(record, applied, ports.now()), record, ports);
  record = await tellTargets(record, { ports, run });
  await enterJournal(plan, { applied, record, known, ports, run });
  return worst([...applied.outcomes, outcomeOfVerdict(decision), ...outcomesOfRefusals(seen)]);
}

type Seen = {
  readonly record: AnalystRecord | null;
  readonly user: SourceUserRead;
  readonly roles: readonly RoleName[];
  readonly loss: Loss | null;
  /** Role groups that could not be found: those roles are neither given nor taken. */
  readonly refusals: readonly { readonly role: RoleName; readonly reason: string; readonly advice: string }[];
};

async function read(id: AnalystId, ports: AnalystPorts): Promise<Seen> {
  const { policy } = ports;
  const [record, roleGroups] = await Promise.all([ports.analysts.get(id), findRoleGroups(ports)]);
  const groups = roleGroups.found.map(({ group }) => group);
  const question = { id, priority: "normal" } as const;
  const [user, memberships] = await Promise.all([
    ports.reader.readUser({
      ...question,
      attributes: attributesOf(policy),
      stamps: policy.source.stamps.map(({ property }) => property),
    }),
    readMemberships(ports, { ...question, groups }),
  ]);
  const base = { record, user, refusals: roleGroups.refusals };
  if (user.kind !== "present" || memberships === null)
    return { ...base, roles: record?.roles ?? [], loss: null };
  const held = rolesHeld({ user, memberships, roleGroups, policy });
  const unresolved = roleGroups.refusals
    .map(({ role }) => role)
    .filter((role) => record?.roles.includes(role));
  const roles = [...new Set([...held, ...unresolved])].toSorted();
  return { ...base, roles, loss: await assessLoss({ record, roles, memberships, roleGroups, ports }) };
}

type RoleGroups = {
  readonly found: readonly { readonly role: RoleName; readonly group: GroupId }[];
  readonly refusals: Seen["refusals"];
};

async function findRoleGroups({ policy, groups }: AnalystPorts): Promise<RoleGroups> {
  const answers = await Promise.all(
    policy.roles.flatMap(({ name, holders }) =>
      holders.kind === "group"
        ? [groups.find(holders.group, "normal").then((answer) => ({ role: name, answer }))]
        : [],
    ),
  );
  return {
    found: answers.flatMap(({ role, answer }) =>
      answer.kind === "found" ? [{ role, group: answer.facts.id }] : [],
    ),
    refusals: answers.flatMap(({ role, answer }) => (answer.kind === "found" ? [] : [{ role, ...answer }])),
  };
}

/** A user who is deleted has no memberships to read; that is said by `readUser`, not here. */
async function readMemberships(
  { reader }: AnalystPorts,
  question: Parameters<SourceReader["readMemberships"]>[0],
): Promise<SourceMemberships | null> {
  try {
    return await reader.readMemberships(question);
  } catch (error) {
    if (error instanceof GraphError && classify(error).kind === "gone") return null;
    throw error;
  }
}

function rolesHeld(evidence: {
  readonly user: Extract<SourceUserRead, { kind: "present" }>;
  readonly memberships: SourceMemberships;
  readonly roleGroups: RoleGroups;
  readonly policy: Policy;
}): readonly RoleName[] {
  const { user, memberships, roleGroups, policy } = evidence;
  const member = new Set<string>([...memberships.direct.items, ...memberships.confirmed]);
  const groups = new Set(roleGroups.found.filter(({ group }) => member.has(group)).map(({ role }) => role));
  return rolesOf(policy, { groups, attributes: user.user.attributes });
}

/** When a role seems to be gone: how good the evidence is, and how many others seem to have lost it with them. */
async function assessLoss(now: {
  readonly record: AnalystRecord | null;
  readonly roles: readonly RoleName[];
  readonly memberships: SourceMemberships;
  readonly roleGroups: RoleGroups;
  readonly ports: AnalystPorts;
}): Promise<Loss | null> {
  const { record, roles, memberships, roleGroups, ports } = now;
  const lost = (record?.roles ?? []).filter((role) => !roles.includes(role));
  if (lost.length === 0) return null;
  const { completeness } = memberships.direct;
  return {
    roles: lost,
    evidence:
      completeness.kind === "complete" ? { kind: "sound" } : { kind: "doubtful", why: completeness.why },
    groups: await Promise.all(lost.map((role) => compareHolders(role, { roleGroups, ports }))),
    budget: ports.policy.guardrails.removals,
  };
}

/** Whoever held the role last time, against whoever holds it now: one leaver is a leaver, many are a mistake. */
async function compareHolders(
  role: RoleName,
  { roleGroups, ports }: { readonly roleGroups: RoleGroups; readonly ports: AnalystPorts },
): Promise<Loss["groups"][number]> {
  const [listing, holders] = await Promise.all([
    listHolders(role, { roleGroups, ports }),
    ports.analysts.holders(role),
  ]);
  const members = new Set(listing.items);
  // Somebody who left by another way, a disabled account say, is no sign of an emptied group.
  const known = holders.filter(({ leaving }) => leaving === null);
  return {
    role,
    known: known.length,
    missing: known.filter(({ id }) => !members.has(id)).length,
    listing: listing.completeness.kind,
  };
}

/** A role that the policy does not know any more has no holders: all who had it count as lost. */
async function listHolders(
  role: RoleName,
  { roleGroups, ports }: { readonly roleGroups: RoleGroups; readonly ports: AnalystPorts },
): Promise<Listing<string>> {
  const holders = ports.policy.roles.find(({ name }) => name === role)?.holders;
  if (holders?.kind === "attributes") return ports.reader.listByAttributes(holders.attributes, "normal");
  const group = roleGroups.found.find((found) => found.role === role)?.group;
  if (group === undefined) return { items: [], completeness: { kind: "complete" } };
  return ports.reader.listMembers(group, "normal");
}

function attributesOf(policy: Policy): readonly string[] {
  const names = policy.roles.flatMap(({ holders }) =>
    holders.kind === "attributes" ? Object.keys(holders.attributes) : [],
  );
  return [...new Set(names)].toSorted();
}

function situationOf(
  id: AnalystId,
  { seen, ports, run }: { readonly seen: Seen; readonly ports: AnalystPorts; readonly run: Run },
) {
  const { policy } = ports;
  return {
    analyst: id,
    read: seen.user,
    roles: seen.roles,
    loss: seen.loss,
    record: seen.record,
    protected: policy.protected.includes(id) ? "yes" : "no",
    revokeSessions: policy.leavers.revokeSessions,
    stamps: (roles: readonly RoleName[]) => stampsFor(id, { roles, policy }),
    absenceMs,
    heardAt: run.heardAt,
    now: ports.now(),
  } as const;
}

function stampsFor(
  id: AnalystId,
  { roles, policy }: { readonly roles: readonly RoleName[]; readonly policy: Policy },
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    policy.source.stamps.map(({ property, template }) => {
      const value = stampValue(template, { id, roles });
      if (typeof value === "string") return [property, value];
      throw new Error(
        `the stamp ${property} would be ${value.length} characters long; a directory extension holds ${value.limit}: shorten the role names in the policy`,
      );
    }),
  );
}

function checkSource(plan: Plan, policy: Policy): Plan {
  return checkPlan(plan, {
    mode: sourceMode(policy),
    protected: new Set(policy.protected),
    ownedGrants: new Set(),
    ownsScope: "no",
    ownsAccount: "no",
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
  readonly seen: Seen;
  readonly decision: SourceDecision;
  readonly run: Run;
  readonly ports: AnalystPorts;
};

function nextRecord(id: AnalystId, { seen, decision, run, ports }: Recording): AnalystRecord {
  const known = seen.record;
  const user = seen.user.kind === "present" ? seen.user.user : known;
  const rejoined = decision.leaving === null;
  const changed =
    known === null || known.leaving !== decision.leaving || known.roles.join() !== decision.roles.join();
  return {
    id,
    userPrincipalName: user?.userPrincipalName ?? id,
    displayName: user?.displayName ?? id,
    roles: decision.roles,
    leaving: decision.leaving,
    leftAt: decision.leftAt,
    missingSince: decision.missingSince,
    stamped: known?.stamped ?? null,
    sessionsRevokedAt: rejoined ? null : (known?.sessionsRevokedAt ?? null),
    targets: known?.targets ?? [],
    told: known?.told ?? "",
    decidedAt: changed ? ports.now() : known.decidedAt,
    since: changed ? run.heardAt || ports.now() : known.since,
  };
}

async function remember(
  record: AnalystRecord,
  known: AnalystRecord | null,
  { analysts }: AnalystPorts,
): Promise<AnalystRecord> {
  if (known === null || hashOf(known) !== hashOf(record)) await analysts.put(record);
  return record;
}

/** Tells every target that is or was concerned, once for each state of the analyst. */
async function tellTargets(
  record: AnalystRecord,
  { ports, run }: { readonly ports: AnalystPorts; readonly run: Run },
): Promise<AnalystRecord> {
  const { policy, now } = ports;
  const told = hashOf({ roles: record.roles, leaving: record.leaving, policy });
  if (told === record.told) return record;
  const concerned = policy.targets.filter((target) => desiredGrants(target, record.roles).length > 0);
  const targets: readonly TargetName[] = [
    ...new Set([...record.targets, ...concerned.map(({ name }) => name)]),
  ].toSorted();
  // Remembered first: a target that was told must never be forgotten when the analyst leaves.
  const next = await remember({ ...record, targets }, record, ports);
  const heardAt = now();
  await ports.send(
    targets.map((target) => ({
      key: { kind: "access", target, analyst: record.id },
      cause: run.cause,
      heardAt,
      occasion: "event",
    })),
  );
  return remember({ ...next, told }, next, ports);
}

async function perform(
  step: Step,
  { id, ports, urgent }: { readonly id: AnalystId; readonly ports: AnalystPorts; readonly urgent: boolean },
): Promise<Performed> {
  const priority = urgent ? "high" : "normal";
  if (step.kind === "stamp") {
    return { kind: "written", ...(await ports.writer.stamp(id, step.values, priority)) };
  }
  if (step.kind === "revoke-sessions") {
    return { kind: "written", ...(await ports.writer.revokeSessions(id, priority)) };
  }
  throw new Error(`a source plan holds no ${step.kind}`);
}

/** Remembers what Graph confirmed, because a replica may not show it for a while. */
function withWrites(record: AnalystRecord, { steps }: Applied, now: number): AnalystRecord {
  return steps
    .filter(({ result }) => result === "done")
    .reduce<AnalystRecord>((current, { step }) => {
      if (step.kind === "revoke-sessions") return { ...current, sessionsRevokedAt: now };
      if (step.kind !== "stamp") return current;
      return { ...current, stamped: { at: now, values: { ...current.stamped?.values, ...step.values } } };
    }, record);
}

type Entry = {
  readonly applied: Applied;
  readonly record: AnalystRecord;
  readonly known: AnalystRecord | null;
  readonly ports: AnalystPorts;
  readonly run: Run;
};

/** An entry for every run that did, changed or refused something; a run that found all well leaves no trace. */
async function enterJournal(plan: Plan, { applied, record, known, ports, run }: Entry): Promise<void> {
  const changed = known?.leaving !== record.leaving || known.roles.join() !== record.roles.join();
  if (applied.steps.length === 0 && plan.notes.length === 0 && plan.withheld.length === 0 && !changed) return;
  const at = ports.now();
  await ports.journal.append({
    at,
    kind: "run",
    cause: run.cause,
    analyst: record.id,
    target: null,
    planHash: hashOf(plan),
    plan,
    steps: applied.steps,
    outcome: worst(applied.outcomes).kind,
    evidence: { roles: record.roles, leaving: record.leaving, before: known?.roles ?? [] },
    sinceEventMs: at - record.since,
  });
}

function outcomeOfVerdict({ verdict }: SourceDecision): Outcome {
  switch (verdict.kind) {
    case "settled":
      return { kind: "done" };
    case "uncertain":
      return { kind: "again", at: verdict.lookAgainAt, why: verdict.why };
    case "refused":
      return { kind: "parked", reason: verdict.reason, advice: verdict.advice };
    default:
      return verdict satisfies never;
  }
}

/** A role whose group cannot be found is neither given nor taken, and somebody has to correct the policy. */
function outcomesOfRefusals({ refusals }: Seen): readonly Outcome[] {
  return refusals.map(({ role, reason, advice }) => ({
    kind: "parked",
    reason: `role ${role}: ${reason}`,
    advice,
  }));
}
