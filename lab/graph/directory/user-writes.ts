import { graphTime } from "./graph-time.ts";
import type { Actor, Properties, UserRecord } from "./objects.ts";
import type { Tenant } from "./tenant.ts";

const recycleBinMs = 30 * 24 * 60 * 60 * 1000;

/** A new account. `by` did it, `owner` (default `by`) is whose account it counts as. */
export function createUser(
  tenant: Tenant,
  draft: { properties: Properties; by: Actor; owner?: Actor; sourceId?: string; id?: string },
): UserRecord {
  const id = draft.id ?? tenant.mint("user");
  const user: UserRecord = {
    kind: "user",
    id,
    properties: { ...draft.properties, id, createdDateTime: graphTime(tenant.clock.now()) },
    revision: 1,
    createdBy: draft.owner ?? draft.by,
    directoryRoles: [],
    ...(draft.sourceId !== undefined && { sourceId: draft.sourceId }),
  };
  put(tenant, user);
  tenant.changes.add({ kind: "user", id, event: "created", properties: Object.keys(user.properties) });
  audit(tenant, user, { activity: "Add user", by: draft.by });
  return user;
}

/** Applies the properties that differ and returns their names; a write that changes nothing still notifies. */
export function changeUser(
  tenant: Tenant,
  user: UserRecord,
  change: { properties: Properties; by: Actor; sourceId?: string },
): readonly string[] {
  const changed = Object.keys(change.properties).filter(
    (name) => !isSame(user.properties[name], change.properties[name]),
  );
  if (changed.length > 0 || change.sourceId !== undefined) {
    const { sourceId } = change;
    const properties = { ...user.properties, ...change.properties };
    tenant.userIdsByName.delete(nameOf(user));
    put(tenant, {
      ...user,
      properties,
      revision: user.revision + 1,
      ...(sourceId !== undefined && { sourceId }),
    });
  }
  tenant.changes.add({ kind: "user", id: user.id, event: "changed", properties: changed });
  audit(tenant, user, { activity: "Update user", by: change.by, changed });
  return changed;
}

/** To the recycle bin for 30 days; memberships stay, and the name is freed by putting the id before it. */
export function softDeleteUser(tenant: Tenant, user: UserRecord, by: Actor): void {
  const deletedAt = tenant.clock.now();
  tenant.users.delete(user.id);
  tenant.userIdsByName.delete(nameOf(user));
  tenant.deletedUsers.set(user.id, {
    ...user,
    deletedAt,
    revision: user.revision + 1,
    properties: {
      ...user.properties,
      userPrincipalName: `${user.id.replaceAll("-", "")}${String(user.properties["userPrincipalName"])}`,
      deletedDateTime: graphTime(deletedAt),
    },
  });
  tenant.changes.add({ kind: "user", id: user.id, event: "softDeleted", properties: [] });
  audit(tenant, user, { activity: "Delete user", by: by });
  tenant.clock.at(deletedAt + recycleBinMs, `graph: empty the recycle bin of ${tenant.name}`, () => {
    const still = tenant.deletedUsers.get(user.id);
    if (still?.deletedAt === deletedAt) purgeUser(tenant, still, by);
  });
}

export function restoreUser(tenant: Tenant, user: UserRecord, by: Actor): UserRecord {
  const { deletedAt: _deletedAt, ...rest } = user;
  const { deletedDateTime: _deletedDateTime, ...properties } = user.properties;
  const prefix = user.id.replaceAll("-", "").length;
  const restored: UserRecord = {
    ...rest,
    revision: user.revision + 1,
    properties: { ...properties, userPrincipalName: String(properties["userPrincipalName"]).slice(prefix) },
  };
  tenant.deletedUsers.delete(user.id);
  put(tenant, restored);
  tenant.changes.add({
    kind: "user",
    id: user.id,
    event: "restored",
    properties: Object.keys(restored.properties),
  });
  audit(tenant, restored, { activity: "Restore user", by: by });
  return restored;
}

/** Gone for good: only now do the memberships end, and group delta says so. */
export function purgeUser(tenant: Tenant, user: UserRecord, by: Actor): void {
  tenant.deletedUsers.delete(user.id);
  for (const [groupId] of tenant.groups.entries()) {
    const members = tenant.membersOf(groupId);
    if (members.get(user.id) === undefined) continue;
    members.delete(user.id);
    tenant.changes.add({
      kind: "group",
      id: groupId,
      event: "changed",
      properties: [],
      members: [{ id: user.id, kind: "user", change: "removed" }],
    });
  }
  tenant.changes.add({ kind: "user", id: user.id, event: "purged", properties: [] });
  audit(tenant, user, { activity: "Hard Delete user", by: by });
}

function put(tenant: Tenant, user: UserRecord): void {
  tenant.users.set(user.id, user);
  tenant.userIdsByName.set(nameOf(user), user.id);
}

function nameOf(user: UserRecord): string {
  return String(user.properties["userPrincipalName"]).toLowerCase();
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

function audit(
  tenant: Tenant,
  user: UserRecord,
  entry: { activity: string; by: Actor; changed?: readonly string[] },
): void {
  const targets = [{ id: user.id, type: "User", displayName: user.properties["displayName"] }] as const;
  tenant.audits.record({ ...entry, category: "UserManagement", targets });
}
