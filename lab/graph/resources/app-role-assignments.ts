import { graphTime } from "../directory/graph-time.ts";
import type { DirectoryObject, RoleAssignment } from "../directory/objects.ts";
import type { EntityShape } from "../directory/properties.ts";
import { actorOf, bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery } from "../odata/query.ts";
import { requirePrincipal, requireUser } from "./find.ts";
import { requireOwned } from "./ownership.ts";

const names = [
  "id",
  "deletedDateTime",
  "appRoleId",
  "createdDateTime",
  "principalDisplayName",
  "principalId",
  "principalType",
  "resourceDisplayName",
  "resourceId",
];
const shape: EntityShape = {
  type: "microsoft.graph.appRoleAssignment",
  defaults: names,
  known: new Set(names),
  collections: new Set(),
  extensible: false,
  operators: "directory",
};
/** The built-in "default access" role: assignable everywhere, ignored by sync. */
const defaultAccess = "00000000-0000-0000-0000-000000000000";

export function appRoleAssignmentRoutes(route: Route, lab: Lab): void {
  const path = "/servicePrincipals/{id}/appRoleAssignedTo";
  route("GET", path, (call, params) => {
    const { id } = requirePrincipal(call, param(params, "id"));
    return list(call, (assignment) => assignment.servicePrincipalId === id);
  });
  route("GET", "/users/{id}/appRoleAssignments", (call, params) => {
    const { id } = requireUser(call, param(params, "id"));
    // Those of groups that the user is a direct member of are listed as well.
    return list(
      call,
      ({ principalId, principalKind }) =>
        principalId === id ||
        (principalKind === "group" && call.view.membership(principalId, id) !== undefined),
    );
  });
  route("POST", path, (call, params) => assign(lab, call, param(params, "id")));
  route("GET", `${path}/{assignmentId}`, (call, params) => ({
    status: 200,
    body: shown(call, requireAssignment(call, param(params, "assignmentId"))),
  }));
  route("DELETE", `${path}/{assignmentId}`, (call, params) =>
    revoke(lab, call, param(params, "assignmentId")),
  );
}

function list(call: Call, isWanted: (assignment: RoleAssignment) => boolean): Reply {
  const query = readQuery(call, shape);
  const items = [...call.view.roleAssignments()]
    .filter((assignment) => isWanted(assignment))
    .map((assignment) => ({ ...shown(call, assignment), id: assignment.id }));
  return listing(call, query, {
    items,
    context: "appRoleAssignments",
    read: (item, path) => Object.entries(item).find(([name]) => name === path)?.[1],
    show: (item) => project(item, shape, query.select),
  });
}

function assign(lab: Lab, call: Call, servicePrincipalId: string): Reply {
  const principal = requirePrincipal(call, servicePrincipalId);
  const { principalId, resourceId, appRoleId } = bodyOf(call);
  if (resourceId !== principal.id)
    throw badRequest("The resourceId must be the object id of the resource service principal.");
  const subject = call.view.object(String(principalId));
  if (subject === undefined) throw notFound(String(principalId));
  const roleId = String(appRoleId);
  if (roleId !== defaultAccess && !roleIdsOf(principal).includes(roleId)) {
    throw badRequest("Permission being assigned was not found on application.");
  }
  if (isAssigned(call, { servicePrincipalId, principalId: subject.id, roleId })) {
    lab.counters.redundantWrite(call);
    throw badRequest("Permission being assigned already exists on the object");
  }
  const assignment = put(call, { subject, servicePrincipalId, roleId });
  lab.sync.assigned(call.tenant.id, subject.id);
  const context = `${call.url.origin}/v1.0/$metadata#servicePrincipals('${principal.id}')/appRoleAssignedTo/$entity`;
  return { status: 201, body: { "@odata.context": context, ...shown(call, assignment) } };
}

function put(
  call: Call,
  grant: { subject: DirectoryObject; servicePrincipalId: string; roleId: string },
): RoleAssignment {
  const { subject } = grant;
  // Opaque and base64-like, as Graph's are: nothing to be derived from the principal's id.
  const id = Buffer.from(
    `${subject.id}${call.tenant.mint("assignment")}`.replaceAll("-", ""),
    "hex",
  ).toString("base64url");
  const assignment: RoleAssignment = {
    id,
    servicePrincipalId: grant.servicePrincipalId,
    principalId: subject.id,
    principalKind: subject.kind,
    appRoleId: grant.roleId,
    createdBy: actorOf(call),
    createdAt: call.tenant.clock.now(),
  };
  call.tenant.roleAssignments.set(id, assignment);
  audit(call, assignment, "Add app role assignment grant to user");
  return assignment;
}

function revoke(lab: Lab, call: Call, assignmentId: string): Reply {
  const assignment = requireAssignment(call, assignmentId);
  const what = `the app role assignment of ${assignment.principalId}`;
  requireOwned(lab, call, { owner: assignment.createdBy, what });
  call.tenant.roleAssignments.delete(assignment.id);
  audit(call, assignment, "Remove app role assignment from user");
  return { status: 204 };
}

function requireAssignment(call: Call, id: string): RoleAssignment {
  const assignment = call.tenant.roleAssignments.get(id);
  if (assignment === undefined) throw notFound(id);
  return assignment;
}

function isAssigned(
  call: Call,
  grant: { servicePrincipalId: string; principalId: string; roleId: string },
): boolean {
  return [...call.tenant.roleAssignments.entries()].some(
    ([, { servicePrincipalId, principalId, appRoleId }]) =>
      servicePrincipalId === grant.servicePrincipalId &&
      principalId === grant.principalId &&
      appRoleId === grant.roleId,
  );
}

function roleIdsOf(principal: { readonly properties: Readonly<Record<string, unknown>> }): readonly string[] {
  const roles = principal.properties["appRoles"];
  return (Array.isArray(roles) ? roles : []).map(({ id }: { id: string }) => id);
}

const principalTypes = { user: "User", group: "Group", servicePrincipal: "ServicePrincipal" } as const;

function shown(call: Call, assignment: RoleAssignment) {
  const { tenant } = call;
  const subject =
    tenant.users.get(assignment.principalId) ??
    tenant.groups.get(assignment.principalId) ??
    tenant.servicePrincipals.get(assignment.principalId);
  const resource = tenant.servicePrincipals.get(assignment.servicePrincipalId);
  return {
    id: assignment.id,
    deletedDateTime: null,
    appRoleId: assignment.appRoleId,
    createdDateTime: graphTime(assignment.createdAt),
    principalDisplayName: subject?.properties["displayName"] ?? null,
    principalId: assignment.principalId,
    principalType: principalTypes[assignment.principalKind],
    resourceDisplayName: resource?.properties["displayName"] ?? null,
    resourceId: assignment.servicePrincipalId,
  };
}

function audit(call: Call, assignment: RoleAssignment, activity: string): void {
  call.tenant.audits.record({
    activity,
    category: "ApplicationManagement",
    by: actorOf(call),
    targets: [{ id: assignment.servicePrincipalId, type: "ServicePrincipal" }],
  });
}
