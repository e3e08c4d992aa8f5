import type { DirectoryObject, GroupRecord, Membership, RoleAssignment, UserRecord } from "./objects.ts";
import type { Schedule, ScheduleRequest, Standing } from "./privileged.ts";
import { membershipKey } from "./replicas.ts";
import type { Tenant } from "./tenant.ts";
import type { VersionedMap, When } from "./versioned-map.ts";

/** The directory as one reader sees it: now, or as it was a moment ago when replication lags. */
export type DirectoryView = {
  user(idOrName: string): UserRecord | undefined;
  users(): Iterable<UserRecord>;
  deletedUser(id: string): UserRecord | undefined;
  deletedUsers(): Iterable<UserRecord>;
  group(id: string): GroupRecord | undefined;
  groups(): Iterable<GroupRecord>;
  deletedGroups(): Iterable<GroupRecord>;
  object(id: string): DirectoryObject | undefined;
  /** Direct members that exist; a soft-deleted user keeps the membership but is not shown. */
  members(groupId: string): DirectoryObject[];
  transitiveMembers(groupId: string): DirectoryObject[];
  groupsOf(memberId: string): GroupRecord[];
  transitiveGroupsOf(memberId: string): GroupRecord[];
  membership(groupId: string, memberId: string): Membership | undefined;
  /** Also of members that are soft-deleted. */
  memberships(groupId: string): Iterable<Membership>;
  roleAssignments(): Iterable<RoleAssignment>;
  schedules(standing: Standing): Iterable<Schedule>;
  scheduleRequests(): Iterable<ScheduleRequest>;
  /** Anything else that is kept with its history. */
  of<V>(map: VersionedMap<V>): Seen<V>;
  /** The moment delta queries look at; undefined means now. */
  readonly until: number | undefined;
};

type Seen<V> = { get(id: string): V | undefined; values(): Iterable<V> };

/** One replica's view of a tenant. */
export function replicaView(tenant: Tenant, replica: number): DirectoryView {
  return viewOf(tenant, (key) => tenant.replicas.moment(replica, key));
}

/** What a write goes by: it finds what is `shown` to it, and what it finds is as it is at `present`. */
export function writeView(shown: DirectoryView, present: DirectoryView): DirectoryView {
  return {
    ...present,
    user: (id) => shown.user(id) && present.user(id),
    group: (id) => shown.group(id) && present.group(id),
    object: (id) => shown.object(id) && present.object(id),
    deletedUser: (id) => shown.deletedUser(id) && present.deletedUser(id),
    of: (map) => ({ ...present.of(map), get: (id) => shown.of(map).get(id) && present.of(map).get(id) }),
  };
}

/** Everything as it was `when`; a function is asked with ids, and with membership keys. */
export function viewOf(tenant: Tenant, when?: When): DirectoryView {
  const at = (key: string) => (typeof when === "function" ? when(key) : when);
  const group = (id: string) => tenant.groups.get(id, at(id));

  function user(idOrName: string): UserRecord | undefined {
    const id = tenant.userIdsByName.get(idOrName.toLowerCase()) ?? idOrName.toLowerCase();
    return tenant.users.get(id, at(id));
  }

  const object = (id: string) => user(id) ?? group(id) ?? tenant.servicePrincipals.get(id);

  const membership = (groupId: string, memberId: string) =>
    tenant.membersOf(groupId).get(memberId, at(membershipKey(groupId, memberId)));

  function memberships(groupId: string): Iterable<Membership> {
    const then =
      typeof when === "function" ? (memberId: string) => when(membershipKey(groupId, memberId)) : when;
    return values(tenant.membersOf(groupId).entries(then));
  }

  function members(groupId: string): DirectoryObject[] {
    const found: DirectoryObject[] = [];
    for (const { memberId } of memberships(groupId)) {
      const member = object(memberId);
      if (member !== undefined) found.push(member);
    }
    return found;
  }

  function groupsOf(memberId: string): GroupRecord[] {
    const found: GroupRecord[] = [];
    for (const [groupId, record] of tenant.groups.entries(when)) {
      if (membership(groupId, memberId) !== undefined) found.push(record);
    }
    return found;
  }

  return {
    user,
    users: () => values(tenant.users.entries(when)),
    deletedUser: (id) => tenant.deletedUsers.get(id, at(id)),
    deletedUsers: () => values(tenant.deletedUsers.entries(when)),
    group,
    groups: () => values(tenant.groups.entries(when)),
    deletedGroups: () => values(tenant.deletedGroups.entries(when)),
    object,
    members,
    transitiveMembers: (groupId) =>
      closure(members(groupId), (member) => (member.kind === "group" ? members(member.id) : [])),
    groupsOf,
    transitiveGroupsOf: (memberId) => closure(groupsOf(memberId), ({ id }) => groupsOf(id)),
    membership,
    memberships,
    roleAssignments: () => values(tenant.roleAssignments.entries(when)),
    schedules: (standing) => values(tenant.privileged[standing].entries(when)),
    scheduleRequests: () => values(tenant.privileged.requests.entries(when)),
    of: (map) => ({ get: (id) => map.get(id, at(id)), values: () => values(map.entries(when)) }),
    until: typeof when === "number" ? when : undefined,
  };
}

function* values<V>(entries: Iterable<readonly [string, V]>): Iterable<V> {
  for (const [, value] of entries) yield value;
}

/** Everything reachable, each once: nested groups may form a loop. */
function closure<T extends { readonly id: string }>(
  start: readonly T[],
  next: (item: T) => readonly T[],
): T[] {
  const seen = new Map<string, T>();
  const open = [...start];
  for (let item = open.shift(); item !== undefined; item = open.shift()) {
    if (seen.has(item.id)) continue;
    seen.set(item.id, item);
    open.push(...next(item));
  }
  return [...seen.values()];
}
