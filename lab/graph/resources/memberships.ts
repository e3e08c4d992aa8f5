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
import { readQuery } from "../odata/query.ts";
import { requireUser } from "./find.ts";

/** What a user is a member of. */
export function membershipRoutes(route: Route): void {
  const direct = (call: Call, id: string) => call.view.groupsOf(requireUser(call, id).id);
  const transitive = (call: Call, id: string) => call.view.transitiveGroupsOf(requireUser(call, id).id);
  for (const [name, read] of [
    ["memberOf", direct],
    ["transitiveMemberOf", transitive],
  ] as const) {
    route("GET", `/users/{id}/${name}`, (call, params) => listObjects(call, read(call, param(params, "id"))));
    route("GET", `/users/{id}/${name}/microsoft.graph.group`, (call, params) =>
      listOneKind(call, read(call, param(params, "id")), "group"),
    );
  }
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

/** Objects of any kind: each says its type. */
export function listObjects(call: Call, objects: readonly DirectoryObject[]): Reply {
  const query = readQuery(call, directoryObjectShape);
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
  const query = readQuery(call, shape);
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
