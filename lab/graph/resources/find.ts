import type { GroupRecord, ServicePrincipalRecord, UserRecord } from "../directory/objects.ts";
import type { Call } from "../http/call.ts";
import { notFound } from "../http/problem.ts";

/** The user of a path, by id or principal name; 404 otherwise. */
export function requireUser(call: Call, idOrName: string): UserRecord {
  const user = call.view.user(idOrName);
  if (user === undefined) throw notFound(idOrName);
  return user;
}

export function requireGroup(call: Call, id: string): GroupRecord {
  const group = call.view.group(id);
  if (group === undefined) throw notFound(id);
  return group;
}

export function requirePrincipal(call: Call, id: string): ServicePrincipalRecord {
  const principal = call.tenant.servicePrincipals.get(id);
  if (principal === undefined) throw notFound(id);
  return principal;
}
