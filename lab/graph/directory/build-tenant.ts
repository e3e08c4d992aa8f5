import type { LabClock } from "../../clock.ts";
import type { Weather } from "../../weather.ts";
import type { Draws } from "../draws.ts";
import type { RegisteredApps } from "../identity/registered-apps.ts";
import { guidFrom } from "../ids.ts";
import type {
  ExtensionPropertySeed,
  GroupSeed,
  ServicePrincipalSeed,
  TenantSeed,
  UserSeed,
  WorldSeed,
} from "../seed.ts";
import { defaultAccessRoleId } from "../sync/job.ts";
import { graphTime } from "./graph-time.ts";
import { seedActor, type DirectoryObject } from "./objects.ts";
import { replicasOf } from "./replicas.ts";
import { plantPrivileged } from "./plant-privileged.ts";
import { followDirectory } from "./privileged-writes.ts";
import { createTenant, type Tenant } from "./tenant.ts";

/** A tenant as its seed describes it, as if it had always been so: no history, no notifications. */
export function buildTenant(
  seed: TenantSeed,
  world: {
    readonly seed: WorldSeed;
    readonly clock: LabClock;
    readonly weather: Weather;
    readonly draws: Draws;
    readonly apps: RegisteredApps;
  },
): Tenant {
  const replicas = replicasOf(seed, world);
  const { clock, draws, weather } = world;
  const lateMs = () => draws.ms(weather.logsMs, "audit log", seed.id);
  const tenant = createTenant(seed, { seed: world.seed.seed, clock, replicas, lateMs });
  for (const user of seed.users ?? []) plantUser(tenant, user);
  for (const principal of servicePrincipalsOf(seed, world.seed, world.apps))
    plantPrincipal(tenant, principal);
  for (const group of seed.groups ?? []) plantGroup(tenant, group);
  for (const group of seed.groups ?? []) plantMembers(tenant, group);
  for (const group of seed.groups ?? []) plantPrivileged(tenant, group, world.seed.seed);
  followDirectory(tenant);
  plantApplications(tenant, seed, world.seed.seed);
  for (const job of world.seed.syncJobs ?? []) {
    if (job.sourceTenantId !== seed.id) continue;
    for (const groupId of job.scopeGroupIds) plantScope(tenant, job.servicePrincipalId, groupId);
  }
  return tenant;
}

/** Extensions of an app are usable wherever the app is consented, under the same name. */
export function shareExtensions(
  tenants: ReadonlyMap<string, Tenant>,
  isConsented: (appId: string, tenantId: string) => boolean,
): void {
  for (const home of tenants.values()) {
    for (const { appId, extensionIds } of home.applications.values()) {
      const own = [...home.extensions.values()].filter(({ id }) => extensionIds.includes(id));
      for (const other of tenants.values()) {
        if (other === home || !isConsented(appId, other.id)) continue;
        for (const definition of own) other.extensions.set(definition.name, definition);
      }
    }
  }
}

export function extensionName(appId: string, name: string): string {
  return `extension_${appId.replaceAll("-", "").toLowerCase()}_${name}`;
}

function plantUser(tenant: Tenant, seed: UserSeed): void {
  const { alternativeSecurityId, directoryRoles, ...given } = seed;
  const properties = {
    accountEnabled: true,
    userType: "Member",
    createdDateTime: graphTime(tenant.clock.now()),
    mail: null,
    ...given,
  };
  tenant.users.plant(seed.id, {
    kind: "user",
    id: seed.id,
    properties,
    revision: 1,
    createdBy: seedActor,
    directoryRoles: directoryRoles ?? [],
    ...(alternativeSecurityId !== undefined && { sourceId: alternativeSecurityId }),
  });
  tenant.userIdsByName.set(seed.userPrincipalName.toLowerCase(), seed.id);
}

function plantGroup(tenant: Tenant, seed: GroupSeed): void {
  const { members: _members, pim: _pim, ...given } = seed;
  const isDynamic = seed.membershipRule !== undefined;
  const properties = {
    createdDateTime: graphTime(tenant.clock.now()),
    securityEnabled: true,
    mailEnabled: false,
    mailNickname: seed.displayName.replaceAll(/\W/g, ""),
    ...given,
    groupTypes: seed.groupTypes ?? (isDynamic ? ["DynamicMembership"] : []),
    ...(isDynamic && { membershipRuleProcessingState: "On" }),
  };
  tenant.groups.plant(seed.id, { kind: "group", id: seed.id, properties, createdBy: seedActor });
}

function plantMembers(tenant: Tenant, seed: GroupSeed): void {
  for (const memberId of seed.members ?? []) {
    const member = objectOf(tenant, memberId);
    if (member === undefined) {
      throw new Error(`Group "${seed.displayName}" of ${tenant.name} has an unknown member: ${memberId}.`);
    }
    const membership = { memberId, memberKind: member.kind, addedBy: seedActor, addedAt: 0 };
    tenant.membersOf(seed.id).plant(memberId, membership);
  }
}

function objectOf(tenant: Tenant, id: string): DirectoryObject | undefined {
  return tenant.users.get(id) ?? tenant.groups.get(id) ?? tenant.servicePrincipals.get(id);
}

function plantPrincipal(tenant: Tenant, seed: ServicePrincipalSeed): void {
  const appRoles = (seed.appRoles ?? []).map((role) => ({
    allowedMemberTypes: ["User"],
    description: role.displayName,
    isEnabled: true,
    origin: "Application",
    value: null,
    ...role,
  }));
  const properties = {
    id: seed.id,
    appId: seed.appId,
    displayName: seed.displayName,
    appDisplayName: seed.displayName,
    accountEnabled: true,
    appRoleAssignmentRequired: true,
    appRoles,
    servicePrincipalNames: [seed.appId],
    servicePrincipalType: "Application",
    tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
  };
  tenant.servicePrincipals.set(seed.id, { kind: "servicePrincipal", id: seed.id, properties });
}

/** Those of the seed, one per consented app, and one per sync job that the seed does not describe. */
function servicePrincipalsOf(
  seed: TenantSeed,
  world: WorldSeed,
  apps: RegisteredApps,
): ServicePrincipalSeed[] {
  const given = seed.servicePrincipals ?? [];
  const consented = apps
    .all()
    .filter((app) => apps.isConsented(app, seed.id))
    .map((app) => ({
      id: apps.servicePrincipalId(app, seed.id),
      appId: app.clientId,
      displayName: app.displayName ?? app.clientId,
    }));
  const jobs = (world.syncJobs ?? []).filter((job) => job.sourceTenantId === seed.id);
  const syncApps = jobs
    .filter((job) => !given.some(({ id }) => id === job.servicePrincipalId))
    .map((job) => ({
      id: job.servicePrincipalId,
      appId: guidFrom(world.seed, "sync app", job.servicePrincipalId),
      displayName: job.displayName ?? `Sync to ${job.targetTenantId}`,
      appRoles: [
        {
          id: defaultAccessRoleId(world.seed, job.servicePrincipalId),
          displayName: "msiam_access",
          value: null,
        },
      ],
    }));
  return [...given, ...consented, ...syncApps];
}

function plantApplications(tenant: Tenant, seed: TenantSeed, worldSeed: string | number): void {
  const define = (property: ExtensionPropertySeed, name: string, appDisplayName: string) => {
    const id = guidFrom(worldSeed, "extension", seed.id, name);
    const { dataType = "String", targetObjects = ["User"] } = property;
    tenant.extensions.set(name, { id, name, dataType, targetObjects, appDisplayName });
    return id;
  };
  for (const application of seed.applications ?? []) {
    const { id, appId, displayName, extensionProperties = [] } = application;
    const extensionIds = extensionProperties.map((property) =>
      define(property, extensionName(appId, property.name), displayName),
    );
    tenant.applications.set(id, { id, appId, displayName, extensionIds });
  }
  for (const property of seed.extensionProperties ?? []) define(property, property.name, "");
}

function plantScope(tenant: Tenant, servicePrincipalId: string, groupId: string): void {
  const roles = tenant.servicePrincipals.get(servicePrincipalId)?.properties["appRoles"];
  const [role] = (Array.isArray(roles) ? roles : []) as { id: string }[];
  if (role === undefined) throw new Error(`Sync service principal ${servicePrincipalId} has no app role.`);
  const id = Buffer.from(`${groupId}${servicePrincipalId}`.replaceAll("-", ""), "hex").toString("base64url");
  tenant.roleAssignments.plant(id, {
    id,
    servicePrincipalId,
    principalId: groupId,
    principalKind: "group",
    appRoleId: role.id,
    createdBy: seedActor,
    createdAt: 0,
  });
}
