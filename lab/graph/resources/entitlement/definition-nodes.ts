import type { Call } from "../../http/call.ts";
import { guidFrom } from "../../ids.ts";
import type {
  CatalogRecord,
  OrganizationRecord,
  PackageRecord,
  PolicyRecord,
  ResourceRole,
} from "../../entitlement/records.ts";
import { appRoleOf } from "../../entitlement/resources.ts";
import type { Node } from "./node.ts";

export const timeOf = (ms: number) => new Date(ms).toISOString();

const created = ({ createdAt }: { readonly createdAt: number }) => ({
  createdDateTime: timeOf(createdAt),
  modifiedDateTime: timeOf(createdAt),
});

export function catalogNode(call: Call, record: CatalogRecord): Node {
  const { packages } = call.tenant.entitlement;
  const { id, displayName, isExternallyVisible } = record;
  return {
    id,
    type: "accessPackageCatalog",
    properties: {
      ...created(record),
      id,
      displayName,
      description: displayName,
      isExternallyVisible,
      catalogType: "userManaged",
      state: "published",
    },
    navigations: {
      accessPackages: () =>
        [...packages.values()]
          .filter(({ catalogId }) => catalogId === id)
          .map((each) => packageNode(call, each)),
    },
  };
}

export function packageNode(call: Call, record: PackageRecord): Node {
  const { catalogs } = call.tenant.entitlement;
  const { id, displayName, catalogId } = record;
  return {
    id,
    type: "accessPackage",
    properties: { ...created(record), id, displayName, description: displayName, isHidden: false },
    navigations: {
      catalog: () => optional(catalogs.get(catalogId), (catalog) => catalogNode(call, catalog)),
      assignmentPolicies: () => policiesOf(call, id).map((policy) => policyNode(call, policy)),
      resourceRoleScopes: () => record.roles.map((role) => roleScopeNode(call, record, role)),
    },
  };
}

export function policiesOf(call: Call, packageId: string): PolicyRecord[] {
  return [...call.tenant.entitlement.policies.values()].filter((policy) => policy.packageId === packageId);
}

export function policyNode(call: Call, record: PolicyRecord): Node {
  const { catalogs, packages } = call.tenant.entitlement;
  const { id, displayName, packageId } = record;
  return {
    id,
    type: "accessPackageAssignmentPolicy",
    properties: {
      ...created(record),
      id,
      displayName,
      description: displayName,
      allowedTargetScope: record.allowedTargetScope,
      specificAllowedTargets: record.specificAllowedTargets,
      expiration: record.expiration,
      requestorSettings: requestorSettings(record),
      requestApprovalSettings: approvalSettings(record),
    },
    navigations: {
      accessPackage: () => optional(packages.get(packageId), (found) => packageNode(call, found)),
      catalog: () =>
        optional(catalogs.get(packages.get(packageId)?.catalogId ?? ""), (found) => catalogNode(call, found)),
    },
  };
}

function requestorSettings({ allowCustomAssignmentSchedule }: PolicyRecord) {
  return {
    enableTargetsToSelfAddAccess: false,
    enableTargetsToSelfUpdateAccess: false,
    enableTargetsToSelfRemoveAccess: false,
    allowCustomAssignmentSchedule,
    enableOnBehalfRequestorsToAddAccess: false,
    enableOnBehalfRequestorsToUpdateAccess: false,
    enableOnBehalfRequestorsToRemoveAccess: false,
    onBehalfRequestors: [],
  };
}

function approvalSettings({ approval }: PolicyRecord) {
  const stage = {
    durationBeforeAutomaticDenial: approval?.deniedAfter,
    isApproverJustificationRequired: false,
    isEscalationEnabled: false,
    durationBeforeEscalation: "PT0S",
    primaryApprovers: [],
    fallbackPrimaryApprovers: [],
    escalationApprovers: [],
    fallbackEscalationApprovers: [],
  };
  return {
    isApprovalRequiredForAdd: approval !== undefined,
    isApprovalRequiredForUpdate: approval?.alsoForUpdates ?? false,
    isRequestorJustificationRequired: false,
    stages: approval === undefined ? [] : [stage],
  };
}

/** What a package gives, as two halves: the role is what one becomes, the scope is where. */
export function roleScopeNode(call: Call, record: PackageRecord, role: ResourceRole): Node {
  const { id } = role;
  const resource = resourceNode(call, role);
  const { originId, originSystem } = resource.properties;
  const root = { displayName: "Root", description: "Root Scope", isRootScope: true };
  const scope = { id: guidFrom("scope", id), originId, originSystem, ...root };
  const name = roleName(call, role);
  const own = { id: guidFrom("role", id), originSystem, description: name.displayName, ...name };
  const behind = { resource: () => resource };
  return {
    id,
    type: "accessPackageResourceRoleScope",
    properties: { id, createdDateTime: timeOf(record.createdAt) },
    navigations: {
      role: () => ({ id: own.id, type: "accessPackageResourceRole", properties: own, navigations: behind }),
      scope: () => ({
        id: scope.id,
        type: "accessPackageResourceScope",
        properties: scope,
        navigations: behind,
      }),
    },
  };
}

function roleName({ tenant }: Call, role: ResourceRole) {
  if (role.kind === "group") return { displayName: "Member", originId: `Member_${role.groupId}` };
  const appRole = appRoleOf(tenant, role);
  return { displayName: appRole?.displayName ?? null, originId: appRole?.id ?? role.appRoleId ?? null };
}

function resourceNode({ tenant }: Call, role: ResourceRole): Node {
  const isGroup = role.kind === "group";
  const originId = isGroup ? role.groupId : role.servicePrincipalId;
  const object = isGroup ? tenant.groups.get(originId) : tenant.servicePrincipals.get(originId);
  const displayName = object?.properties["displayName"] ?? null;
  const id = guidFrom("resource", tenant.id, originId);
  const originSystem = isGroup ? "AadGroup" : "AadApplication";
  const properties = { id, displayName, description: displayName, originId, originSystem };
  return { id, type: "accessPackageResource", properties, navigations: {} };
}

export function organizationNode(record: OrganizationRecord): Node {
  const { id, displayName, state, domains, tenantId } = record;
  const tenants =
    tenantId === undefined ? [] : [{ ...source("azureActiveDirectoryTenant"), tenantId, displayName }];
  const own = domains.map((domainName) => ({ ...source("domainIdentitySource"), domainName, displayName }));
  const identitySources = [...tenants, ...own];
  return {
    id,
    type: "connectedOrganization",
    properties: { ...created(record), id, displayName, description: displayName, state, identitySources },
    navigations: {},
  };
}

const source = (type: string) => ({ "@odata.type": `#microsoft.graph.${type}` });

export function optional<T>(found: T | undefined, node: (found: T) => Node): Node | undefined {
  return found === undefined ? undefined : node(found);
}
