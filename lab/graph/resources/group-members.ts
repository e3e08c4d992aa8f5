import { addMembers, deleteGroup, removeMember } from "../directory/group-writes.ts";
import type { DirectoryObject } from "../directory/objects.ts";
import { actorOf, bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, denied, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { hasConsistencyLevel, requireAdvancedCast } from "../odata/query.ts";
import { requireGroup } from "./find.ts";
import { alreadyMember, linkedObject, requireMayChangeMembers } from "./group-rules.ts";
import { listObjects, listOneKind } from "./memberships.ts";
import { requireOwned } from "./ownership.ts";
import { deleteAccount } from "./users.ts";

export function groupMemberRoutes(route: Route, lab: Lab): void {
  const direct = (call: Call, id: string) => call.view.members(requireGroup(call, id).id);
  const transitive = (call: Call, id: string) => call.view.transitiveMembers(requireGroup(call, id).id);
  for (const [name, read] of [
    ["members", direct],
    ["transitiveMembers", transitive],
  ] as const) {
    const path = `/groups/{id}/${name}`;
    route("GET", path, (call, params) => listObjects(call, read(call, param(params, "id"))));
    route("GET", `${path}/$count`, (call, params) => count(call, read(call, param(params, "id"))));
    for (const kind of ["user", "group"] as const) {
      route("GET", `${path}/microsoft.graph.${kind}`, (call, params) => {
        // Users are listed without further ado, groups are not: see github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/1517.
        if (name === "transitiveMembers" && kind === "group") requireAdvancedCast(call);
        return listOneKind(call, read(call, param(params, "id")), kind);
      });
      route("GET", `${path}/microsoft.graph.${kind}/$count`, (call, params) =>
        count(
          call,
          read(call, param(params, "id")).filter((member) => member.kind === kind),
        ),
      );
    }
  }
  route("POST", "/groups/{id}/members/$ref", (call, params) => addMember(lab, call, param(params, "id")));
  route("DELETE", "/groups/{id}/members/{memberId}/$ref", (call, params) =>
    endMembership(lab, call, { groupId: param(params, "id"), memberId: param(params, "memberId") }),
  );
  route("DELETE", "/groups/{id}/members/{memberId}", (call, params) =>
    deleteMemberObject(lab, call, { groupId: param(params, "id"), memberId: param(params, "memberId") }),
  );
}

function count(call: Call, members: readonly DirectoryObject[]): Reply {
  if (!hasConsistencyLevel(call)) throw badRequest("$count is not currently supported.");
  return { status: 200, text: String(members.length) };
}

function addMember(lab: Lab, call: Call, groupId: string): Reply {
  const group = requireGroup(call, groupId);
  const member = linkedObject(call, bodyOf(call)["@odata.id"]);
  requireMayChangeMembers(call, group);
  if (call.tenant.membersOf(group.id).get(member.id) !== undefined) {
    lab.counters.redundantWrite(call);
    throw alreadyMember();
  }
  addMembers(call.tenant, group, [member], actorOf(call));
  return { status: 204 };
}

function endMembership(lab: Lab, call: Call, ids: { groupId: string; memberId: string }): Reply {
  const group = requireGroup(call, ids.groupId);
  requireMayChangeMembers(call, group);
  const membership = call.tenant.membersOf(group.id).get(ids.memberId);
  const member = call.view.object(ids.memberId);
  if (membership === undefined || member === undefined) {
    lab.counters.redundantWrite(call);
    throw notFound(ids.memberId);
  }
  const what = `the membership of ${member.id} in ${group.id}`;
  requireOwned(lab, call, { owner: membership.addedBy, what });
  removeMember(call.tenant, group, member, actorOf(call));
  return { status: 204 };
}

/** The trap: without `/$ref` the URL means the member itself, and the member is deleted. */
function deleteMemberObject(lab: Lab, call: Call, ids: { groupId: string; memberId: string }): Reply {
  const group = requireGroup(call, ids.groupId);
  const member = call.view.members(group.id).find(({ id }) => id === ids.memberId);
  if (member === undefined) throw notFound(ids.memberId);
  lab.violations.report(
    call,
    "delete-without-ref",
    `Deletes the object ${member.id} instead of its membership.`,
  );
  if (member.kind === "user") deleteAccount(lab, call, member);
  else if (member.kind === "group") deleteGroup(call.tenant, member, actorOf(call));
  else throw denied();
  return { status: 204 };
}
