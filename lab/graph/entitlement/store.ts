import type { Mint } from "../ids.ts";
import type { VersionedMap } from "../directory/versioned-map.ts";
import type { EntitlementSeed } from "./entitlement-seed.ts";
import type {
  AssignmentRecord,
  CatalogRecord,
  Expiration,
  OrganizationRecord,
  PackageRecord,
  PolicyRecord,
  RequestRecord,
  ResourceRole,
  SettingsRecord,
  SubjectRecord,
} from "./records.ts";

/** Entitlement management of one tenant: what is defined, which is read in the present, and what happens, which has replicas. */
export type EntitlementStore = {
  readonly catalogs: Map<string, CatalogRecord>;
  readonly packages: Map<string, PackageRecord>;
  readonly policies: Map<string, PolicyRecord>;
  readonly organizations: Map<string, OrganizationRecord>;
  readonly settings: SettingsRecord;
  readonly redemption: "automatic" | "by the guest";
  /** Read in the present, too. */
  readonly subjects: Map<string, SubjectRecord>;
  readonly assignments: VersionedMap<AssignmentRecord>;
  readonly requests: VersionedMap<RequestRecord>;
};

export function entitlementStore(
  seed: EntitlementSeed | undefined,
  world: { readonly mint: Mint; readonly now: number; readonly map: <V>() => VersionedMap<V> },
): EntitlementStore {
  const { catalogs = [], packages = [], policies = [], connectedOrganizations = [] } = seed ?? {};
  const { mint, now: createdAt, map } = world;
  return {
    catalogs: byId(catalogs.map((one) => ({ isExternallyVisible: true, ...one, createdAt }))),
    packages: byId(
      packages.map((one) => ({ ...one, createdAt, roles: one.roles.map((role) => roleOf(role, mint)) })),
    ),
    policies: byId(policies.map((one) => policyOf(one, createdAt))),
    organizations: byId(
      connectedOrganizations.map((one) => ({
        state: "configured",
        domains: [],
        tenantId: undefined,
        ...one,
        createdAt,
      })),
    ),
    settings: {
      externalUserLifecycleAction: "blockSignInAndDelete",
      durationUntilExternalUserDeletedAfterBlocked: "P30D",
      ...seed?.settings,
    },
    redemption: seed?.redemption ?? "by the guest",
    subjects: new Map(),
    assignments: map(),
    requests: map(),
  };
}

function byId<T extends { readonly id: string }>(records: readonly T[]): Map<string, T> {
  return new Map(records.map((record) => [record.id, record]));
}

function roleOf(seed: EntitlementSeed["packages"][number]["roles"][number], mint: Mint): ResourceRole {
  const id = mint("resource role scope");
  if ("group" in seed) return { kind: "group", id, groupId: seed.group };
  return {
    kind: "application",
    id,
    servicePrincipalId: seed.servicePrincipal,
    appRoleId: seed.appRole,
  };
}

function policyOf(seed: EntitlementSeed["policies"][number], createdAt: number): PolicyRecord {
  const { expiresAfter, expiresAt, approval, ...rest } = seed;
  return {
    allowedTargetScope: "notSpecified",
    specificAllowedTargets: [],
    allowCustomAssignmentSchedule: true,
    ...rest,
    expiration: expirationOf(expiresAfter, expiresAt),
    approval: approval && { deniedAfter: "P14D", alsoForUpdates: false, ...approval },
    createdAt,
  };
}

function expirationOf(duration: string | undefined, endDateTime: string | undefined): Expiration {
  if (duration !== undefined) return { type: "afterDuration", endDateTime: null, duration };
  if (endDateTime !== undefined) return { type: "afterDateTime", endDateTime, duration: null };
  return { type: "noExpiration", endDateTime: null, duration: null };
}
