import type { AnalystId, TenantId } from "../../model/ids.ts";
import { namesOf, presentNamesOf } from "../../planner/role-lists.ts";
import { desiredGrants } from "../../policy/desired.ts";
import { placesOf } from "../../policy/places.ts";
import { heardAt } from "../../queue/keys.ts";
import { current, remember, type AnalystPorts, type AnalystRun } from "./analyst-ports.ts";
import { applySteps } from "../run/apply.ts";
import type { Outcome } from "../run/outcome.ts";
import { decideAnalyst } from "./decide-analyst.ts";
import { performSource } from "./perform-source.ts";
import { confirmedBy, enterJournal, nextRecord } from "./record-analyst.ts";
import { leftBehind, outcomesOf, unfitStamps } from "./analyst-outcomes.ts";

/**
 * The five steps for one analyst in the source tenant: read who they are and which roles they hold, plan stamps and
 * sessions, check, apply, record; and tell the targets when something about the analyst has changed.
 *
 * A leaver's targets are told before anything else is written; a joiner's after the stamps, so that sync carries them.
 */
export async function reconcileAnalyst(
  id: AnalystId,
  ports: AnalystPorts,
  { claim, run }: Pick<AnalystRun, "claim" | "run">,
): Promise<readonly Outcome[]> {
  const now = await ports.policy();
  const { policy } = now;
  const priority = run.urgency === "low" ? "low" : "normal";
  const decided = await decideAnalyst(id, claim.state().value, { now, priority, ports });
  const { known, seen, loss, decision, plan } = decided;
  if (known === null && decision.roles.length === 0) return outcomesOf(decision, seen);

  const looking: AnalystRun = { policy: now, ports, claim, run };
  await remember(nextRecord(id, { seen, decision, known, looking }), looking);
  if (decision.leaving !== null) await tellTargets(looking);
  const applied = await applySteps(plan.steps, {
    order: policy.movers.order,
    stage: (steps) => performSource(steps, id, looking),
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

/** Tells every target that is or was concerned, once for each version of the analyst. */
async function tellTargets(looking: AnalystRun): Promise<void> {
  const { policy, ports, run } = looking;
  const record = current(looking);
  if (record.told === record.version) return;
  const names = presentNamesOf(record.roles);
  const concerned = placesOf(policy.policy).filter((place) => desiredGrants(place, names).length > 0);
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
