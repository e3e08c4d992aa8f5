import type { GrantFound } from "../../shared/graph/grants/kind.ts";
import type { Written } from "../../shared/graph/group-members.ts";
import { grantKey, type Grant } from "../../shared/model/grant.ts";
import type { Wish } from "../../shared/model/wish.ts";

/** Roles of applications of one tenant, and who is assigned them themselves. */
export type MemoryAppRoles = ReturnType<typeof memoryAppRoles>;

type AppRole = { readonly grant: Grant<"appRole">; readonly name: string; readonly holders: Set<string> };

export function memoryAppRoles() {
  const roles = new Map<string, AppRole>();
  const holdersOf = (grant: Grant<"appRole">) => roles.get(grantKey(grant))?.holders;
  return {
    define: (grant: Grant<"appRole">, name: string) =>
      void roles.set(grantKey(grant), { grant, name, holders: new Set() }),
    /** The application is deleted, and everybody's assignment with it. */
    remove: (grant: Grant<"appRole">) => void roles.delete(grantKey(grant)),
    isThere: (grant: Grant<"appRole">) => roles.has(grantKey(grant)),
    has: (grant: Grant<"appRole">, id: string) => holdersOf(grant)?.has(id) === true,
    of: (id: string): ReadonlySet<string> =>
      new Set([...roles].flatMap(([key, { holders }]) => (holders.has(id) ? [key] : []))),
    find({ servicePrincipal, role }: Wish<"appRole">): GrantFound<"appRole"> {
      const found = [...roles.values()].find(
        ({ grant, name }) =>
          grant.servicePrincipal === servicePrincipal &&
          (role.kind === "id" ? grant.role === role.id : name === role.name),
      );
      return found === undefined
        ? { kind: "not-found", reason: "there is no such app role", advice: "name another" }
        : { kind: "found", grant: found.grant, name: found.name, unwritable: null };
    },
    give(grant: Grant<"appRole">, id: string): Written["result"] {
      if (holdersOf(grant)?.has(id) === true) return "already";
      holdersOf(grant)?.add(id);
      return "done";
    },
    take: (grant: Grant<"appRole">, id: string): Written["result"] =>
      holdersOf(grant)?.delete(id) === true ? "done" : "missing",
  };
}
