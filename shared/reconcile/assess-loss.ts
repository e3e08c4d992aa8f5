import { unlessGone } from "../graph/error.ts";
import type { Listing } from "../graph/listing.ts";
import type { SourceReader } from "../graph/source-reader.ts";
import type { Priority } from "../graph/tenant.ts";
import type { AnalystRecord, HeldRole } from "../model/analyst.ts";
import { lossWindowMs, type Loss } from "../planner/loss-checks.ts";
import { replicationWindowMs } from "../planner/membership.ts";
import { lostRoles } from "../planner/source-plan.ts";
import { attributesKey, groupKey, wayOf } from "../policy/desired.ts";
import type { Policy } from "../policy/policy.ts";
import { allAnalysts, type Analysts } from "../state/analysts.ts";
import type { SourceReadPorts, SourceSeen } from "./read-source.ts";

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
  if (seen.user.kind !== "present") return null;
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
  // Somebody who left by another way, a disabled account say, is no sign of an emptied group.
  const staying = everybody.filter(({ leaving }) => leaving === null);
  const lostAfter = assessing.ports.now() - lossWindowMs;
  const listing = await listHolders({ role, by }, assessing);
  // An edit of the policy takes a role from everybody at once, also from those who would have lost it before.
  const earlier =
    listing === nobody ? [] : everybody.filter((one) => isEarlier(one.refused[by]?.since, assessing));
  const known = everybody.filter(
    (one) =>
      !earlier.includes(one) &&
      ((one.leaving === null && one.roles.some((role) => role.by === by)) || (one.lost[by] ?? 0) > lostAfter),
  );
  const refusedSince = known.flatMap(({ id, refused }) =>
    refused[by] === undefined || id === assessing.record?.id ? [] : [refused[by].since],
  );
  const holders = new Set(listing.items);
  return {
    role,
    by,
    known: known.length,
    missing: known.filter(({ id }) => !holders.has(id)).length,
    elsewhere: staying.filter(({ roles }) => roles.some((one) => one.role === role && one.by !== by)).length,
    refusedFirst: refusedSince.length === 0 ? null : Math.min(...refusedSince),
    listing:
      assessing.record !== null && holders.has(assessing.record.id) ? "behind" : listing.completeness.kind,
  };
}

/** A loss was refused, and this analyst was seen to hold the role after that: theirs is another loss. */
function isEarlier(refusedSince: number | undefined, { record }: Assessing): boolean {
  return refusedSince !== undefined && refusedSince + replicationWindowMs < (record?.confirmedAt ?? 0);
}

const nobody: Listing<string> = { items: [], completeness: { kind: "complete" } };

/**
 * Everybody who holds the role now: by what showed it last time, or, if the policy goes by something else now, by that.
 */
async function listHolders(
  { role, by }: HeldRole,
  { policy, seen, ports, priority, record }: Assessing,
): Promise<Listing<string>> {
  const ways = policy.roles.flatMap(({ name, holders }) => {
    const group = seen.roleGroups.find((one) => one.role === name)?.group;
    const key = holders.kind === "attributes" ? attributesKey(holders.attributes) : group && groupKey(group);
    return key === by || name === role ? [{ key, holders, group }] : [];
  });
  const way = ways.find(({ key }) => key === by) ?? ways[0];
  if (way === undefined) return listFormer(by, { reader: ports.reader, id: record?.id, priority });
  if (way.holders.kind === "attributes")
    return ports.reader.listByAttributes(way.holders.attributes, priority);
  return way.group === undefined ? nobody : ports.reader.listMembers(way.group, priority);
}

/**
 * A role that the policy does not know any more has no holders: all who had it count as lost, unless what showed it shows this
 * analyst no more. Then the loss is theirs, whatever the policy says.
 */
async function listFormer(
  by: string,
  {
    reader,
    id,
    priority,
  }: { readonly reader: SourceReader; readonly id: string | undefined; readonly priority: Priority },
): Promise<Listing<string>> {
  const way = wayOf(by);
  if (way === null || id === undefined) return nobody;
  const listing =
    way.kind === "group"
      ? await unlessGone(reader.listMembers(way.group, priority))
      : await reader.listByAttributes(way.attributes, priority);
  return listing === null || listing.items.length === 0 || listing.items.includes(id) ? nobody : listing;
}
