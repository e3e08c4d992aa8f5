import type { AnalystRecord } from "../../model/analyst.ts";
import type { AnalystId, RoleName } from "../../model/ids.ts";
import type { Plan } from "../../model/plan.ts";
import type { Priority } from "../../graph/tenant.ts";
import { checkPlan } from "../../planner/checks.ts";
import type { Loss } from "../../planner/loss-checks.ts";
import { planSource } from "../../planner/source-plan.ts";
import type { SourceDecision } from "../../planner/source-situation.ts";
import { stampProperties, stampsOf } from "../../policy/desired.ts";
import { sourceMode } from "../../policy/places.ts";
import type { Policy } from "../../policy/policy.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import type { AnalystPorts } from "./analyst-ports.ts";
import { assessLoss } from "./assess-loss.ts";
import { inPresentWords } from "./present-words.ts";
import { lookFirst, readSource, type SourceSeen } from "./read-source.ts";
import { tryRoleGroups } from "./role-groups.ts";

/** What deciding about an analyst needs; there is nothing to write with in here. */
export type DecideAnalystPorts = Pick<AnalystPorts, "reader" | "groups" | "analysts" | "departures" | "now">;

/** What one look at an analyst in the source came to, before anything is written. `known`: in the words of this policy. */
export type AnalystDecided = {
  readonly known: AnalystRecord | null;
  readonly seen: SourceSeen;
  readonly loss: Loss | null;
  readonly decision: SourceDecision;
  readonly plan: Plan;
};

type Deciding = {
  readonly now: PolicyNow;
  readonly priority: Priority;
  readonly ports: DecideAnalystPorts;
};

/**
 * Read, plan and check for one analyst in the source.
 * @throws GraphError
 */
export async function decideAnalyst(
  id: AnalystId,
  remembered: AnalystRecord | null,
  { now, priority, ports }: Deciding,
): Promise<AnalystDecided> {
  const { policy } = now;
  const [roleGroups, first, said] = await Promise.all([
    tryRoleGroups(policy, ports.groups, priority),
    lookFirst(id, { policy, ports, priority }),
    ports.departures.read(policy.source.tenantId, id),
  ]);
  const known = inPresentWords(remembered, now, roleGroups.found);
  const departed = said === null ? "no" : "yes";
  const seen = await readSource(id, { first, record: known, departed, policy, roleGroups, ports, priority });
  const loss = await assessLoss({ record: known, seen, departed, policy, ports, priority });
  const decision = planSource(situationOf(id, { seen, loss, known, departed, policy, now: ports.now() }));
  return { known, seen, loss, decision, plan: checkSource(decision.plan, policy) };
}

type Situating = {
  readonly seen: SourceSeen;
  readonly loss: Loss | null;
  readonly known: AnalystRecord | null;
  readonly departed: "yes" | "no";
  readonly policy: Policy;
  readonly now: number;
};

function situationOf(id: AnalystId, { seen, loss, known, departed, policy, now }: Situating) {
  return {
    analyst: id,
    read: seen.user,
    held: seen.held,
    loss,
    record: known,
    departed,
    protected: policy.protected.includes(id) ? "yes" : "no",
    revokeSessions: policy.leavers.revokeSessions,
    stamps: (roles: readonly RoleName[]) => stampsOf(policy, { id, roles }).values,
    properties: stampProperties(policy),
    now,
  } as const;
}

function checkSource(plan: Plan, policy: Policy): Plan {
  return checkPlan(plan, {
    mode: sourceMode(policy),
    modes: new Map(),
    removedFor: new Map(),
    protected: new Set(policy.protected),
    ownedGrants: new Set(),
    ownedScopes: new Set(),
    ownsAccount: "no",
    others: new Set(),
    account: null,
    accounts: policy.leavers.accounts,
    unwritable: new Map(),
    removalsPerRun: policy.guardrails.removals.perRun,
  });
}
