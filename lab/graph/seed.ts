import type { ExtensionDataType } from "./directory/objects.ts";
import type { EntitlementSeed } from "./entitlement/entitlement-seed.ts";
import type { Limits } from "./limits/quotas.ts";
import type { AttributeMapping } from "./sync/mapping.ts";

/** The world at time zero, as plain data. Every id in it is the caller's choice (see `guidFrom`). */
export type WorldSeed = {
  /** Decides every id minted and every die rolled while running. */
  readonly seed: string | number;
  readonly tenants: readonly TenantSeed[];
  readonly apps: readonly AppSeed[];
  readonly syncJobs?: readonly SyncJobSeed[];
  /** Object ids, in any tenant, that the app must never write to. */
  readonly protected?: readonly string[];
  /** Quotas to use instead of Graph's, or of what the weather makes of them: see limits/quotas.ts. */
  readonly limits?: Limits;
};

export type TenantSeed = {
  readonly id: string;
  readonly name: string;
  readonly kind: "source" | "target";
  readonly defaultDomain: string;
  readonly users?: readonly UserSeed[];
  readonly groups?: readonly GroupSeed[];
  readonly servicePrincipals?: readonly ServicePrincipalSeed[];
  readonly applications?: readonly ApplicationSeed[];
  /** Definitions available here although their application lives elsewhere, by full name `extension_{appId}_{name}`. */
  readonly extensionProperties?: readonly ExtensionPropertySeed[];
  readonly entitlement?: EntitlementSeed;
};

/** Any Graph user property may be given, `extension_…` included. */
export type UserSeed = {
  readonly id: string;
  readonly displayName: string;
  readonly userPrincipalName: string;
  /** Makes this an account of that source user: what cross-tenant sync matches on and Graph does not show. */
  readonly alternativeSecurityId?: string;
  /** Active Entra roles by name; anyone holding more than the harmless ones cannot be blocked by a plain app. */
  readonly directoryRoles?: readonly string[];
  readonly [property: string]: unknown;
};

export type GroupSeed = {
  readonly id: string;
  readonly displayName: string;
  /** Ids of users, groups or service principals of the same tenant. */
  readonly members?: readonly string[];
  readonly groupTypes?: readonly string[];
  readonly isAssignableToRole?: boolean;
  readonly onPremisesSyncEnabled?: boolean;
  readonly membershipRule?: string;
  readonly pim?: PrivilegedSeed;
  readonly [property: string]: unknown;
};

/** A group in Privileged Identity Management: its settings, and who is what in it. */
export type PrivilegedSeed = {
  /** ISO 8601 in days and less, or "unlimited". Default: as in a new tenant, see directory/privileged.ts. */
  readonly longestEligibility?: string;
  readonly longestAssignment?: string;
  readonly longestActivation?: string;
  readonly eligible?: readonly PrincipalSeed[];
  /** Assigned, not activated. */
  readonly active?: readonly PrincipalSeed[];
};

export type PrincipalSeed = {
  readonly principalId: string;
  /** Default: member. */
  readonly accessId?: "member" | "owner";
  /** ISO 8601; for ever when left out. */
  readonly until?: string;
};

export type ServicePrincipalSeed = {
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
  readonly appRoles?: readonly AppRoleSeed[];
};

type AppRoleSeed = {
  readonly id: string;
  readonly displayName: string;
  readonly value?: string | null;
};

type ApplicationSeed = {
  /** Object id; `appId` is the client id. */
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
  /** Short names; the full name becomes `extension_{appId without hyphens}_{name}`. */
  readonly extensionProperties?: readonly ExtensionPropertySeed[];
};

export type ExtensionPropertySeed = {
  readonly name: string;
  readonly dataType?: ExtensionDataType;
  readonly targetObjects?: readonly string[];
};

/**
 * `app` is Muster (judged, throttled, hit by faults), `admin` an administrator (none of these),
 * `operator` calls Muster's own API and never Graph.
 */
export type AppSeed = {
  readonly clientId: string;
  readonly displayName?: string;
  readonly kind: "app" | "admin" | "operator";
  readonly secret?: string;
  /** Client assertions accepted as they are, standing in for a federated credential. */
  readonly assertions?: readonly string[];
  readonly consentedTenants: readonly string[] | "all";
  /** Granted application permissions, the `roles` claim: the same in all tenants, or by their kind; none when left out. */
  readonly roles?: readonly string[] | Readonly<Record<TenantSeed["kind"], readonly string[]>>;
  /** Besides those, by tenant. */
  readonly moreRoles?: Readonly<Record<string, readonly string[]>>;
  /** Object ids of the service principals and applications that it owns: what `….OwnedBy` covers. */
  readonly owns?: readonly string[];
  /** Entra roles of the service principal itself, e.g. "Privileged Authentication Administrator". */
  readonly directoryRoles?: readonly string[];
};

export type SyncJobSeed = {
  readonly sourceTenantId: string;
  readonly targetTenantId: string;
  /** Created with the `msiam_access` role unless the source tenant's seed already has it. */
  readonly servicePrincipalId: string;
  readonly jobId: string;
  readonly ruleId: string;
  /** Source groups assigned to the sync app with `msiam_access`; their direct members are in scope. */
  readonly scopeGroupIds: readonly string[];
  readonly displayName?: string;
  /** Which of the two documented answers provisionOnDemand gives. Default `statusInfo` (cross-tenant style). */
  readonly responseShape?: "statusInfo" | "result";
  /** How long a new assignment goes unnoticed by provisionOnDemand. Default: as the weather is. */
  readonly assignmentLagMs?: number;
  /** Deletions and disables per cycle beyond which the job stops; none when left out. */
  readonly deleteThreshold?: number;
  /** Full names of the extension properties that the job's schema maps; none when left out, as in the template. */
  readonly mappedExtensions?: readonly (string | AttributeMapping)[];
  readonly state?: "Active" | "Paused";
  /** Pairs that earlier cycles have already synchronized. */
  readonly linked?: readonly { readonly sourceId: string; readonly targetId: string }[];
};
