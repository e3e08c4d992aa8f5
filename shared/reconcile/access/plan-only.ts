import type { Plan } from "../../model/plan.ts";
import { unknownPair } from "../../model/pair.ts";
import { planAccess } from "../../planner/access-plan.ts";
import { checkPlan } from "../../planner/checks.ts";
import { placeAt } from "../../policy/places.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import { pairRow } from "../../state/pairs.ts";
import type { AccessReadPorts } from "../pair/access-ports.ts";
import { meaningOf } from "../run/plan-hash.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import type { Pair } from "./access.ts";
import { factsOf } from "./check-facts.ts";
import { readAccess } from "./read-access.ts";
import { takenOver } from "./take-over.ts";

/** What planning needs; there is nothing to write with in here, neither to Graph nor to what is remembered. */
export type PlanAccessPorts = AccessReadPorts & {
  readonly policy: () => Promise<PolicyNow>;
  readonly analysts: Pick<Analysts, "read">;
};

/**
 * What a look would do at this moment: the same reading, planning and checking as a run's, and nothing after it.
 * @returns why there is no plan, in words, where there is none
 * @throws GraphError when the target does not answer
 */
export async function planAccessOnly(
  { tenant, analyst }: Pair,
  ports: PlanAccessPorts,
): Promise<Plan | string> {
  const [{ policy, hash, changedAt }, known, state] = await Promise.all([
    ports.policy(),
    ports.analysts.read(analystRow(analyst)),
    ports.pairs.read(pairRow(tenant, analyst)),
  ]);
  const record = known?.value ?? null;
  const target = placeAt(policy, tenant);
  if (record === null) return "nobody has seen them as an analyst";
  if (target === undefined) return "the policy does not name this tenant";
  if (record.meaning !== meaningOf(record, hash) && record.leaving === null)
    return "they have not been looked at under the policy that is in force now";
  const rules = { policy, target, since: changedAt };
  const pair = takenOver(state?.value ?? unknownPair);
  const read = await readAccess(
    { record, news: "none", pair, rules, priority: "low", run: { attempts: 0 } },
    ports,
  );
  if (read.kind === "refused") {
    const { outcome } = read;
    return outcome.kind === "parked" ? outcome.reason : "it cannot be read now";
  }
  return checkPlan(planAccess(read.situation).plan, factsOf(read, { record, rules }));
}
