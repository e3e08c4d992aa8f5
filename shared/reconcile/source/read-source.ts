import type { GroupDirectory } from "../../graph/group-directory.ts";
import { unlessGone } from "../../graph/error.ts";
import type { SourceMemberships, SourceReader } from "../../graph/source-reader.ts";
import type { Priority } from "../../graph/tenant.ts";
import type { Tracked } from "../../graph/user-changes.ts";
import type { AnalystRecord, HeldRole, SourceUser, SourceUserRead } from "../../model/analyst.ts";
import type { AnalystId, GroupId } from "../../model/ids.ts";
import { attributesKey, groupKey, holdsAttributes, stampProperties } from "../../policy/desired.ts";
import type { Policy } from "../../policy/policy.ts";
import type { RoleGroup, RoleGroups } from "./role-groups.ts";

export type SourceReadPorts = { readonly reader: SourceReader; readonly groups: GroupDirectory };

/** What one look at a user of the source tenant showed. */
export type SourceSeen = Pick<RoleGroups, "refusals"> & {
  readonly user: SourceUserRead;
  /** Roles with direct evidence; those whose group cannot be found are as they were. */
  readonly held: readonly HeldRole[];
  /** Whether the listing of the user's memberships was read to the end. */
  readonly evidence: { readonly kind: "sound" } | { readonly kind: "doubtful"; readonly why: string };
  readonly roleGroups: readonly RoleGroup[];
};

/** What can be read of somebody before it is known which groups give roles. */
export type FirstLook = {
  readonly user: SourceUserRead;
  readonly memberships: PromiseSettledResult<SourceMemberships | null>;
  /** The groups that memberships were asked about, as far as they could be guessed. */
  readonly guessed: ReadonlySet<GroupId>;
};

/**
 * Asks who a user is, and about their memberships of the groups that the policy's names meant last: while the names are looked up,
 * and in the same round trip. A guess decides nothing: groups are told apart by their ids, and `readSource` asks anew about those that
 * were not among them.
 * @throws GraphError
 */
export async function lookFirst(
  id: AnalystId,
  { policy, ports, priority }: Pick<Question, "policy" | "ports" | "priority">,
): Promise<FirstLook> {
  const groups = policy.roles.flatMap(({ holders }) =>
    holders.kind === "group" ? (ports.groups.last(holders.group) ?? []) : [],
  );
  const [user, [memberships]] = await Promise.all([
    ports.reader.readUser({ id, priority, ...trackedBy(policy) }),
    Promise.allSettled([readMemberships(id, groups, { ports, priority })]),
  ]);
  return { user, memberships, guessed: new Set(groups) };
}

type Question = {
  readonly first: FirstLook;
  readonly record: AnalystRecord | null;
  /** Whether they are said to have left. */
  readonly departed: "yes" | "no";
  readonly policy: Policy;
  readonly roleGroups: RoleGroups;
  readonly ports: SourceReadPorts;
  readonly priority: Priority;
};

/** @throws GraphError, Error when two replicas disagree about whether there is such a user */
export async function readSource(id: AnalystId, question: Question): Promise<SourceSeen> {
  const { record, policy, first } = question;
  const { found, refusals, trouble } = question.roleGroups;
  const { user } = first;
  const groups = found.map(({ group }) => group);
  const [read] = answers(first, groups)
    ? [first.memberships]
    : await Promise.allSettled([readMemberships(id, groups, question)]);
  const base = { user, roleGroups: found, refusals };
  const isOut = user.kind !== "present" || !user.user.enabled || question.departed === "yes";
  // Who leaves by their account, or is said to, leaves whatever they hold: groups that cannot be read stand in nobody's way.
  const isUnread = trouble !== undefined || read.status === "rejected";
  if (user.kind !== "present" || (isOut && isUnread))
    return { ...base, held: record?.held ?? [], evidence: { kind: "sound" } };
  if (trouble !== undefined) throw trouble;
  if (read.status === "rejected") throw read.reason;
  const memberships = read.value;
  if (memberships === null)
    throw new Error(
      "one replica knows the user, and another does not: they were made or restored a moment ago",
    );
  const unresolved = (record?.held ?? []).filter(({ role }) => refusals.some((one) => one.role === role));
  const { completeness } = memberships.direct;
  return {
    ...base,
    held: [...rolesHeld(user.user, memberships, { policy, found }), ...unresolved],
    evidence:
      completeness.kind === "complete" ? { kind: "sound" } : { kind: "doubtful", why: completeness.why },
  };
}

/** Whether the first look has asked about these groups; that it failed may be because it asked about one that is gone. */
function answers({ guessed, memberships }: FirstLook, groups: readonly GroupId[]): boolean {
  if (!groups.every((group) => guessed.has(group))) return false;
  const isRead = memberships.status === "fulfilled" && memberships.value !== null;
  return isRead || guessed.size === groups.length;
}

/** A user who is deleted has no memberships to read; that is said by `readUser`, not here. */
function readMemberships(
  id: AnalystId,
  groups: readonly GroupId[],
  { ports, priority }: Pick<Question, "ports" | "priority">,
): Promise<SourceMemberships | null> {
  return unlessGone(ports.reader.readMemberships({ id, groups, priority }));
}

function rolesHeld(
  { attributes }: SourceUser,
  memberships: SourceMemberships,
  { policy, found }: { readonly policy: Policy; readonly found: readonly RoleGroup[] },
): readonly HeldRole[] {
  const member = new Set<string>([...memberships.direct.items, ...memberships.confirmed]);
  const byGroup = found.flatMap(({ role, group }) =>
    member.has(group) ? [{ role, by: groupKey(group) }] : [],
  );
  const byAttributes = policy.roles.flatMap(({ name, holders }) =>
    holders.kind === "attributes" && holdsAttributes(holders.attributes, attributes)
      ? [{ role: name, by: attributesKey(holders.attributes) }]
      : [],
  );
  return [...byGroup, ...byAttributes];
}

/** The properties of a user that the policy goes by, or writes. */
export function trackedBy(policy: Policy): Tracked {
  const names = policy.roles.flatMap(({ holders }) =>
    holders.kind === "attributes" ? Object.keys(holders.attributes) : [],
  );
  return { attributes: [...new Set(names)].toSorted(), stamps: stampProperties(policy) };
}
