import { scopeRole, syncApplication } from "./cast.ts";
import type { Directory } from "./directory.ts";
import { refused, type Service } from "./governed-tenant.ts";

/** Assignments of the role of the synchronization's application: Graph keeps one for each person, whoever has made it. */
export function appRolesOf(
  { source, join, drop }: Directory,
  options: {
    /** What Graph answers about somebody whom it does not know. */
    readonly unknown: () => Error;
    /** Throws when nobody may write. */
    readonly refuseLocked: () => void;
  },
): Service {
  return {
    list(path, _, at) {
      const id = /^\/users\/([^/]+)\//.exec(path)?.[1] ?? "";
      if (source.users.get(id, at) === undefined) throw options.unknown();
      if (source.members.get(keyOf(id), at) === undefined) return [];
      return [
        { id: `assignment-of-${id}`, appRoleId: scopeRole, principalId: id, resourceId: syncApplication },
      ];
    },
    post(path, { principalId }) {
      options.refuseLocked();
      const ended = /\/appRoleAssignedTo\/assignment-of-(.+)$/.exec(path)?.[1];
      if (ended !== undefined) {
        const isThere = source.users.get(ended) !== undefined && drop(scopeRole, ended);
        return isThere
          ? { status: 204, body: null }
          : { ...refused("Request_ResourceNotFound"), status: 404 };
      }
      const id = String(principalId);
      if (source.users.get(id) === undefined) throw options.unknown();
      return join(scopeRole, id, "muster")
        ? { status: 201, body: {} }
        : refused("Request_BadRequest", "Permission being assigned already exists on the object");
    },
  };
}

const keyOf = (id: string) => `${scopeRole}|${id}`;
