import { stampIn } from "../../policy/desired.ts";
import type { Policy, Stamp } from "../../policy/policy.ts";
import type { Rules } from "../pair/access-ports.ts";

/** The stamp that holds the analyst's id alone, by its name in the target; the policy has exactly one. */
export const identityStamp = ({ policy, target }: Pick<Rules, "policy" | "target">): string =>
  stampIn(idStamp(policy), policy, target);

/** What says on an account whose it is: nothing does where the target invites. */
export const stampOf = (rules: Rules): string | null =>
  rules.target.topology === "pull" ? null : identityStamp(rules);

/** The same, by its name in the source. */
export const identityStampAtHome = (policy: Policy): string => idStamp(policy).property;

function idStamp({ source }: Policy): Stamp {
  const stamp = source.stamps.find(({ template }) => template === "{id}");
  if (stamp === undefined) throw new Error("the policy has no stamp with the template {id}");
  return stamp;
}
