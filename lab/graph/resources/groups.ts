import { addMembers, changeGroup, createGroup, deleteGroup } from "../directory/group-writes.ts";
import type { GroupRecord, Properties } from "../directory/objects.ts";
import { groupShape } from "../directory/properties.ts";
import { actorOf, bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery, readSelect } from "../odata/query.ts";
import { requireGroup } from "./find.ts";
import { alreadyMember, boundMembers, refuseOnPremises, requireMayChangeMembers } from "./group-rules.ts";

export function groupRoutes(route: Route, lab: Lab): void {
  route("GET", "/groups", listGroups);
  route("POST", "/groups", postGroup);
  route("GET", "/groups/{id}", (call, params) => {
    const group = requireGroup(call, param(params, "id"));
    return { status: 200, body: entity(call, group) };
  });
  route("PATCH", "/groups/{id}", (call, params) => patchGroup(lab, call, param(params, "id")));
  route("DELETE", "/groups/{id}", (call, params) => {
    const group = requireGroup(call, param(params, "id"));
    refuseOnPremises(group);
    deleteGroup(call.tenant, group, actorOf(call));
    return { status: 204 };
  });
}

function listGroups(call: Call): Reply {
  const query = readQuery(call, groupShape);
  return listing(call, query, {
    items: call.view.groups(),
    context: query.select === undefined ? "groups" : `groups(${query.select.join(",")})`,
    read: (group, path) => group.properties[path],
    show: (group) => project(group.properties, groupShape, query.select),
  });
}

function entity(call: Call, group: GroupRecord) {
  const select = readSelect(call, groupShape);
  const suffix = select === undefined ? "" : `(${select.join(",")})`;
  return {
    "@odata.context": `${call.url.origin}/v1.0/$metadata#groups${suffix}/$entity`,
    ...project(group.properties, groupShape, select),
  };
}

function postGroup(call: Call): Reply {
  const body = bodyOf(call);
  for (const name of ["displayName", "mailEnabled", "mailNickname", "securityEnabled"]) {
    if (body[name] === undefined)
      throw badRequest(`A value is required for property '${name}' of resource 'Group'.`);
  }
  const members = boundMembers(call);
  const group = createGroup(call.tenant, { properties: propertiesOf(body), by: actorOf(call) });
  if (members.length > 0) addMembers(call.tenant, group, members, actorOf(call));
  return { status: 201, body: entity(call, group) };
}

/** Properties, members, or both; the members all or none. */
function patchGroup(lab: Lab, call: Call, id: string): Reply {
  const group = requireGroup(call, id);
  refuseOnPremises(group);
  const properties = propertiesOf(bodyOf(call));
  if ("isAssignableToRole" in properties) {
    throw badRequest("Property 'isAssignableToRole' cannot be changed after the group was created.");
  }
  const members = boundMembers(call);
  if (members.length > 0) {
    requireMayChangeMembers(call, group);
    const present = members.filter(
      ({ id: memberId }) => call.tenant.membersOf(id).get(memberId) !== undefined,
    );
    if (present.length > 0) {
      lab.counters.redundantWrite(call);
      throw alreadyMember();
    }
  }
  if (Object.keys(properties).length > 0) changeGroup(call.tenant, group, { properties, by: actorOf(call) });
  if (members.length > 0) addMembers(call.tenant, group, members, actorOf(call));
  return { status: 204 };
}

function propertiesOf(body: Readonly<Record<string, unknown>>): Properties {
  const given = Object.entries(body).filter(([name]) => !name.includes("@odata."));
  const unknown = given.find(([name]) => !groupShape.known.has(name));
  if (unknown !== undefined)
    throw badRequest(`One or more property values specified are invalid: '${unknown[0]}'.`);
  return Object.fromEntries(given);
}
