import type { SubjectSet, TargetScope } from "./records.ts";

/** Entitlement management of one tenant at time zero. A tenant without it has none of this, and answers with empty lists. */
export type EntitlementSeed = {
  readonly catalogs: readonly CatalogSeed[];
  readonly packages: readonly PackageSeed[];
  readonly policies: readonly PolicySeed[];
  readonly connectedOrganizations?: readonly OrganizationSeed[];
  readonly settings?: {
    /** Default: `blockSignInAndDelete`, as in a new tenant. */
    readonly externalUserLifecycleAction?: "none" | "blockSignIn" | "blockSignInAndDelete";
    /** Default: `P30D`. */
    readonly durationUntilExternalUserDeletedAfterBlocked?: string;
  };
  /** Whether invitations are redeemed without the guest's doing, as two tenants that trust each other can agree. Default: no. */
  readonly redemption?: "automatic" | "by the guest";
};

type CatalogSeed = {
  readonly id: string;
  readonly displayName: string;
  /** Whether people from outside can get its packages. Default: yes. */
  readonly isExternallyVisible?: boolean;
};

type PackageSeed = {
  readonly id: string;
  readonly displayName: string;
  readonly catalogId: string;
  readonly roles: readonly RoleSeed[];
};

/** What a package gives: membership of a group, or an application role; without `appRole` the first that the application has. */
type RoleSeed = { readonly group: string } | { readonly servicePrincipal: string; readonly appRole?: string };

type PolicySeed = {
  readonly id: string;
  readonly packageId: string;
  readonly displayName: string;
  /** Default: `notSpecified`, which is for administrators who assign people of the directory. */
  readonly allowedTargetScope?: TargetScope;
  readonly specificAllowedTargets?: readonly SubjectSet[];
  /** How long an assignment lasts that asks for nothing else: a duration, or a moment. Default: for ever. */
  readonly expiresAfter?: string;
  readonly expiresAt?: string;
  /** Somebody has to approve; nobody does for so long, and the request is denied. */
  readonly approval?: { readonly deniedAfter?: string; readonly alsoForUpdates?: boolean };
  /** Whether a request may bring its own schedule. Default: yes. */
  readonly allowCustomAssignmentSchedule?: boolean;
};

type OrganizationSeed = {
  readonly id: string;
  readonly displayName: string;
  /** Default: `configured`. */
  readonly state?: "configured" | "proposed";
  /** Which domains are its people's: its own ones, or those of a tenant of the lab. */
  readonly domains?: readonly string[];
  readonly tenantId?: string;
};
