import type { AnalystId } from "../../model/ids.ts";
import type { Plan } from "../../model/plan.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { decideAnalyst, type DecideAnalystPorts } from "./decide-analyst.ts";

export type PlanAnalystPorts = DecideAnalystPorts & {
  readonly policy: () => Promise<PolicyNow>;
  readonly analysts: Pick<Analysts, "list" | "read">;
};

/**
 * What a look at an analyst in the source would do at this moment, as a run reads, plans and checks it.
 * @returns why there is no plan, in words, where there is none
 * @throws GraphError when the source does not answer
 */
export async function planAnalystOnly(id: AnalystId, ports: PlanAnalystPorts): Promise<Plan | string> {
  const [now, state] = await Promise.all([ports.policy(), ports.analysts.read(analystRow(id))]);
  const { known, decision, plan } = await decideAnalyst(id, state?.value ?? null, {
    now,
    priority: "low",
    ports,
  });
  return known === null && decision.roles.length === 0 ? "nothing makes them an analyst" : plan;
}
