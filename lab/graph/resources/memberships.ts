import type { DirectoryObject, GroupRecord, Properties } from "../directory/objects.ts";
import {
  directoryObjectShape,
  groupShape,
  shapes,
  userShape,
  type EntityShape,
} from "../directory/properties.ts";
import { bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import { maySee } from "../identity/authorize.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery, requireAdvancedCast } from "../odata/query.ts";
import { requireGroup, requireUser } from "./find.ts";

type Params = Readonly<Record<string, string>>;

/** What a user or a group is a member of. */
export function membershipRoutes(route: Route): void {
  membershipLists(route, "users", requireUser);
  membershipLists(route, "groups", requireGroup);
  const transitive = (call: Call, id: string) => call.view.transitiveGroupsOf(requireUser(call, id).id);
  route("POST", "/users/{id}/checkMemberGroups", (call, params) => {
    const asked = groupIdsOf(call);
    const own = new Set(transitive(call, param(params, "id")).map(({ id }) => id));
    return idsReply(
      call,
      asked.filter((id) => own.has(id)),
    );
  });
  route("POST", "/users/{id}/getMemberGroups", (call, params) => {
    const groups = transitive(call, param(params, "id"));
    const wanted = bodyOf(call)["securityEnabledOnly"] === true ? groups.filter(isSecurityGroup) : groups;
    return idsReply(
      call,
      wanted.map(({ id }) => id),
    );
  });
}

function membershipLists(
  route: Route,
  set: "users" | "groups",
  require: (call: Call, id: string) => DirectoryObject,
): void {
  const direct = `/${set}/{id}/memberOf`;
  const transitive = `/${set}/{id}/transitiveMemberOf`;
  const groupsOf = (call: Call, params: Params) => call.view.groupsOf(require(call, param(params, "id")).id);
  const allGroupsOf = (call: Call, params: Params) =>
    call.view.transitiveGroupsOf(require(call, param(params, "id")).id);
  route("GET", direct, (call, params) => listObjects(call, groupsOf(call, params)));
  route("GET", `${direct}/microsoft.graph.group`, (call, params) =>
    listOneKind(call, groupsOf(call, params), "group"),
  );
  route("GET", transitive, (call, params) => listObjects(call, allGroupsOf(call, params)));
  route("GET", `${transitive}/microsoft.graph.group`, (call, params) => {
    requireAdvancedCast(call);
    return listOneKind(call, allGroupsOf(call, params), "group");
  });
}

/** Objects of any kind: each says its type. */
export function listObjects(call: Call, objects: readonly DirectoryObject[]): Reply {
  const query = readQuery(call, directoryObjectShape, "references");
  return listing(call, query, {
    items: objects,
    context: contextOf("directoryObjects", query.select),
    read: (object, path) => object.properties[path],
    show: (object) => {
      const shape = shapes[object.kind];
      // Properties that this kind does not have are left out.
      const select = query.select?.filter((name) => shape.known.has(name) || name.startsWith("extension_"));
      const properties = visible(call, object);
      return { "@odata.type": `#${shape.type}`, ...project(properties, shape, select) };
    },
  });
}

/** Objects of one kind, behind a cast such as `/microsoft.graph.user`. */
export function listOneKind(call: Call, objects: readonly DirectoryObject[], kind: "user" | "group"): Reply {
  const shape: EntityShape = kind === "user" ? userShape : groupShape;
  const query = readQuery(call, shape, "references");
  return listing(call, query, {
    items: objects.filter((object) => object.kind === kind),
    context: contextOf(`${kind}s`, query.select),
    read: (object, path) => object.properties[path],
    show: (object) => project(visible(call, object), shape, query.select),
  });
}

/**
 * Of a kind that the app may not read it gets the id, and null for the rest: "Limited information returned for inaccessible
 * member objects", learn.microsoft.com/graph/permissions-overview.
 */
function visible(call: Call, { id, kind, properties }: DirectoryObject): Properties {
  return maySee(call, kind) ? properties : { id };
}

function contextOf(set: string, select: readonly string[] | undefined): string {
  return select === undefined ? set : `${set}(${select.join(",")})`;
}

function groupIdsOf(call: Call): readonly string[] {
  const ids = bodyOf(call)["groupIds"];
  if (!Array.isArray(ids)) throw badRequest("A value is required for parameter 'groupIds'.");
  if (ids.length > 20) throw badRequest("Too many values for parameter 'groupIds': at most 20 are allowed.");
  return ids.map(String);
}

function isSecurityGroup(group: GroupRecord): boolean {
  return group.properties["securityEnabled"] === true;
}

function idsReply(call: Call, ids: readonly string[]): Reply {
  const context = `${call.url.origin}/v1.0/$metadata#Collection(Edm.String)`;
  return { status: 200, body: { "@odata.context": context, value: ids } };
}
