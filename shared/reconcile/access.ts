import type { AnalystRecord } from "../model/analyst.ts";
import { grantKey } from "../model/grant.ts";
import type { AnalystId } from "../model/ids.ts";
import type { Plan } from "../model/plan.ts";
import { planAccess, type AccessDecision } from "../planner/access-plan.ts";
import { checkPlan, type CheckFacts } from "../planner/checks.ts";
import type { AccessPorts } from "./access-ports.ts";
import { applySteps, type Applied } from "./apply.ts";
import type { Run } from "./handle.ts";
import { worst, type Outcome } from "./outcome.ts";
import { performAccess, rememberPair, type Performing } from "./perform-access.ts";
import { hashOf } from "./plan-hash.ts";
import { readAccess, type AccessRead } from "./read-access.ts";

/** A plan that is carried out changes what a read shows; this many rounds is more than any life needs. */
const roundLimit = 6;

/**
 * The five steps for one analyst in one target: read, plan, check, apply, record, and again until a read shows nothing
 * left to do. That last read is the proof: no outcome is derived from a call that did not throw.
 */
export async function reconcileAccess(id: AnalystId, ports: AccessPorts, run: Run): Promise<Outcome> {
  const record = await ports.analysts.get(id);
  if (record === null) return { kind: "done" };
  for (let round = 0; round < roundLimit; round += 1) {
    const read = await readAccess(record, ports, run);
    if (read.kind === "refused")
      return { kind: "parked", reason: `${ports.target.name}: ${read.reason}`, advice: read.advice };
    const decision = planAccess(read.situation);
    const plan = checkPlan(decision.plan, factsOf(read, ports));
    const doing = await keepBooks(read, { decision, record, ports });
    if (plan.steps.length === 0) return conclude({ plan, read, decision, doing, record, ports, run });
    const applied = await applySteps(plan.steps, read.situation.movers, (step) => performAccess(step, doing));
    await enter(plan, { kind: "run", applied, record, ports, run, evidence: evidenceOf(read) });
    const outcome = worst([...applied.outcomes, ...(read.trouble === null ? [] : [read.trouble])]);
    if (outcome.kind !== "done") return outcome;
  }
  return {
    kind: "retry",
    why: `after ${roundLimit} rounds there is still something to do in ${ports.target.name}`,
  };
}

type ReadOk = Extract<AccessRead, { kind: "read" }>;

function factsOf({ situation, membership }: ReadOk, { policy, target }: AccessPorts): CheckFacts {
  const { owned } = situation;
  return {
    mode: target.mode,
    protected: new Set(policy.protected),
    ownedGrants: new Set(owned.grants.map(({ grant }) => grantKey(grant))),
    ownsScope: owned.scope === undefined ? "no" : "yes",
    ownsAccount: owned.account?.origin === "created" ? "yes" : "no",
    account: owned.account?.accountId ?? null,
    accounts: policy.leavers.accounts,
    membership,
    removalsPerRun: policy.guardrails.removals.perRun,
  };
}

type Books = {
  readonly decision: AccessDecision;
  readonly record: AnalystRecord;
  readonly ports: AccessPorts;
};

/** Writes down what the read taught: an account that was found, a grant that turned out to be there or gone. */
async function keepBooks(read: ReadOk, { decision, record, ports }: Books): Promise<Performing> {
  const { pair, ledger, situation } = read;
  const priority = record.leaving === null ? "normal" : "high";
  const doing: Performing = { analyst: record.id, priority, ports, ledger, pair };
  const leftAt = decision.plan.purpose === "join" ? null : (pair.leftAt ?? situation.now);
  const { account: found } = situation.owned;
  const account = found === null ? null : { ...found, ...decision.bookkeeping.account };
  const next = { ...pair, account, leftAt };
  if (hashOf(next) !== hashOf(pair)) await rememberPair(doing, next);
  for (const { what, change } of decision.bookkeeping.ledger) {
    const row = ledger.find(({ item }) =>
      what === "scope"
        ? item.kind === "scope"
        : item.kind === "grant" && grantKey(item.grant) === grantKey(what),
    );
    if (row === undefined) continue;
    if (change === "drop") await ports.ledger.drop(ports.target.name, record.id, row.item);
    else
      await ports.ledger.put(ports.target.name, record.id, {
        ...row,
        entry: { ...row.entry, state: "added" },
      });
  }
  return doing;
}

type Conclusion = {
  readonly plan: Plan;
  readonly read: ReadOk;
  readonly decision: AccessDecision;
  readonly doing: Performing;
  readonly record: AnalystRecord;
  readonly ports: AccessPorts;
  readonly run: Run;
};

/** Nothing is left that may be done: say so, with what the read showed, or say what stands in the way. */
async function conclude(conclusion: Conclusion): Promise<Outcome> {
  const { plan, read, decision, doing, record, ports, run } = conclusion;
  if (read.trouble !== null) return read.trouble;
  const evidence = evidenceOf(read);
  const proven = hashOf({ plan, evidence });
  if (proven !== doing.pair.proven) {
    const applied: Applied = { steps: [], outcomes: [] };
    const kind = isProof(plan, decision) ? "proof" : "run";
    await enter(plan, { kind, applied, record, ports, run, evidence });
    await rememberPair(doing, { proven });
  }
  const obstacle = plan.withheld.find(({ check }) => check === "writable" || check === "budget");
  if (obstacle !== undefined) {
    return { kind: "parked", reason: `${ports.target.name}: ${obstacle.reason}`, advice: obstacle.advice };
  }
  const odd = plan.notes.find(
    ({ kind }) => kind === "account-not-proven" || kind === "account-deleted-by-others",
  );
  if (odd !== undefined) {
    return {
      kind: "parked",
      reason: `${ports.target.name}: the account of ${record.userPrincipalName} ${odd.kind === "account-not-proven" ? `is not proven to be theirs (${odd.detail})` : "was deleted by somebody else"}`,
      advice:
        "look at the account in the target tenant: correct its stamp, restore it, or purge it so that sync makes a new one",
    };
  }
  if (decision.lookAgainAt === null) return { kind: "done" };
  return {
    kind: "again",
    at: decision.lookAgainAt,
    why: "a write is not visible yet, or a deletion is not due",
  };
}

/** A proof says that nothing is left to do. Whatever is withheld, awaited or not proven is left to do. */
function isProof(plan: Plan, { lookAgainAt }: AccessDecision): boolean {
  const open = plan.notes.some(({ kind }) =>
    ["account-not-proven", "account-deleted-by-others", "waits-for-account", "settling", "refused"].includes(
      kind,
    ),
  );
  return plan.withheld.length === 0 && lookAgainAt === null && !open;
}

/** What the read showed, in words and ids that a person can look up in the tenant. */
function evidenceOf({ situation }: ReadOk): Readonly<Record<string, unknown>> {
  const { account, scope, managed, owned } = situation;
  const grants = new Map(
    [...owned.grants, ...managed].map(({ grant, name }) => [grantKey(grant), { grant, name }]),
  );
  return {
    account:
      account.kind === "present"
        ? { state: account.enabled ? "enabled" : "blocked", id: account.id, proof: account.proof }
        : { state: account.kind, id: owned.account?.accountId ?? null },
    origin: owned.account?.origin ?? null,
    scope: scope === null ? { name: null, seen: "unknown" } : { name: scope.name, seen: scope.seen },
    grants: [...grants.values()].map(({ grant, name }) => ({
      name,
      seen:
        account.kind === "present"
          ? account.seen(grant)
          : account.kind === "unreachable"
            ? "unknown"
            : "absent",
    })),
  };
}

type Entry = {
  readonly kind: "run" | "proof";
  readonly applied: Applied;
  readonly record: AnalystRecord;
  readonly ports: AccessPorts;
  readonly run: Run;
  readonly evidence: Readonly<Record<string, unknown>>;
};

async function enter(plan: Plan, { kind, applied, record, ports, run, evidence }: Entry): Promise<void> {
  const at = ports.now();
  await ports.journal.append({
    at,
    kind,
    cause: run.cause,
    analyst: record.id,
    target: ports.target.name,
    planHash: hashOf(plan),
    plan,
    steps: applied.steps,
    outcome: worst(applied.outcomes).kind,
    evidence,
    sinceEventMs: at - record.since,
  });
}
