/** Who may be in a story. The ids are those of the source tenant. */
export const cast = {
  ana: "a0000000-0000-4000-8000-000000000001",
  ben: "a0000000-0000-4000-8000-000000000002",
  cleo: "a0000000-0000-4000-8000-000000000003",
  dora: "a0000000-0000-4000-8000-000000000004",
  eve: "a0000000-0000-4000-8000-000000000005",
  finn: "a0000000-0000-4000-8000-000000000006",
  gus: "a0000000-0000-4000-8000-000000000007",
  hal: "a0000000-0000-4000-8000-000000000008",
} as const;
export type PersonName = keyof typeof cast;

export const everybody = Object.keys(cast) as readonly PersonName[]; // the keys of a literal

export const sourceTenant = "50000000-0000-4000-8000-000000000000";
export const tenants = {
  contoso: "70000000-0000-4000-8000-000000000001",
  fabrikam: "70000000-0000-4000-8000-000000000002",
} as const;
export type TenantName = keyof typeof tenants;

export const scopeGroups = {
  contoso: "9c000000-0000-4000-8000-000000000001",
  fabrikam: "9c000000-0000-4000-8000-000000000002",
} as const;
/** What a policy may name for Contoso instead. */
export const otherScopeGroup = "9c000000-0000-4000-8000-000000000003";

/** The application of the synchronization to Contoso, and its own role. */
export const syncApplication = "66666666-6666-4666-8666-666666666666";
export const scopeRole = "9d000000-0000-4000-8000-000000000001";
/** A package of the source that assigns the role. */
export const scopePackageId = "4a000000-0000-4000-8000-000000000003";

/** Groups of the source that say who is what, and groups of the targets that say who may do what. */
export const roleGroups = {
  readers: "90000000-0000-4000-8000-000000000001",
  responders: "90000000-0000-4000-8000-000000000002",
} as const;
export type RoleGroup = keyof typeof roleGroups;

/** A team is a group that is put into role groups: whoever is in it holds their roles. */
export const teams = { juniors: "91000000-0000-4000-8000-000000000001" } as const;
export const sourceGroups = { ...roleGroups, ...teams } as const;
export type SourceGroup = keyof typeof sourceGroups;

const teamIds: ReadonlySet<string> = new Set(Object.values(teams));
export const isTeam = (id: string) => teamIds.has(id);

/** A group of the source that both targets delegate to, where the policy gives it. */
export const delegatedGroup = "95000000-0000-4000-8000-000000000001";

export const grantGroups = {
  read: "96000000-0000-4000-8000-000000000001",
  respond: "96000000-0000-4000-8000-000000000002",
} as const;

/** A group of the targets that PIM governs, and one that an access package gives, where the policy gives them. */
export const eligibleGroup = "97000000-0000-4000-8000-000000000001";
const packageGroup = "97000000-0000-4000-8000-000000000002";
export const packageId = "4a000000-0000-4000-8000-000000000001";

/** What readers are assigned in a target that invites, and responders where the policy does not give them the other one. */
const doorGroup = "97000000-0000-4000-8000-000000000003";
export const doorPackageId = "4a000000-0000-4000-8000-000000000002";

/** Access packages, with the group that each of them gives; of one it is a role. */
export const packageGroups: Readonly<Record<string, string>> = {
  [packageId]: packageGroup,
  [doorPackageId]: doorGroup,
  [scopePackageId]: scopeRole,
};
