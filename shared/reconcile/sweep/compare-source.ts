import type { AnalystRecord } from "../../model/analyst.ts";
import { analystIdSchema, type AnalystId } from "../../model/ids.ts";
import type { Difference } from "../../model/sweep.ts";
import { sourceDriftOf, type SourceShown } from "../../planner/source-drift.ts";
import { namesOf } from "../../planner/role-lists.ts";
import { attributesKey, groupKey, stampProperties, stampsOf } from "../../policy/desired.ts";
import { sourceMode } from "../../policy/places.ts";
import type { Policy } from "../../policy/policy.ts";
import type { Listing } from "../../graph/listing.ts";
import { unlessGone } from "../../graph/error.ts";
import { allAnalysts } from "../../state/analysts.ts";
import { findRoleGroups } from "../source/role-groups.ts";
import { differing } from "./differing.ts";
import type { SweepPorts } from "./sweep-ports.ts";

type ComparedSource = {
  readonly compared: number;
  readonly differences: readonly Difference[];
  /** Who holds a role and is not known. */
  readonly strangers: readonly AnalystId[];
  readonly unread: readonly string[];
};

/**
 * Compares everybody who is known, and everybody whom a role is shown of, with the source: account, roles and stamps. `analyst`: only this
 * one; null: everybody.
 * @throws GraphError when the source does not answer
 */
export async function compareSource(
  policy: Policy,
  analyst: AnalystId | null,
  ports: SweepPorts,
): Promise<ComparedSource> {
  const all = await allAnalysts(ports.analysts);
  const isAsked = (id: string) => (analyst === null || id === analyst) && !policy.protected.includes(id);
  const records = all.filter(({ id }) => isAsked(id));
  const { found, refusals } = await findRoleGroups(policy, ports.source.groups, "low");
  const lists = new Map<string, Listing<string>>();
  const gone: string[] = [];
  for (const { group } of found) {
    const listing = await unlessGone(ports.source.reader.listMembers(group, "low"));
    if (listing === null) gone.push(group);
    else lists.set(groupKey(group), listing);
  }
  for (const { holders } of policy.roles)
    if (holders.kind === "attributes")
      lists.set(
        attributesKey(holders.attributes),
        await ports.source.reader.listByAttributes(holders.attributes, "low"),
      );
  const people = await ports.place(policy.source.tenantId).accounts.people(
    records.map(({ id }) => id),
    { stamps: stampProperties(policy), priority: "low" },
  );
  const byId = new Map(people.items.map((person) => [person.id, person]));
  const members = new Map([...lists].map(([by, { items }]) => [by, new Set(items)]));
  const isComplete = people.completeness.kind === "complete";
  const shown: SourceShown = {
    person: (id) => byId.get(id) ?? (isComplete ? "none" : "unknown"),
    holds: (by, id) => {
      if (members.get(by)?.has(id) === true) return "yes";
      return lists.get(by)?.completeness.kind === "complete" ? "no" : "unknown";
    },
    ways: [...lists.keys()],
  };
  const known = new Set<string>(all.map(({ id }) => id));
  return {
    compared: records.length,
    differences: records.flatMap((record) => differenceOf(record, policy, shown)),
    strangers: [...new Set([...members.values()].flatMap((ids) => [...ids]))]
      .filter((id) => isAsked(id) && !known.has(id))
      .map((id) => analystIdSchema.parse(id)),
    unread: [
      ...refusals.map(({ reason }) => reason),
      ...gone.map((group) => `the role group ${group} is not there`),
      ...(people.completeness.kind === "partial" ? [`users: ${people.completeness.why}`] : []),
      ...[...lists].flatMap(([by, { completeness }]) =>
        completeness.kind === "partial" ? [`${by}: ${completeness.why}`] : [],
      ),
    ],
  };
}

function differenceOf(record: AnalystRecord, policy: Policy, shown: SourceShown): readonly Difference[] {
  const roles = namesOf(record.leaving === null ? record.roles : []);
  const stamps = sourceMode(policy) === "observe" ? {} : stampsOf(policy, { id: record.id, roles }).values;
  const why = sourceDriftOf(record, stamps, shown);
  return why.length === 0 ? [] : [differing(record, policy.source.tenantId, { why, removals: 0 })];
}
