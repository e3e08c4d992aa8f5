import type { GroupDirectory } from "../group-directory.ts";
import type { GraphTenant } from "../tenant.ts";
import type { AppRoleDirectory } from "./app-role-directory.ts";
import { appRoleHolders, appRoleReader, appRoleWriter } from "./app-role-grants.ts";
import { eligibleHolders, eligibleReader, eligibleWriter } from "./eligible-grants.ts";
import { groupHolders, groupReader, groupWriter } from "./group-grants.ts";
import type { GrantReaders, GrantWriters, HolderReaders } from "./kind.ts";
import type { PackageDirectory } from "./package-directory.ts";
import { packageHolders, packageReader, packageWriter } from "./package-grants.ts";

/** What finds by name what a policy names, and remembers it for a while. */
export type Directories = {
  readonly groups: GroupDirectory;
  readonly packages: PackageDirectory;
  readonly appRoles: AppRoleDirectory;
};

/** What somebody is given in a tenant: in a target on their account, in the source themselves. */
export const grantReaders = (
  tenant: GraphTenant,
  { groups, packages, appRoles }: Directories,
): GrantReaders => ({
  group: groupReader(tenant, groups),
  eligible: eligibleReader(tenant, groups),
  package: packageReader(tenant, packages),
  appRole: appRoleReader(tenant, appRoles),
});

/** Who has what, a grant at a time. */
export const holderReaders = (tenant: GraphTenant): HolderReaders => ({
  group: groupHolders(tenant),
  eligible: eligibleHolders(tenant),
  package: packageHolders(tenant),
  appRole: appRoleHolders(tenant),
});

export const grantWriters = (tenant: GraphTenant): GrantWriters => ({
  group: groupWriter(tenant),
  eligible: eligibleWriter(tenant),
  package: packageWriter(tenant),
  appRole: appRoleWriter(tenant),
});
