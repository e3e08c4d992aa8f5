import { exactKey } from "./call-key.ts";

/** An application permission that stands on a documentation page rather than in the permission table. */
export type DocumentedCall = {
  readonly method: string;
  readonly path: string;
  /** `no row`: the table does not know the call. `coarse row`: its row is coarser than the page. */
  readonly because: "no row" | "coarse row";
  /** Restricts the entry to calls that read or write such properties. */
  readonly when?: (properties: readonly string[]) => boolean;
  readonly permissions: readonly string[];
  readonly source: string;
};

/**
 * The documented permissions of the call with this key, if they are to be used: an entry for a missing row gives way as
 * soon as the table has one.
 */
export function documentedFor(
  key: string,
  properties: readonly string[] | undefined,
  table: "row" | "no row",
): Pick<DocumentedCall, "permissions" | "source"> | undefined {
  const found = documentedCalls.find(
    ({ method, path, because, when }) =>
      exactKey({ method, path }) === key &&
      (because === "coarse row" || table === "no row") &&
      (when === undefined || (properties !== undefined && when(properties))),
  );
  return found && { permissions: found.permissions, source: found.source };
}

// What User.ReadBasic.All shows of a user, according to "Working with users" (facts 7).
const basicProfile = [
  "displayName",
  "givenName",
  "id",
  "mail",
  "photo",
  "securityIdentifier",
  "surname",
  "userPrincipalName",
];

const beyondBasicProfile = (properties: readonly string[]) =>
  properties.some((name) => !basicProfile.includes(name.split("/")[0] ?? ""));

const onlyExtensions = (properties: readonly string[]) =>
  properties.length > 0 && properties.every((name) => name.startsWith("extension_"));

const onlyAccountEnabled = (properties: readonly string[]) =>
  properties.length === 1 && properties[0] === "accountEnabled";

const fullProfile = {
  because: "coarse row",
  when: beyondBasicProfile,
  permissions: ["User.Read.All"],
  source: "Working with users: User.ReadBasic.All shows the basic profile only (facts 7)",
} as const;

const subscription = {
  because: "no row",
  permissions: ["Group.Read.All", "User.Read.All"],
  source:
    "Create subscription: User.Read.All for users, Group.Read.All for groups; write permissions do not count (facts 1.1)",
} as const;

const deletedUser = {
  because: "no row",
  permissions: ["User.Read.All"],
  source: "Get deleted item, List deletedItems: the least for users (facts 7, where it was still unverified)",
} as const;

const entitlement = "Entitlement management: every read and every write (facts 8.1, 18.7)";

/** Fact numbers are sections of the project's fact sheet on Graph, which quotes the pages with their dates. */
export const documentedCalls: readonly DocumentedCall[] = [
  { method: "GET", path: "/users", ...fullProfile },
  { method: "GET", path: "/users/{id}", ...fullProfile },
  {
    method: "PATCH",
    path: "/users/{id}",
    because: "coarse row",
    when: onlyAccountEnabled,
    permissions: ["User.EnableDisableAccount.All", "User.Read.All"],
    source: "Update user: least permission for accountEnabled (facts 3, 9.1)",
  },
  {
    method: "PATCH",
    path: "/users/{id}",
    because: "coarse row",
    when: onlyExtensions,
    permissions: ["User.ReadUpdate.All"],
    source: "Update user, July 2026: least permission; that it covers extensions is unverified (facts 3)",
  },
  {
    method: "POST",
    path: "/groups/{id}/members/$ref",
    because: "no row",
    permissions: ["GroupMember.ReadWrite.All"],
    source: "Add members (facts 4, 18.7)",
  },
  { method: "GET", path: "/directory/deletedItems/{id}", ...deletedUser },
  { method: "GET", path: "/directory/deletedItems/microsoft.graph.user", ...deletedUser },
  { method: "GET", path: "/subscriptions", ...subscription },
  { method: "POST", path: "/subscriptions", ...subscription },
  { method: "GET", path: "/subscriptions/{id}", ...subscription },
  { method: "PATCH", path: "/subscriptions/{id}", ...subscription },
  { method: "DELETE", path: "/subscriptions/{id}", ...subscription },
  { method: "POST", path: "/subscriptions/{id}/reauthorize", ...subscription },
  {
    method: "POST",
    path: "/$batch",
    because: "no row",
    permissions: [],
    source: "JSON batching: each part is authorised by itself (facts 4)",
  },
  {
    method: "POST",
    path: "/identityGovernance/entitlementManagement/resourceRequests",
    because: "no row",
    permissions: ["EntitlementManagement.ReadWrite.All"],
    source: entitlement,
  },
  {
    method: "POST",
    path: "/identityGovernance/entitlementManagement/accessPackages/{id}/resourceRoleScopes",
    because: "no row",
    permissions: ["EntitlementManagement.ReadWrite.All"],
    source: entitlement,
  },
  {
    method: "GET",
    path: "/identityGovernance/entitlementManagement/catalogs/{id}/resources",
    because: "no row",
    permissions: ["EntitlementManagement.Read.All"],
    source: entitlement,
  },
  {
    method: "POST",
    path: "/servicePrincipals/{id}/synchronization/jobs/validateCredentials",
    because: "no row",
    permissions: ["Synchronization.ReadWrite.All"],
    source: "Validate credentials (facts 18.7)",
  },
];
