import type { UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import { textOf } from "../directory/text.ts";
import { viewOf } from "../directory/view.ts";
import type { OrganizationRecord, PolicyRecord, SubjectSet } from "./records.ts";

type Tenants = ReadonlyMap<string, { readonly defaultDomain: string }>;

/** Whether an account of the directory is among those a policy is for; an administrator cannot assign others either. */
export function includesUser(
  tenants: Tenants,
  tenant: Tenant,
  policy: PolicyRecord,
  user: UserRecord,
): boolean {
  const { allowedTargetScope: scope, specificAllowedTargets: targets } = policy;
  switch (scope) {
    case "notSpecified":
    case "allDirectoryUsers":
      return true;
    case "allMemberUsers":
      return user.properties["userType"] !== "Guest";
    case "specificDirectoryUsers":
      return targets.some((target) => holds(tenant, target, user));
    case "specificConnectedOrganizationUsers":
    case "allConfiguredConnectedOrganizationUsers":
    case "allExternalUsers":
      return isExternal(user) && includesEmail(tenants, tenant, policy, textOf(user.properties["mail"]));
    default:
      return scope satisfies never;
  }
}

/**
 * Whether somebody who has no account can be assigned by address: the policy is for people from outside, their domain belongs to a
 * connected organization that it means, and the catalog is theirs to see.
 * https://learn.microsoft.com/entra/id-governance/entitlement-management-access-package-assignments#directly-assign-any-user
 */
export function includesEmail(
  tenants: Tenants,
  tenant: Tenant,
  policy: PolicyRecord,
  email: string,
): boolean {
  const { packages, catalogs } = tenant.entitlement;
  const catalog = catalogs.get(packages.get(policy.packageId)?.catalogId ?? "");
  if (catalog?.isExternallyVisible !== true) return false;
  const organization = organizationOf(tenants, tenant, email);
  switch (policy.allowedTargetScope) {
    case "allExternalUsers":
      return true;
    case "allConfiguredConnectedOrganizationUsers":
      return organization?.state === "configured";
    case "specificConnectedOrganizationUsers":
      return policy.specificAllowedTargets.some(
        (target) =>
          "connectedOrganizationId" in target && target.connectedOrganizationId === organization?.id,
      );
    case "notSpecified":
    case "allDirectoryUsers":
    case "allMemberUsers":
    case "specificDirectoryUsers":
      return false;
    default:
      return policy.allowedTargetScope satisfies never;
  }
}

/** The connected organization to which an address belongs. */
export function organizationOf(
  tenants: Tenants,
  tenant: Tenant,
  email: string,
): OrganizationRecord | undefined {
  const domain = email.split("@")[1]?.toLowerCase();
  return [...tenant.entitlement.organizations.values()].find(({ domains, tenantId }) => {
    const ofTenant = tenants.get(tenantId ?? "")?.defaultDomain;
    return [...domains, ofTenant].some((known) => known !== undefined && known.toLowerCase() === domain);
  });
}

function isExternal({ properties }: UserRecord): boolean {
  return properties["userType"] === "Guest" || properties["creationType"] === "Invitation";
}

function holds(tenant: Tenant, target: SubjectSet, user: UserRecord): boolean {
  if ("userId" in target) return target.userId === user.id;
  if (!("groupId" in target)) return false;
  return viewOf(tenant)
    .transitiveGroupsOf(user.id)
    .some(({ id }) => id === target.groupId);
}
