import type { MemberChange } from "./change-log.ts";
import { graphTime } from "./graph-time.ts";
import {
  isSoftDeletable,
  type Actor,
  type DirectoryObject,
  type GroupRecord,
  type Membership,
  type Properties,
} from "./objects.ts";
import type { Tenant } from "./tenant.ts";

export function createGroup(tenant: Tenant, draft: { properties: Properties; by: Actor }): GroupRecord {
  const id = tenant.mint("group");
  const now = graphTime(tenant.clock.now());
  const group: GroupRecord = {
    kind: "group",
    id,
    properties: { ...draft.properties, id, createdDateTime: now, renewedDateTime: now },
    createdBy: draft.by,
  };
  tenant.groups.set(id, group);
  tenant.changes.add({ kind: "group", id, event: "created", properties: Object.keys(group.properties) });
  audit(tenant, group, { activity: "Add group", by: draft.by });
  return group;
}

export function changeGroup(
  tenant: Tenant,
  group: GroupRecord,
  change: { properties: Properties; by: Actor },
): void {
  const names = Object.keys(change.properties);
  const changed = names.filter(
    (name) =>
      JSON.stringify(group.properties[name] ?? null) !== JSON.stringify(change.properties[name] ?? null),
  );
  if (changed.length > 0) {
    tenant.groups.set(group.id, { ...group, properties: { ...group.properties, ...change.properties } });
  }
  tenant.changes.add({ kind: "group", id: group.id, event: "changed", properties: changed });
  audit(tenant, group, { activity: "Update group", by: change.by, changed });
}

export function deleteGroup(tenant: Tenant, group: GroupRecord, by: Actor): void {
  const event = isSoftDeletable(group) ? "softDeleted" : "purged";
  tenant.groups.delete(group.id);
  if (event === "softDeleted") {
    const deletedAt = tenant.clock.now();
    const properties = { ...group.properties, deletedDateTime: graphTime(deletedAt) };
    tenant.deletedGroups.set(group.id, { ...group, properties, deletedAt });
  }
  tenant.changes.add({ kind: "group", id: group.id, event, properties: [] });
  audit(tenant, group, { activity: "Delete group", by: by });
}

export function restoreGroup(tenant: Tenant, group: GroupRecord, by: Actor): GroupRecord {
  const { deletedAt: _deletedAt, ...rest } = group;
  const { deletedDateTime: _deletedDateTime, ...properties } = group.properties;
  const restored = { ...rest, properties };
  tenant.deletedGroups.delete(group.id);
  tenant.groups.set(group.id, restored);
  const names = Object.keys(properties);
  tenant.changes.add({ kind: "group", id: group.id, event: "restored", properties: names });
  audit(tenant, restored, { activity: "Restore group", by: by });
  return restored;
}

export function purgeGroup(tenant: Tenant, group: GroupRecord, by: Actor): void {
  tenant.deletedGroups.delete(group.id);
  tenant.changes.add({ kind: "group", id: group.id, event: "purged", properties: [] });
  audit(tenant, group, { activity: "Hard Delete group", by: by });
}

export function addMembers(
  tenant: Tenant,
  group: GroupRecord,
  members: readonly DirectoryObject[],
  by: Actor,
  more: Partial<Pick<Membership, "addedBy" | "isPrivileged">> = {},
): void {
  const addedAt = tenant.clock.now();
  for (const { id, kind } of members) {
    tenant.membersOf(group.id).set(id, { memberId: id, memberKind: kind, addedBy: by, addedAt, ...more });
  }
  announce(tenant, group, memberChanges(members, "added"));
  for (const member of members) audit(tenant, group, { activity: "Add member to group", by, member });
}

export function removeMember(tenant: Tenant, group: GroupRecord, member: DirectoryObject, by: Actor): void {
  tenant.membersOf(group.id).delete(member.id);
  announce(tenant, group, memberChanges([member], "removed"));
  audit(tenant, group, { activity: "Remove member from group", by, member });
}

function memberChanges(members: readonly DirectoryObject[], change: MemberChange["change"]): MemberChange[] {
  return members.map(({ id, kind }) => ({ id, kind, change }));
}

function announce(tenant: Tenant, group: GroupRecord, members: readonly MemberChange[]): void {
  tenant.changes.add({ kind: "group", id: group.id, event: "changed", properties: [], members });
}

function audit(
  tenant: Tenant,
  group: GroupRecord,
  entry: { activity: string; by: Actor; changed?: readonly string[]; member?: DirectoryObject },
): void {
  const { member, ...rest } = entry;
  const self = { id: group.id, type: "Group", displayName: group.properties["displayName"] } as const;
  const targets = member === undefined ? [self] : [targetOf(member), self];
  tenant.audits.record({ ...rest, category: "GroupManagement", targets });
}

function targetOf(object: DirectoryObject) {
  const types = { user: "User", group: "Group", servicePrincipal: "ServicePrincipal" } as const;
  return { id: object.id, type: types[object.kind], displayName: object.properties["displayName"] };
}
