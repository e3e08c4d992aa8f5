import type { LabClock } from "../../clock.ts";
import { mintFrom, type Mint } from "../ids.ts";
import type { TenantSeed } from "../seed.ts";
import { changeLog, type ChangeLog } from "./change-log.ts";
import { entitlementStore, type EntitlementStore } from "../entitlement/store.ts";
import { auditTrail, type AuditTrail } from "./audit-trail.ts";
import type {
  ApplicationRecord,
  ExtensionDefinition,
  GroupRecord,
  Membership,
  RoleAssignment,
  ServicePrincipalRecord,
  UserRecord,
} from "./objects.ts";
import type { PrivilegedAccess } from "./privileged.ts";
import { membershipKey, type Replicas } from "./replicas.ts";
import { versionedMap, type VersionedMap } from "./versioned-map.ts";

/** One tenant's directory: data and its history. Rules live with the operations that use it. */
export type Tenant = {
  readonly id: string;
  readonly name: string;
  readonly kind: "source" | "target";
  readonly defaultDomain: string;
  readonly clock: LabClock;
  readonly mint: Mint;
  readonly users: VersionedMap<UserRecord>;
  readonly deletedUsers: VersionedMap<UserRecord>;
  readonly groups: VersionedMap<GroupRecord>;
  readonly deletedGroups: VersionedMap<GroupRecord>;
  /** Memberships of a group, kept while a member is soft-deleted. */
  membersOf(groupId: string): VersionedMap<Membership>;
  readonly servicePrincipals: Map<string, ServicePrincipalRecord>;
  readonly applications: Map<string, ApplicationRecord>;
  readonly roleAssignments: VersionedMap<RoleAssignment>;
  readonly privileged: PrivilegedAccess;
  readonly entitlement: EntitlementStore;
  /** Extension definitions available here, by full name. */
  readonly extensions: Map<string, ExtensionDefinition>;
  /** Lower-case user principal name to id, of users that are not deleted. */
  readonly userIdsByName: Map<string, string>;
  readonly replicas: Replicas;
  readonly changes: ChangeLog;
  readonly audits: AuditTrail;
};

export function createTenant(
  seed: TenantSeed,
  world: {
    readonly seed: string | number;
    readonly clock: LabClock;
    readonly replicas: Replicas;
    /** How late the next row of the audit log is. */
    readonly lateMs: () => number;
  },
): Tenant {
  const { clock, replicas } = world;
  const memberships = new Map<string, VersionedMap<Membership>>();
  const mint = mintFrom(world.seed, seed.id);
  const now = () => clock.now();
  const map = <V>() => versionedMap<V>(now, (key) => replicas.changed(key));
  const changes = changeLog(seed.id, now);
  changes.listen(({ event, id }) => {
    if (event === "created") replicas.made(id);
  });
  return {
    id: seed.id,
    name: seed.name,
    kind: seed.kind,
    defaultDomain: seed.defaultDomain,
    clock,
    mint,
    users: map(),
    deletedUsers: map(),
    groups: map(),
    deletedGroups: map(),
    membersOf(groupId) {
      const known = memberships.get(groupId);
      if (known !== undefined) return known;
      const created = versionedMap<Membership>(now, (memberId) =>
        replicas.changed(membershipKey(groupId, memberId)),
      );
      memberships.set(groupId, created);
      return created;
    },
    servicePrincipals: new Map(),
    applications: new Map(),
    roleAssignments: map(),
    privileged: { eligibility: map(), assignment: map(), requests: map(), settings: new Map() },
    entitlement: entitlementStore(seed.entitlement, { mint, now: clock.now(), map }),
    extensions: new Map(),
    userIdsByName: new Map(),
    replicas,
    changes,
    audits: auditTrail(mint, now, world.lateMs),
  };
}
