import type { UserRecord } from "../directory/objects.ts";
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
 * Holders of other Entra roles, and members of role-assignable groups, can be blocked or deleted only by
 * an app whose service principal itself holds a mighty role. Graph permissions alone are a 403.
 */
export function requireAuthorityOver(call: Call, user: UserRecord): void {
  if (call.caller.kind === "admin" || !isRoleHolder(call, user)) return;
  if (!call.caller.directoryRoles.some((role) => mightyRoles.includes(role))) throw denied();
}

function isRoleHolder(call: Call, user: UserRecord): boolean {
  if (user.directoryRoles.some((role) => !harmlessRoles.includes(role))) return true;
  for (const [groupId, group] of call.tenant.groups.entries()) {
    const isRoleGroup = group.properties["isAssignableToRole"] === true;
    if (isRoleGroup && call.tenant.membersOf(groupId).get(user.id) !== undefined) return true;
  }
  return false;
}
