import type { AnalystId, RoleName } from "../model/ids.ts";
import type { NameOrId, Policy, Role, Target } from "./policy.ts";
import { sortedGroups } from "./group-name.ts";
import { placeholderPattern } from "./stamp-template.ts";

/** What was read about a user that decides which roles they hold. */
export type RoleEvidence = {
  /** Names of the roles whose group the user is a member of. */
  readonly groups: ReadonlySet<string>;
  /** The user's attributes by Graph property name; null or absent when unset. */
  readonly attributes: Readonly<Record<string, string | null>>;
};

/** Every role the user holds, sorted; none means that they are not an analyst. */
export function rolesOf(policy: Pick<Policy, "roles">, evidence: RoleEvidence): readonly RoleName[] {
  return policy.roles
    .filter((role) => holds(role, evidence))
    .map((role) => role.name)
    .toSorted();
}

/** The groups of one target that somebody with these roles belongs in: the union, sorted, each once. */
export function desiredGrants(
  target: Pick<Target, "grants">,
  roles: readonly RoleName[],
): readonly NameOrId[] {
  return sortedGroups(
    target.grants.filter((grant) => roles.includes(grant.role)).flatMap((grant) => grant.groups),
  );
}

/** A stamp that does not fit a String directory extension. */
export type StampTooLong = { readonly kind: "too-long"; readonly length: number; readonly limit: number };

// Graph: a directory extension of type String holds at most 256 characters.
const stampLimit = 256;

/**
 * The value to write on a user. Without roles it is the word "none", never null: cross-tenant sync does not carry
 * null, so a cleared stamp would keep its old value in the targets. A value that is too long is not cut, because half
 * a list of roles would read as a different set of roles.
 */
export function stampValue(
  template: string,
  { id, roles }: { readonly id: AnalystId; readonly roles: readonly RoleName[] },
): string | StampTooLong {
  if (roles.length === 0 && template.includes("{roles}")) return "none";
  const listed = [...new Set(roles)].toSorted().join(";");
  const value = template.replaceAll(placeholderPattern, (_, name) => (name === "id" ? id : listed));
  return value.length <= stampLimit ? value : { kind: "too-long", length: value.length, limit: stampLimit };
}

function holds({ name, holders }: Role, { groups, attributes }: RoleEvidence): boolean {
  if (holders.kind === "group") return groups.has(name);
  return Object.entries(holders.attributes).every(([key, value]) => attributes[key] === value);
}
