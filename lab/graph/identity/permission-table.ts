import type { AnyOf, CallPermissions } from "./call-permissions.ts";
import { entitlementPermissions } from "./entitlement-permissions.ts";

/*
 * What the calls need that Muster makes, and their neighbours. Adding a call is adding a row. Microsoft's table is far wider and not ours
 * to copy; test/contract/lab-permissions.test.ts holds every row against it and names the rows that differ on purpose.
 */

/** An empty list is always held as a whole. */
const nothing: AnyOf = [[]];

const directory = ["Directory.Read.All", "Directory.ReadWrite.All"] as const;
const readUsers = ["User.Read.All", "User.ReadWrite.All", ...directory] as const;
const readGroups = [
  "Group.ReadBasic.All",
  "GroupMember.Read.All",
  "Group.Read.All",
  "Group.ReadWrite.All",
  ...directory,
] as const;
const readMembers = [
  "GroupMember.ReadBasic.All",
  "GroupMember.Read.All",
  "GroupMember.ReadWrite.All",
  "Group.ReadBasic.All",
  "Group.Read.All",
  "Group.ReadWrite.All",
  "Directory.Read.All",
];
const writeMembers = ["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"];
const deleteUsers = ["User.DeleteRestore.All", "User.ReadWrite.All"];
const readApplications = [
  "Application.Read.All",
  "Application.ReadWrite.All",
  "Application.ReadWrite.OwnedBy",
  "Directory.Read.All",
] as const;
const readEntraRoles = [
  "RoleManagement.Read.Directory",
  "RoleManagement.ReadWrite.Directory",
  "Directory.Read.All",
  "Directory.ReadWrite.All",
];
const readSync = [
  "Application.ReadWrite.OwnedBy",
  "Synchronization.Read.All",
  "Synchronization.ReadWrite.All",
];
const writeSync = ["Application.ReadWrite.OwnedBy", "Synchronization.ReadWrite.All"];

/** The page on checkMemberGroups asks for the user and the groups; the table lists each permission as if it were enough. */
const userWithGroups = [
  ...["GroupMember.ReadBasic.All", "Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All"].map(
    (groups) => ["User.Read.All", groups],
  ),
  "Directory.Read.All",
];

/** What User.ReadBasic.All shows: "Working with users", learn.microsoft.com/graph/api/resources/users (2026-07-03). */
const basicProfile: Readonly<Record<string, AnyOf>> = Object.fromEntries(
  [
    "displayName",
    "givenName",
    "id",
    "mail",
    "photo",
    "securityIdentifier",
    "surname",
    "userPrincipalName",
  ].map((name) => [name, ["User.ReadBasic.All", ...readUsers]]),
);

const writeUsers = ["User.ReadWrite.All", "Directory.ReadWrite.All"];

/** Property by property: learn.microsoft.com/graph/api/user-update (2026-07-04). */
const userProperties: Readonly<Record<string, AnyOf>> = {
  accountEnabled: [["User.EnableDisableAccount.All", "User.Read.All"], ...writeUsers],
  businessPhones: ["User-Phone.ReadWrite.All", ...writeUsers],
  mobilePhone: ["User-Phone.ReadWrite.All", ...writeUsers],
  otherMails: ["User-Mail.ReadWrite.All", ...writeUsers],
  passwordProfile: ["User-PasswordProfile.ReadWrite.All", ...writeUsers],
  employeeLeaveDateTime: [["User-LifeCycleInfo.ReadWrite.All", "User.Read.All"]],
};

/** A subscription needs the reading of what it announces, and no writing in its place: "Create subscription". */
export const subscriptionNeeds = { users: ["User.Read.All"], groups: ["Group.Read.All"] } as const;
const anySubscription = [...subscriptionNeeds.users, ...subscriptionNeeds.groups];

const row = (
  method: string,
  path: string,
  needs: AnyOf,
  properties?: CallPermissions["properties"],
): CallPermissions => ({ method, path, needs, ...(properties !== undefined && { properties }) });

const workflows = "/identityGovernance/lifecycleWorkflows";
const sync = "/servicePrincipals/{id}/synchronization/jobs";
const roles = "/servicePrincipals/{id}/appRoleAssignedTo";

/** Privileged Identity Management for groups: what somebody may become, and what they are. */
function privilegedRows(kind: "Eligibility" | "Assignment"): CallPermissions[] {
  const of = (right: "Read" | "ReadWrite" | "Remove") => `Privileged${kind}Schedule.${right}.AzureADGroup`;
  const set = `/identityGovernance/privilegedAccess/group/${kind.toLowerCase()}Schedule`;
  const reading = ["s", "Instances", "Requests"].flatMap((what) =>
    [`${set}${what}`, `${set}${what}/{id}`].map((path) => row("GET", path, [of("Read"), of("ReadWrite")])),
  );
  return [
    ...reading,
    // With the second alone nothing but a removal: see resources/privileged-requests.ts.
    row("POST", `${set}Requests`, [of("ReadWrite"), of("Remove")]),
    row("POST", `${set}Requests/{id}/cancel`, [of("ReadWrite")]),
  ];
}

export const permissionTable: readonly CallPermissions[] = [
  row("POST", "/$batch", nothing), // each part is authorised by itself

  row("GET", "/users", readUsers, basicProfile),
  row("GET", "/users/{id}", readUsers, basicProfile),
  row("GET", "/users/delta", readUsers),
  row("GET", "/users/{id}/memberOf", ["GroupMember.ReadBasic.All", "Group.ReadBasic.All", ...directory]),
  row("GET", "/users/{id}/transitiveMemberOf", [
    "GroupMember.ReadBasic.All",
    "GroupMember.Read.All",
    "Group.ReadBasic.All",
    "Group.Read.All",
    "User.Read.All",
    ...directory,
  ]),
  row("POST", "/users/{id}/checkMemberGroups", userWithGroups),
  row("POST", "/users/{id}/getMemberGroups", userWithGroups),
  row("GET", "/users/{id}/appRoleAssignments", ["AppRoleAssignment.ReadWrite.All", "Directory.Read.All"]),
  row("POST", "/users", writeUsers),
  row("PATCH", "/users/{id}", ["User.ReadUpdate.All", ...writeUsers], userProperties),
  row("DELETE", "/users/{id}", deleteUsers),
  row("POST", "/users/{id}/revokeSignInSessions", ["User.RevokeSessions.All", ...writeUsers]),

  row("GET", "/groups", readGroups),
  row("GET", "/groups/{id}", readGroups),
  row("GET", "/groups/delta", readGroups),
  row("GET", "/groups/{id}/members", readMembers),
  row("GET", "/groups/{id}/transitiveMembers", readMembers),
  row("GET", "/groups/{id}/memberOf", [
    "GroupMember.ReadBasic.All",
    "GroupMember.Read.All",
    "Group.ReadBasic.All",
    "Group.Read.All",
    ...directory,
  ]),
  row("GET", "/groups/{id}/transitiveMemberOf", [
    "GroupMember.ReadBasic.All",
    "Group.ReadBasic.All",
    ...directory,
  ]),
  row("POST", "/groups", ["Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"]),
  row("PATCH", "/groups/{id}", ["Group.ReadWrite.All", "Directory.ReadWrite.All"], {
    "members@odata.bind": writeMembers,
  }),
  row("DELETE", "/groups/{id}", ["Group.ReadWrite.All"]),
  // A role-assignable group needs RoleManagement.ReadWrite.Directory besides: see resources/group-rules.ts.
  row("POST", "/groups/{id}/members/$ref", writeMembers),
  row("DELETE", "/groups/{id}/members/{id}/$ref", writeMembers),
  // Without `/$ref` it reaches the member itself, so the lab asks for what deleting a user takes.
  row("DELETE", "/groups/{id}/members/{id}", deleteUsers),

  // Asked about users only; deleted groups would need Group.Read.All.
  row("GET", "/directory/deletedItems/{id}", readUsers),
  row("GET", "/directory/deletedItems/microsoft.graph.user", readUsers),
  row("GET", "/directory/deletedItems/microsoft.graph.group", [
    "Group.Read.All",
    "Group.ReadWrite.All",
    ...directory,
  ]),
  row("POST", "/directory/deletedItems/{id}/restore", deleteUsers),
  row("DELETE", "/directory/deletedItems/{id}", ["User.ReadWrite.All"]),

  row("GET", "/roleManagement/directory/roleDefinitions", [...readEntraRoles, "RoleManagement.Read.All"]),
  row("GET", "/roleManagement/directory/roleAssignments", readEntraRoles),
  row("POST", "/roleManagement/directory/roleAssignments", ["RoleManagement.ReadWrite.Directory"]),
  row("DELETE", "/roleManagement/directory/roleAssignments/{id}", ["RoleManagement.ReadWrite.Directory"]),
  row("GET", "/servicePrincipals", readApplications),
  row("GET", "/servicePrincipals/{id}", readApplications),
  row("GET", roles, readApplications),
  row("GET", `${roles}/{id}`, readApplications),
  row("POST", roles, [
    ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"],
    ["AppRoleAssignment.ReadWrite.All", "Directory.Read.All"],
  ]),
  row("DELETE", `${roles}/{id}`, ["AppRoleAssignment.ReadWrite.All"]),
  row("GET", sync, readSync),
  row("GET", `${sync}/{id}`, readSync),
  row("GET", `${sync}/{id}/schema`, readSync),
  row("PUT", `${sync}/{id}/schema`, writeSync),
  row("POST", `${sync}/{id}/start`, writeSync),
  row("POST", `${sync}/{id}/pause`, writeSync),
  row("POST", `${sync}/{id}/restart`, writeSync),
  row("POST", `${sync}/{id}/provisionOnDemand`, writeSync),

  // Which of the two depends on the resource: see resources/subscriptions.ts.
  row("POST", "/subscriptions", anySubscription),
  row("GET", "/subscriptions", anySubscription),
  row("GET", "/subscriptions/{id}", anySubscription),
  row("PATCH", "/subscriptions/{id}", anySubscription),
  row("DELETE", "/subscriptions/{id}", anySubscription),
  row("POST", "/subscriptions/{id}/reauthorize", anySubscription),

  row("GET", "/applications", readApplications),
  row("GET", "/applications/{id}", readApplications),
  row("GET", "/applications/{id}/extensionProperties", readApplications),
  row("POST", "/applications/{id}/extensionProperties", [
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
  ]),
  row("GET", "/auditLogs/directoryAudits", ["AuditLog.Read.All", "Directory.Read.All"]),
  row("GET", "/auditLogs/directoryAudits/{id}", ["AuditLog.Read.All", "Directory.Read.All"]),
  row("GET", "/auditLogs/provisioning", [
    "ProvisioningLog.Read.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
  ]),
  row("GET", "/organization", ["Organization.Read.All", "User.Read.All", ...directory]),
  row("GET", "/organization/{id}", ["User.Read.All"]),

  // By an administrator; an application may say how a task has ended if the extension names it: see resources/lifecycle-workflows.ts.
  row("POST", `${workflows}/customTaskExtensions`, [
    "LifecycleWorkflows-CustomExt.ReadWrite.All",
    "LifecycleWorkflows.ReadWrite.All",
  ]),
  row("POST", `${workflows}/workflows`, [
    "LifecycleWorkflows-Workflow.ReadWrite.All",
    "LifecycleWorkflows.ReadWrite.All",
  ]),
  row("POST", `${workflows}/workflows/{id}/microsoft.graph.identityGovernance.activate`, [
    "LifecycleWorkflows-Workflow.Activate",
    "LifecycleWorkflows.ReadWrite.All",
  ]),
  row("GET", `${workflows}/workflows/{id}/tasks/{id}/taskProcessingResults`, [
    "LifecycleWorkflows-Reports.Read.All",
    "LifecycleWorkflows.Read.All",
    "LifecycleWorkflows.ReadWrite.All",
  ]),
  row("POST", `${workflows}/workflows/{id}/tasks/{id}/taskProcessingResults/{id}/resume`, nothing),

  ...privilegedRows("Eligibility"),
  ...privilegedRows("Assignment"),
  ...entitlementPermissions,
];

/** The row of an operation as the lab registers it: `/groups/{id}/members/{memberId}/$ref`. */
export function permissionsOf(method: string, path: string): CallPermissions | undefined {
  const exact = path.replace(/\{\w+\}/g, "{id}").replace(/\(\)$/, "");
  const plain = exact.replace(/(\/microsoft\.graph\.\w+)?(\/\$count)?$/, "");
  return find(method, exact) ?? find(method, plain);
}

function find(method: string, path: string): CallPermissions | undefined {
  return permissionTable.find((known) => known.method === method && known.path === path);
}
