import type { HeldRole } from "../model/analyst.ts";
import { namesOf, presentNamesOf } from "../planner/source-plan.ts";
import { desiredGrants } from "../policy/desired.ts";
import type { NameOrId, Policy } from "../policy/policy.ts";
import type { Looking } from "./access-ports.ts";

type Asked = Pick<Looking, "record" | "rules">;

/** The groups of the target that the analyst should be in. */
export function wantedOf({ record, rules }: Asked): readonly NameOrId[] {
  return record.leaving === null ? desiredGrants(rules.target, presentNamesOf(record.roles)) : [];
}

/** Why nothing may be taken back from the analyst, although nothing says that it should be there; null: it may. */
export function keepsOf({ record, rules }: Asked): string | null {
  return record.leaving === null ? unknownRoles(rules.policy, record.roles) : null;
}

/** Whether the analyst leaves this target, or all of them. */
export const isLeaving = (asked: Asked): boolean => wantedOf(asked).length === 0 && keepsOf(asked) === null;

/** Roles that a check in the source did not let go of, and that the policy does not know any more: nobody can say what they give. */
function unknownRoles({ roles }: Policy, held: readonly HeldRole[]): string | null {
  const unknown = held.filter(
    ({ role, former }) => former === "yes" || !roles.some(({ name }) => name === role),
  );
  return unknown.length === 0
    ? null
    : `what makes people ${namesOf(unknown).join(", ")} is not in the policy any more, and they were not to lose it unseen`;
}
