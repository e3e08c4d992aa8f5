import { isDynamic, type DirectoryObject, type GroupRecord } from "../directory/objects.ts";
import { bodyOf, type Call } from "../http/call.ts";
import { badRequest, denied, notFound, type GraphProblem } from "../http/problem.ts";

const roleManagement = "RoleManagement.ReadWrite.Directory";
const maxBound = 20;

/** Dynamic, on-premises and role-assignable groups refuse what an ordinary group allows. */
export function requireMayChangeMembers(call: Call, group: GroupRecord): void {
  if (isDynamic(group)) {
    throw badRequest("Insufficient privileges: a group with dynamic membership cannot be changed by hand.");
  }
  refuseOnPremises(group);
  const isRoleGroup = group.properties["isAssignableToRole"] === true;
  if (isRoleGroup && call.caller.kind === "app" && !call.caller.roles.includes(roleManagement))
    throw denied();
}

export function refuseOnPremises(group: GroupRecord): void {
  if (group.properties["onPremisesSyncEnabled"] === true) throw masteredOnPremises();
}

export function masteredOnPremises(): GraphProblem {
  return badRequest(
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
  );
}

export function alreadyMember(): GraphProblem {
  return badRequest(
    "One or more added object references already exist for the following modified properties: 'members'.",
  );
}

/** The objects of `members@odata.bind`; one missing is a 404 for the whole request. */
export function boundMembers(call: Call): DirectoryObject[] {
  const links = bodyOf(call)["members@odata.bind"];
  if (links === undefined) return [];
  if (!Array.isArray(links)) throw badRequest("Invalid value specified for property 'members@odata.bind'.");
  if (links.length > maxBound) {
    throw badRequest(`The number of members in 'members@odata.bind' exceeds the maximum of ${maxBound}.`);
  }
  return links.map((link) => linkedObject(call, link));
}

/** The object behind `…/directoryObjects/{id}` or `…/users/{id}`. */
export function linkedObject(call: Call, link: unknown): DirectoryObject {
  const match = /\/(?:directoryObjects|users|groups|servicePrincipals)\/([0-9a-f-]{36})$/i.exec(String(link));
  const id = match?.[1]?.toLowerCase();
  if (id === undefined) {
    throw badRequest(`Invalid URL format specified in @odata.id or a bind annotation: '${String(link)}'.`);
  }
  const object = call.view.object(id);
  if (object === undefined) throw notFound(id);
  return object;
}
