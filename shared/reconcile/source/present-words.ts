import type { AnalystRecord, HeldRole } from "../../model/analyst.ts";
import { meaningOf } from "../run/plan-hash.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { waysToHold, type RoleGroup } from "./role-groups.ts";

/**
 * Roles by their names in this policy: what shows them stays when names change, or change places. A role that nothing in the
 * policy shows any more has no name in it, so it keeps the one that it had, as a former one.
 */
export function inPresentWords(
  record: AnalystRecord | null,
  { policy, hash }: PolicyNow,
  found: readonly RoleGroup[],
): AnalystRecord | null {
  if (record === null) return null;
  const ways = waysToHold(policy, found);
  const names = new Map([...ways].map(([role, by]) => [by, role]));
  const unfound = new Set(policy.roles.flatMap(({ name }) => (ways.has(name) ? [] : [name])));
  const isSamePolicy = record.meaning === meaningOf(record, hash);
  const named = ({ role, by, former }: HeldRole): HeldRole => {
    if (ways.get(role) === by) return { role, by };
    const name = names.get(by);
    if (name !== undefined) return { role: name, by };
    // Its group cannot be found, and the policy has said nothing else of it since: the name means what it did.
    if (unfound.has(role) && isSamePolicy && former === undefined) return { role, by };
    return { role, by, former: "yes" };
  };
  return { ...record, held: record.held.map(named), roles: record.roles.map(named) };
}
