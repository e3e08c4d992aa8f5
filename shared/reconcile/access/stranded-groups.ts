import { grantKey } from "../../model/grant.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Round } from "../pair/access-round.ts";

/**
 * Groups of the source that stay because the target for which they were given is not in the policy any more. Of who was in that target
 * as well, people hear from there.
 */
export function strandedGroups({ plan, read, record, rules }: Round): readonly Outcome[] {
  const { policy, target } = rules;
  if (target.topology !== "home" || record.leaving !== null) return [];
  const isInPolicy = (tenant: string) => policy.targets.some(({ tenantId }) => tenantId === tenant);
  return plan.withheld.flatMap(({ step, check, reason: why, advice }): readonly Outcome[] => {
    if (check !== "mode" || step.kind !== "revoke") return [];
    const givers = read.pair.givers[grantKey(step.grant)] ?? [];
    const missing = givers.filter((tenant) => !isInPolicy(tenant));
    if (missing.length === 0 || missing.some((tenant) => record.targets.includes(tenant))) return [];
    const reason = `${target.name}: people stay in ${step.name}: ${why}`;
    return [
      {
        kind: "parked",
        reason,
        advice,
        cause: reason,
        finding: "stranded-group",
        about: grantKey(step.grant),
      },
    ];
  });
}
