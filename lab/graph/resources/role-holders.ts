import type { UserRecord } from "../directory/objects.ts";
import { relationKey } from "../directory/privileged.ts";
import type { Call } from "../http/call.ts";
import { denied } from "../http/problem.ts";

// "Who can perform sensitive actions", learn.microsoft.com/graph/api/resources/users (2026-07-03).
const sensitive: readonly string[] = [
  "accountEnabled",
  "businessPhones",
  "mobilePhone",
  "onPremisesImmutableId",
  "otherMails",
  "passwordProfile",
  "userPrincipalName",
];

const harmlessRoles: readonly string[] = [
  "Directory Readers",
  "Guest Inviter",
  "Helpdesk Administrator",
  "Message Center Reader",
  "Password Administrator",
  "Reports Reader",
  "Usage Summary Reports Reader",
  "Groups Administrator",
  "User Administrator",
];

const mightyRoles: readonly string[] = ["Global Administrator", "Privileged Authentication Administrator"];

export function touchesSensitive(properties: readonly string[]): boolean {
  return properties.some((name) => sensitive.includes(name));
}

/**
 * Holders of other Entra roles, and members and owners of role-assignable groups, can be blocked or deleted only by
 * an app whose service principal itself holds a mighty role. Graph permissions alone are a 403. Whether who is merely eligible
 * counts as well is not documented; here they do not.
 */
export function requireAuthorityOver(call: Call, user: UserRecord): void {
  if (call.caller.kind === "admin" || !isRoleHolder(call, user)) return;
  if (!call.caller.directoryRoles.some((role) => mightyRoles.includes(role))) throw denied();
}

function isRoleHolder(call: Call, user: UserRecord): boolean {
  if (user.directoryRoles.some((role) => !harmlessRoles.includes(role))) return true;
  for (const [groupId, group] of call.tenant.groups.entries()) {
    if (group.properties["isAssignableToRole"] !== true) continue;
    if (call.tenant.membersOf(groupId).get(user.id) !== undefined || isOwner(call, groupId, user.id))
      return true;
  }
  return false;
}

/** The lab knows owners by Privileged Identity Management only. */
function isOwner(call: Call, groupId: string, principalId: string): boolean {
  const key = relationKey("assignment", { groupId, principalId, accessId: "owner" });
  return call.tenant.privileged.assignment.get(key)?.status === "Provisioned";
}
