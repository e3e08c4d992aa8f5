import { purgeGroup, restoreGroup } from "../directory/group-writes.ts";
import type { GroupRecord, UserRecord } from "../directory/objects.ts";
import { groupShape, userShape } from "../directory/properties.ts";
import { purgeUser, restoreUser } from "../directory/user-writes.ts";
import { actorOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery, readSelect } from "../odata/query.ts";
import { requireOwned } from "./ownership.ts";
import { requireAuthorityOver } from "./role-holders.ts";

/** The recycle bin: 30 days for users and Microsoft 365 groups. */
export function deletedItemRoutes(route: Route, lab: Lab): void {
  route("GET", "/directory/deletedItems/microsoft.graph.user", (call) =>
    list(call, { kind: "user", items: call.view.deletedUsers() }),
  );
  route("GET", "/directory/deletedItems/microsoft.graph.group", (call) =>
    list(call, { kind: "group", items: call.view.deletedGroups() }),
  );
  route("GET", "/directory/deletedItems/{id}", (call, params) => {
    const item = requireDeleted(call, param(params, "id"));
    return { status: 200, body: entity(call, item) };
  });
  route("DELETE", "/directory/deletedItems/{id}", (call, params) => purge(lab, call, param(params, "id")));
  route("POST", "/directory/deletedItems/{id}/restore", (call, params) => restore(call, param(params, "id")));
}

type Deleted = UserRecord | GroupRecord;

function list(call: Call, source: { kind: "user" | "group"; items: Iterable<Deleted> }): Reply {
  const shape = source.kind === "user" ? userShape : groupShape;
  const query = readQuery(call, { ...shape, known: new Set([...shape.known, "deletedDateTime"]) });
  const select = query.select ?? [...shape.defaults, "deletedDateTime"];
  return listing(call, query, {
    items: source.items,
    context: `directory/deletedItems/microsoft.graph.${source.kind}`,
    read: (item, path) => item.properties[path],
    show: (item) => project(item.properties, shape, select),
  });
}

function requireDeleted(call: Call, id: string): Deleted {
  const item = call.view.deletedUser(id) ?? call.tenant.deletedGroups.get(id);
  if (item === undefined) throw notFound(id);
  return item;
}

function entity(call: Call, item: Deleted) {
  const shape = item.kind === "user" ? userShape : groupShape;
  return {
    "@odata.context": `${call.url.origin}/v1.0/$metadata#directoryObjects/$entity`,
    "@odata.type": `#${shape.type}`,
    ...project(item.properties, shape, readSelect(call, shape)),
  };
}

function purge(lab: Lab, call: Call, id: string): Reply {
  const item = requireDeleted(call, id);
  if (item.kind === "user") {
    requireAuthorityOver(call, item);
    requireOwned(lab, call, { owner: item.createdBy, what: `deleted account ${id}` });
    purgeUser(call.tenant, item, actorOf(call));
  } else purgeGroup(call.tenant, item, actorOf(call));
  return { status: 204 };
}

function restore(call: Call, id: string): Reply {
  const item = requireDeleted(call, id);
  if (item.kind === "group") {
    return { status: 200, body: entity(call, restoreGroup(call.tenant, item, actorOf(call))) };
  }
  requireAuthorityOver(call, item);
  const name = String(item.properties["userPrincipalName"]).slice(32).toLowerCase();
  if (call.tenant.userIdsByName.has(name)) {
    throw badRequest("Another object with the same value for property userPrincipalName already exists.");
  }
  return { status: 200, body: entity(call, restoreUser(call.tenant, item, actorOf(call))) };
}
