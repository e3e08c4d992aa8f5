import { addMembers, removeMember } from "../directory/group-writes.ts";
import { isDynamic, type Actor, type DirectoryObject, type UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { ResourceRole } from "./records.ts";

type Given = { readonly role: ResourceRole; readonly by: Actor };

/** Gives an account what a package holds, and says whether it has it now. Whoever had it before keeps it as it is. */
export function giveRole(tenant: Tenant, user: UserRecord, { role, by }: Given): boolean {
  return role.kind === "group"
    ? giveMembership(tenant, user, { groupId: role.groupId, by })
    : giveAppRole(tenant, user, { role, by });
}

/**
 * Takes it away, also from whoever had it before the assignment: the documentation spares those with another assignment that gives
 * the same, and nobody else. A user in the recycle bin loses it like others.
 * https://learn.microsoft.com/entra/id-governance/entitlement-management-access-package-resources
 */
export function takeRole(tenant: Tenant, userId: string, { role, by }: Given): void {
  if (role.kind === "application") {
    const held = assignmentOf(tenant, userId, role);
    if (held === undefined) return;
    tenant.roleAssignments.delete(held.id);
    audit(tenant, held.servicePrincipalId, { by, activity: "Remove app role assignment from user" });
    return;
  }
  const user = tenant.users.get(userId) ?? tenant.deletedUsers.get(userId);
  const group = tenant.groups.get(role.groupId);
  if (user === undefined || group === undefined || tenant.membersOf(group.id).get(userId) === undefined)
    return;
  removeMember(tenant, group, user, by);
}

export function isSameRole(one: ResourceRole, other: ResourceRole): boolean {
  if (one.kind === "group") return other.kind === "group" && one.groupId === other.groupId;
  if (other.kind === "group" || one.servicePrincipalId !== other.servicePrincipalId) return false;
  return one.appRoleId === other.appRoleId;
}

/** What the application calls its role; undefined when there is no such application or role. */
export function appRoleOf(
  tenant: Tenant,
  { servicePrincipalId, appRoleId }: Extract<ResourceRole, { kind: "application" }>,
): { readonly id: string; readonly displayName: string } | undefined {
  const given = tenant.servicePrincipals.get(servicePrincipalId)?.properties["appRoles"];
  const roles = (Array.isArray(given) ? given : []) as {
    readonly id: string;
    readonly displayName: string;
  }[];
  return appRoleId === undefined ? roles[0] : roles.find(({ id }) => id === appRoleId);
}

function giveMembership(
  tenant: Tenant,
  user: DirectoryObject,
  { groupId, by }: { readonly groupId: string; readonly by: Actor },
): boolean {
  const group = tenant.groups.get(groupId);
  const isFixed =
    group === undefined || isDynamic(group) || group.properties["onPremisesSyncEnabled"] === true;
  if (isFixed) return false;
  if (tenant.membersOf(groupId).get(user.id) === undefined) addMembers(tenant, group, [user], by);
  return true;
}

type AppRole = Extract<ResourceRole, { kind: "application" }>;

function giveAppRole(
  tenant: Tenant,
  user: UserRecord,
  { role, by }: { readonly role: AppRole; readonly by: Actor },
): boolean {
  const appRole = appRoleOf(tenant, role);
  if (appRole === undefined) return false;
  if (assignmentOf(tenant, user.id, role) !== undefined) return true;
  const { servicePrincipalId } = role;
  const bytes = Buffer.from(`${user.id}${tenant.mint("assignment")}`.replaceAll("-", ""), "hex");
  const id = bytes.toString("base64url");
  tenant.roleAssignments.set(id, {
    id,
    servicePrincipalId,
    principalId: user.id,
    principalKind: "user",
    appRoleId: appRole.id,
    createdBy: by,
    createdAt: tenant.clock.now(),
  });
  audit(tenant, servicePrincipalId, { by, activity: "Add app role assignment grant to user" });
  return true;
}

function assignmentOf(tenant: Tenant, userId: string, role: AppRole) {
  const appRoleId = appRoleOf(tenant, role)?.id;
  for (const [, held] of tenant.roleAssignments.entries()) {
    const isThis = held.servicePrincipalId === role.servicePrincipalId && held.appRoleId === appRoleId;
    if (isThis && held.principalId === userId) return held;
  }
  return undefined;
}

function audit(
  tenant: Tenant,
  servicePrincipalId: string,
  { activity, by }: { readonly activity: string; readonly by: Actor },
): void {
  const targets = [{ id: servicePrincipalId, type: "ServicePrincipal" as const }];
  tenant.audits.record({ activity, category: "ApplicationManagement", by, targets });
}
