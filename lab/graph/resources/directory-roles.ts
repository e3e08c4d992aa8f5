import type { UserRecord } from "../directory/objects.ts";
import type { EntityShape } from "../directory/properties.ts";
import { actorOf, bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery } from "../odata/query.ts";

/**
 * Active assignments of Entra roles to users, by an administrator: the app has no business here. Eligible ones are Privileged Identity
 * Management's, which the lab does not have for roles.
 * https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments
 */
export function directoryRoleRoutes(route: Route): void {
  const root = "/roleManagement/directory";
  route("GET", `${root}/roleDefinitions`, listDefinitions);
  route("GET", `${root}/roleAssignments`, listAssignments);
  route("POST", `${root}/roleAssignments`, (call) => assign(call));
  route("DELETE", `${root}/roleAssignments/{id}`, (call, params) => unassign(call, param(params, "id")));
}

/** Template ids: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference. */
const definitions: Readonly<Record<string, string>> = {
  "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
  "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
  "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
  "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
  "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f": "Security Operator",
  "5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
};

const definitionShape = shapeOf("unifiedRoleDefinition", ["id", "displayName", "isBuiltIn", "isEnabled"]);
const assignmentShape = shapeOf("unifiedRoleAssignment", [
  "id",
  "principalId",
  "roleDefinitionId",
  "directoryScopeId",
]);

function shapeOf(type: string, names: readonly string[]): EntityShape {
  const known = new Set(names);
  const collections = new Set<string>();
  return {
    type: `microsoft.graph.${type}`,
    defaults: names,
    known,
    collections,
    extensible: false,
    operators: "all",
  };
}

function listDefinitions(call: Call): Reply {
  const items = Object.entries(definitions).map(([id, displayName]) => ({
    id,
    displayName,
    isBuiltIn: true,
    isEnabled: true,
  }));
  return list(call, { shape: definitionShape, context: "roleManagement/directory/roleDefinitions", items });
}

function listAssignments(call: Call): Reply {
  const items = [...call.tenant.users.entries()].flatMap(([, user]) =>
    Object.entries(definitions).flatMap(([id, name]) =>
      user.directoryRoles.includes(name) ? [assignmentOf(user.id, id)] : [],
    ),
  );
  return list(call, { shape: assignmentShape, context: "roleManagement/directory/roleAssignments", items });
}

type List = {
  readonly shape: EntityShape;
  readonly context: string;
  readonly items: readonly { readonly id: string }[];
};

function list(call: Call, { shape, context, items }: List): Reply {
  const query = readQuery(call, shape);
  return listing(call, query, {
    items,
    context,
    read: (item, path) => Object.entries(item).find(([name]) => name === path)?.[1],
    show: (item) => project(item, shape, query.select),
  });
}

function assign(call: Call): Reply {
  const { principalId, roleDefinitionId, directoryScopeId } = bodyOf(call);
  const user = call.tenant.users.get(String(principalId));
  const name = definitions[String(roleDefinitionId)];
  if (user === undefined) throw notFound(String(principalId));
  if (name === undefined) throw notFound(String(roleDefinitionId));
  if (directoryScopeId !== "/") throw badRequest("The lab assigns roles to the whole directory: '/'.");
  if (user.directoryRoles.includes(name))
    throw badRequest("A conflicting object with one or more of the specified property values is present.");
  setRoles(call, user, [...user.directoryRoles, name]);
  audit(call, user, "Add member to role");
  const context = `${call.url.origin}/v1.0/$metadata#roleManagement/directory/roleAssignments/$entity`;
  return {
    status: 201,
    body: { "@odata.context": context, ...assignmentOf(user.id, String(roleDefinitionId)) },
  };
}

/** Also of somebody in the recycle bin, who keeps their roles there. */
function unassign(call: Call, id: string): Reply {
  const [principalId = "", roleDefinitionId = ""] = Buffer.from(id, "base64url").toString().split(" ");
  const user = call.tenant.users.get(principalId) ?? call.tenant.deletedUsers.get(principalId);
  const name = definitions[roleDefinitionId];
  if (user === undefined || name === undefined || !user.directoryRoles.includes(name)) throw notFound(id);
  setRoles(
    call,
    user,
    user.directoryRoles.filter((one) => one !== name),
  );
  audit(call, user, "Remove member from role");
  return { status: 204 };
}

/** A role is no property of its holder: nobody is notified of a change of the user, and sync sees none. */
function setRoles({ tenant }: Call, user: UserRecord, directoryRoles: readonly string[]): void {
  const users = user.deletedAt === undefined ? tenant.users : tenant.deletedUsers;
  users.set(user.id, { ...user, directoryRoles });
}

const assignmentOf = (principalId: string, roleDefinitionId: string) => ({
  id: Buffer.from(`${principalId} ${roleDefinitionId}`).toString("base64url"),
  principalId,
  roleDefinitionId,
  directoryScopeId: "/",
});

function audit(call: Call, user: UserRecord, activity: string): void {
  const displayName = user.properties["displayName"];
  call.tenant.audits.record({
    activity,
    category: "RoleManagement",
    by: actorOf(call),
    targets: [{ id: user.id, type: "User", displayName }],
  });
}
