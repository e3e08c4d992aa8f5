import type { AnalystRecord, HeldRole } from "../../model/analyst.ts";
import { lossWindowMs, refusalOf, type Loss, type LostRole } from "../../planner/loss-checks.ts";
import { lostRoles } from "../../planner/lost-roles.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";
import { allAnalysts } from "../../state/analysts.ts";
import { isBefore, lossBefore, lossOf, refusedFirst } from "./earlier-losses.ts";
import { listHolders, type Assessing, type Losing } from "./list-holders.ts";
import { waysToHold } from "./role-groups.ts";

/**
 * When a role seems to be gone: how good the evidence is, and how many others seem to have lost it with them. One leaver is
 * a leaver; many at once are a mistake in a group, in an attribute or in the policy.
 */
export async function assessLoss(assessing: Assessing): Promise<Loss | null> {
  const { record, seen, departed, policy, ports } = assessing;
  // Who is disabled, or said to leave, leaves whatever they hold: nothing that cannot be read stands in their way.
  if (seen.user.kind !== "present" || !seen.user.user.enabled || departed === "yes") return null;
  const lost = lostRoles(record, seen.held);
  if (record === null || lost.length === 0) return null;
  // Nobody looks at who is protected, so what is remembered of them says nothing.
  const everybody = (await allAnalysts(ports.analysts)).filter(({ id }) => !policy.protected.includes(id));
  return {
    evidence: seen.evidence,
    roles: await Promise.all(lost.map((role) => compareHolders(role, everybody, { ...assessing, record }))),
    budget: policy.guardrails.removals,
  };
}

/** Whoever held the role last time, against whoever holds it now. */
async function compareHolders(
  { role, by }: HeldRole,
  everybody: readonly AnalystRecord[],
  assessing: Losing,
): Promise<LostRole> {
  const { record, seen, policy, ports } = assessing;
  const listing = await listHolders({ role, by }, everybody, assessing);
  const { lostBy } = listing;
  const holders = new Set(listing.items);
  const others = everybody.filter(({ id }) => id !== record.id);
  const refusal = refusalOf(record.refused, { by, lostBy });
  const own = lossOf(record, { by, refusal, at: refusal?.since ?? ports.now() });
  const losses = others.flatMap((one) => lossBefore(one, { by, lostBy }));
  // An edit of the policy takes a role from everybody at once, also from those who would have lost it before.
  const apart = lostBy === "person" ? losses : [];
  const earlier = new Set(apart.filter((loss) => isBefore(loss, own, losses)).map(({ one }) => one.id));
  const later = new Set(apart.filter((loss) => isBefore(own, loss, losses)).map(({ one }) => one.id));
  const lostAfter = ports.now() - lossWindowMs;
  // Somebody who left by another way, a disabled account say, is no sign of an emptied group.
  const known = everybody.filter(
    (one) =>
      !earlier.has(one.id) &&
      ((one.leaving === null && one.roles.some((held) => held.by === by)) ||
        later.has(one.id) ||
        (one.lost[by] ?? 0) > lostAfter ||
        (holders.has(one.id) && cameOver(one, by))),
  );
  const missing = known.filter(({ id }) => !holders.has(id) && !later.has(id));
  const soon = [own, ...losses].filter(({ at }) => at <= own.at + lossWindowMs);
  const seenToLose = new Set(soon.map(({ one }) => one.id));
  const ways = waysToHold(policy, seen.roleGroups);
  const isReplaced = ways.has(role) && ![...ways.values()].includes(by);
  return {
    role,
    by,
    known: known.length,
    missing: missing.length,
    seen: missing.filter(({ id }) => seenToLose.has(id)).length,
    lostBy,
    refusedFirst: refusedFirst(own, losses, lostBy),
    ...(isReplaced && ports.now() - own.at < replicationWindowMs ? { mayShowLate: "yes" } : {}),
    listing: holders.has(record.id) ? "behind" : listing.completeness.kind,
  };
}

/** Held the role in this way before what shows it was replaced, and is no sign of a loss. */
const cameOver = ({ moved }: AnalystRecord, by: string) =>
  Object.values(moved).some((ways) => ways.includes(by));
