import type { Wish } from "../../model/wish.ts";
import { isAmong, type AnalystRecord, type HeldRole } from "../../model/analyst.ts";
import { grantKey, subjectOf } from "../../model/grant.ts";
import type { Keeps } from "../../planner/access-situation.ts";
import { namesOf } from "../../planner/role-lists.ts";
import { desiredGrants } from "../../policy/desired.ts";
import type { Policy } from "../../policy/policy.ts";
import { isRetired } from "../../policy/source-groups.ts";
import type { Looking } from "./access-ports.ts";

export type Asked = Pick<Looking, "record" | "rules">;

/** What the analyst should be given in the target. */
export function wantedOf({ record, rules, pair }: Asked & Pick<Looking, "pair">): readonly Wish[] {
  if (pair.departed !== null) return [];
  const frozen = frozenRoles(rules.policy, record);
  const live = record.roles.filter((role) => !frozen.includes(role));
  return record.leaving === null ? desiredGrants(rules.target, namesOf(live)) : [];
}

/** What may not be taken back from the analyst, although nothing says that it should be there; null: all of it may. */
export function keepsOf({ record, rules, pair }: Asked & Pick<Looking, "pair">): Keeps | null {
  // Nobody belongs there any more, or they do not, whatever they are kept for.
  if (rules.target.retire || pair.departed !== null) return null;
  const kept = frozenRoles(rules.policy, record);
  const gave = kept.map(({ by }) => stillGiven(pair.gave[by], { rules, pair }));
  if (record.leaving !== null || gave.every((one) => one?.length === 0)) return null;
  const held = new Set(record.roles.map(({ by }) => by));
  return {
    why: `nothing shows any more that they are ${namesOf(kept).join(", ")}, and they were not to lose that unseen`,
    gave: gave.includes(undefined) ? null : gave.flatMap((one) => one ?? []),
    lost: Object.entries(pair.gave).flatMap(([by, grants]) => (held.has(by) ? [] : grants)),
  };
}

/** Without what is given by nobody but targets in which nobody belongs any more; undefined where it may be anything. */
function stillGiven(
  gave: readonly string[] | undefined,
  { rules: { target }, pair }: Pick<Looking, "rules" | "pair">,
): readonly string[] | undefined {
  if (target.topology !== "home") return gave;
  const rows = pair.ledger.flatMap(({ item, name }) =>
    item.kind === "grant" ? [{ key: grantKey(item.grant), group: { id: subjectOf(item.grant), name } }] : [],
  );
  const ended = new Set(rows.flatMap(({ key, group }) => (isRetired(target, group) ? [key] : [])));
  if (ended.size === 0) return gave;
  return (gave ?? rows.map(({ key }) => key)).filter((key) => !ended.has(key));
}

/** Whether the analyst leaves this target, or all of them. */
export const isLeaving = (asked: Asked & Pick<Looking, "pair">): boolean =>
  wantedOf(asked).length === 0 && keepsOf(asked) === null;

/**
 * Roles that a check in the source did not let go of: what they gave stays, and whatever the policy says of them by now, they give
 * nothing new. Of some it says nothing at all any more.
 */
export const frozenRoles = (
  { roles }: Policy,
  record: Pick<AnalystRecord, "roles" | "held">,
): readonly HeldRole[] =>
  record.roles.filter(
    (one) =>
      one.former === "yes" || !roles.some(({ name }) => name === one.role) || !isAmong(record.held)(one),
  );
