import { changeUser, createUser, softDeleteUser } from "../directory/user-writes.ts";
import { graphTime } from "../directory/graph-time.ts";
import type { UserRecord } from "../directory/objects.ts";
import { userShape } from "../directory/properties.ts";
import { actorOf, bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { hasConsistencyLevel, readQuery, readSelect } from "../odata/query.ts";
import { requireUser } from "./find.ts";
import { requireOwned } from "./ownership.ts";
import { requireAuthorityOver, touchesSensitive } from "./role-holders.ts";
import { checkNewUser, checkUserChange } from "./user-body.ts";

export function userRoutes(route: Route, lab: Lab): void {
  route("GET", "/users", listUsers);
  route("GET", "/users/$count", countUsers);
  route("POST", "/users", (call) => postUser(call));
  route("GET", "/users/{id}", (call, params) => getUser(call, param(params, "id")));
  route("PATCH", "/users/{id}", (call, params) => patchUser(lab, call, param(params, "id")));
  route("DELETE", "/users/{id}", (call, params) => deleteUser(lab, call, param(params, "id")));
  route("POST", "/users/{id}/revokeSignInSessions", (call, params) =>
    revokeSessions(call, param(params, "id")),
  );
}

function listUsers(call: Call): Reply {
  const query = readQuery(call, userShape);
  return listing(call, query, {
    items: call.view.users(),
    context: query.select === undefined ? "users" : `users(${query.select.join(",")})`,
    read: (user, path) => user.properties[path],
    show: (user) => project(user.properties, userShape, query.select),
  });
}

function countUsers(call: Call): Reply {
  if (!hasConsistencyLevel(call)) throw badRequest("$count is not currently supported.");
  return { status: 200, text: String([...call.view.users()].length) };
}

function getUser(call: Call, idOrName: string): Reply {
  const user = requireUser(call, idOrName);
  return { status: 200, body: entity(call, user) };
}

function entity(call: Call, user: UserRecord) {
  const select = readSelect(call, userShape);
  const suffix = select === undefined ? "" : `(${select.join(",")})`;
  return {
    "@odata.context": `${call.url.origin}/v1.0/$metadata#users${suffix}/$entity`,
    ...project(user.properties, userShape, select),
  };
}

function postUser(call: Call): Reply {
  const properties = checkNewUser(call, bodyOf(call));
  const user = createUser(call.tenant, { properties, by: actorOf(call) });
  return { status: 201, body: entity(call, user) };
}

function patchUser(lab: Lab, call: Call, idOrName: string): Reply {
  const user = requireUser(call, idOrName);
  const properties = checkUserChange(call, user, bodyOf(call));
  if (touchesSensitive(Object.keys(properties))) requireAuthorityOver(call, user);
  const changed = changeUser(call.tenant, user, { properties, by: actorOf(call) });
  if (changed.length === 0) lab.counters.redundantWrite(call);
  return { status: 204 };
}

function deleteUser(lab: Lab, call: Call, idOrName: string): Reply {
  deleteAccount(lab, call, requireUser(call, idOrName));
  return { status: 204 };
}

/** To the recycle bin, with the rules that protect role holders and other people's accounts. */
export function deleteAccount(lab: Lab, call: Call, user: UserRecord): void {
  requireAuthorityOver(call, user);
  requireOwned(lab, call, { owner: user.createdBy, what: `account ${user.id}` });
  softDeleteUser(call.tenant, user, actorOf(call));
}

function revokeSessions(call: Call, idOrName: string): Reply {
  const user = requireUser(call, idOrName);
  const properties = { signInSessionsValidFromDateTime: graphTime(call.tenant.clock.now()) };
  changeUser(call.tenant, user, { properties, by: actorOf(call) });
  const context = `${call.url.origin}/v1.0/$metadata#Edm.Boolean`;
  return { status: 200, body: { "@odata.context": context, value: true } };
}
