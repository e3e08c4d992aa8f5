import { unlessGone } from "../graph/error.ts";
import type { Listing } from "../graph/listing.ts";
import type { Priority } from "../graph/tenant.ts";
import type { AnalystRecord, HeldRole } from "../model/analyst.ts";
import { lossWindowMs, occasionMs, type Loss } from "../planner/loss-checks.ts";
import { replicationWindowMs } from "../planner/membership.ts";
import { lostRoles, takesPlace } from "../planner/source-plan.ts";
import { wayOf } from "../policy/desired.ts";
import type { Policy } from "../policy/policy.ts";
import { allAnalysts, type Analysts } from "../state/analysts.ts";
import { waysToHold, type SourceReadPorts, type SourceSeen } from "./read-source.ts";

type Assessing = {
  readonly record: AnalystRecord | null;
  readonly seen: SourceSeen;
  readonly policy: Policy;
  readonly ports: SourceReadPorts & { readonly analysts: Pick<Analysts, "list">; readonly now: () => number };
  readonly priority: Priority;
};

/**
 * When a role seems to be gone: how good the evidence is, and how many others seem to have lost it with them. One leaver is
 * a leaver; many at once are a mistake in a group, in an attribute or in the policy.
 */
export async function assessLoss(assessing: Assessing): Promise<Loss | null> {
  const { record, seen, policy, ports } = assessing;
  // Who is disabled leaves whatever they hold: nothing that cannot be read stands in their way.
  if (seen.user.kind !== "present" || !seen.user.user.enabled) return null;
  const lost = lostRoles(record, seen.held);
  if (lost.length === 0) return null;
  // Nobody looks at who is protected, so what is remembered of them says nothing.
  const everybody = (await allAnalysts(ports.analysts)).filter(({ id }) => !policy.protected.includes(id));
  return {
    evidence: seen.evidence,
    roles: await Promise.all(lost.map((role) => compareHolders(role, everybody, assessing))),
    budget: policy.guardrails.removals,
  };
}

/** Whoever held the role last time, against whoever holds it now. */
async function compareHolders(
  { role, by }: HeldRole,
  everybody: readonly AnalystRecord[],
  assessing: Assessing,
): Promise<Loss["roles"][number]> {
  const lostAfter = assessing.ports.now() - lossWindowMs;
  const listing = await listHolders({ role, by }, everybody, assessing);
  const confirmedAt = assessing.record?.confirmed[by] ?? assessing.record?.confirmedAt ?? 0;
  // An edit of the policy takes a role from everybody at once, also from those who would have lost it before.
  const earlier =
    listing.lostBy === "edit"
      ? []
      : everybody.filter((one) => isEarlier(one.refused[by]?.since, confirmedAt));
  const holders = new Set(listing.items);
  // Somebody who left by another way, a disabled account say, is no sign of an emptied group.
  const known = everybody.filter(
    (one) =>
      !earlier.includes(one) &&
      ((one.leaving === null && one.roles.some((role) => role.by === by)) ||
        (one.lost[by] ?? 0) > lostAfter ||
        (holders.has(one.id) && cameOver(one, by))),
  );
  return {
    role,
    by,
    known: known.length,
    missing: known.filter(({ id }) => !holders.has(id)).length,
    lostBy: listing.lostBy,
    refusedFirst: refusedFirst(by, everybody, assessing),
    listing:
      assessing.record !== null && holders.has(assessing.record.id) ? "behind" : listing.completeness.kind,
  };
}

/** Held the role in this way before what shows it was replaced, and is no sign of a loss. */
const cameOver = ({ moved }: AnalystRecord, by: string) =>
  Object.values(moved).some((ways) => ways.includes(by));

/** When the loss was refused first on this occasion; now, if it has not been yet. */
function refusedFirst(by: string, everybody: readonly AnalystRecord[], { record, ports }: Assessing): number {
  const own = record?.refused[by]?.since ?? ports.now();
  const others = everybody.flatMap(({ refused }) => refused[by]?.since ?? []);
  return Math.min(own, ...others.filter((since) => Math.abs(since - own) <= occasionMs));
}

/** A loss was refused, and this analyst was seen to hold the role after that: theirs is another loss. */
const isEarlier = (refusedSince: number | undefined, confirmedAt: number) =>
  refusedSince !== undefined && refusedSince + replicationWindowMs < confirmedAt;

/** Who holds a role now; and whether somebody who does not any more has lost it, or an edit has taken it from everybody at once. */
type Holders = Listing<string> & { readonly lostBy: "person" | "edit" };

/**
 * Everybody who holds the role now: by what showed it last time, or, if the policy goes by something else now, by that. A role
 * that the policy does not know any more has no holders. But where what showed it shows others and not this analyst any more,
 * the loss is theirs, whatever the policy says. Whoever had what shows it now beside what showed it last time holds another
 * role, which has got its name.
 */
async function listHolders(
  { role, by }: HeldRole,
  everybody: readonly AnalystRecord[],
  assessing: Assessing,
): Promise<Holders> {
  const { policy, seen, record } = assessing;
  const ways = waysToHold(policy, seen.roleGroups);
  const former = await unlessGone(listWay(by, assessing));
  if ([...ways.values()].includes(by))
    // A group that is gone has no holders: whoever was kept in it stays kept.
    return former === null ? { ...nobody, lostBy: "edit" } : { ...former, lostBy: "person" };
  if (former !== null && former.items.length > 0 && !former.items.includes(record?.id ?? ""))
    return { ...former, lostBy: "person" };
  const way = ways.get(role);
  const listing = way === undefined ? nobody : ((await unlessGone(listWay(way, assessing))) ?? nobody);
  const others = everybody.filter((one) => way !== undefined && !takesPlace(one, way, by));
  const ids = new Set<string>(others.map(({ id }) => id));
  return { ...listing, items: listing.items.filter((id) => !ids.has(id)), lostBy: "edit" };
}

const nobody: Listing<string> = { items: [], completeness: { kind: "complete" } };

async function listWay(key: string, { ports, priority }: Assessing): Promise<Listing<string>> {
  const way = wayOf(key);
  if (way === null) return nobody;
  return way.kind === "group"
    ? ports.reader.listMembers(way.group, priority)
    : ports.reader.listByAttributes(way.attributes, priority);
}
