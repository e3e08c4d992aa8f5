import { parse } from "yaml";

/**
 * The application permissions that Muster is granted in a tenant of each kind. docs/graph-permissions.md says what each is for;
 * test/contract/permissions-page.test.ts holds the two equal.
 */
export const consent = {
  source: [
    "Application.ReadWrite.OwnedBy",
    "Group.Read.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.ReadWrite.All",
    "User.Read.All",
    "User.ReadUpdate.All",
    "User.RevokeSessions.All",
  ],
  target: [
    "Group.ReadBasic.All",
    "GroupMember.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.Read.All",
  ],
  /** Besides, in the source, where a synchronization's scope is a role of its application. */
  appRoleScope: ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"],
  /** Besides, in the source, where it is an access package. */
  packageScope: ["EntitlementManagement.ReadWrite.All"],
  /** Besides, in targets that assign access packages. */
  accessPackages: ["EntitlementManagement.ReadWrite.All"],
  /** Besides, in targets that give eligibility. */
  eligibleGroups: [
    "PrivilegedAssignmentSchedule.Read.AzureADGroup",
    "PrivilegedAssignmentSchedule.Remove.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
  ],
  /** Besides, in targets where what access reviews deny is respected. */
  deniedReviews: ["AccessReview.Read.All"],
} as const;

const features = ["accessPackages", "eligibleGroups"] as const;

/** What is consented to besides, by tenant id: what the policy makes use of there, and nothing that it does not. */
export function consentBesides(policy: string): Readonly<Record<string, readonly string[]>> {
  const { source, profiles = {}, targets = {} } = (parse(policy) ?? {}) as PolicyFile; // whatever else it is, the app says so
  const scopes = Object.values(targets).flatMap(({ sync }) => (sync?.scope ? [sync.scope] : []));
  return Object.fromEntries([
    ...Object.values(targets).map(({ tenantId, profile, grants, onDeniedReview = "respect" }) => {
      const given = [profiles[profile ?? ""], grants].flatMap((one) => Object.values(one ?? {}));
      const used = features.filter((feature) => given.some((grant) => grant !== null && feature in grant));
      const reviews = onDeniedReview === "respect" ? consent.deniedReviews : [];
      return [String(tenantId).toLowerCase(), [...used.flatMap((feature) => consent[feature]), ...reviews]];
    }),
    [
      String(source?.tenantId).toLowerCase(),
      [
        ...(scopes.some((scope) => "appRole" in scope) ? consent.appRoleScope : []),
        ...(scopes.some((scope) => "accessPackage" in scope) ? consent.packageScope : []),
      ],
    ],
  ]) as Readonly<Record<string, readonly string[]>>; // pairs of an id and permissions
}

type Grants = Readonly<Record<string, object | null>>;
type PolicyFile = {
  readonly source?: { readonly tenantId?: string };
  readonly profiles?: Readonly<Record<string, Grants>>;
  readonly targets?: Readonly<
    Record<
      string,
      {
        readonly tenantId?: string;
        readonly profile?: string;
        readonly grants?: Grants;
        readonly sync?: { readonly scope?: object | null } | null;
        readonly onDeniedReview?: string;
      }
    >
  >;
};
