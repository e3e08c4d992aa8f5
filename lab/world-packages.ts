import type { GroupSeed, TenantSeed } from "./graph/seed.ts";

type Id = (...names: (string | number)[]) => string;

export const packageIds = ({ entitlement }: Partial<TenantSeed> = {}) =>
  Object.fromEntries((entitlement?.packages ?? []).map((one) => [one.displayName, one.id]));

/** In the source, a package for each synchronization, which puts whoever is assigned it in scope. */
export const scopePackages = (
  id: Id,
  syncs: readonly { readonly name: string; readonly servicePrincipal: string }[],
): NonNullable<TenantSeed["entitlement"]> => {
  const catalogId = id("source", "catalog");
  const packages = syncs.map(({ name, servicePrincipal }) => ({
    id: id("source", "package", name),
    displayName: `Access to ${name}`,
    catalogId,
    roles: [{ servicePrincipal }],
  }));
  const policy = (packageId: string, displayName: string) => ({
    id: id("source", "policy", packageId, displayName),
    packageId,
    displayName,
  });
  return {
    catalogs: [{ id: catalogId, displayName: "SOC" }],
    packages,
    policies: packages.flatMap((one) => [
      policy(one.id, "Direct"),
      { ...policy(one.id, "With approval"), approval: {} },
    ]),
  };
};

/** One access package that gives a group of its own: assigned as it is, or after somebody has approved. */
export function withPackages<T extends TenantSeed & { readonly groups: readonly GroupSeed[] }>(
  id: Id,
  tenant: T,
): T & TenantSeed {
  const { name } = tenant;
  const operators: GroupSeed = {
    id: id(name, "group", "SOC Operators"),
    displayName: "SOC Operators",
    securityEnabled: true,
    mailEnabled: false,
  };
  const catalogId = id(name, "catalog");
  const packageId = id(name, "package", "SOC Operator");
  const policy = (displayName: string) => ({ id: id(name, "policy", displayName), packageId, displayName });
  return {
    ...tenant,
    groups: [...tenant.groups, operators],
    entitlement: {
      catalogs: [{ id: catalogId, displayName: "SOC" }],
      packages: [{ id: packageId, displayName: "SOC Operator", catalogId, roles: [{ group: operators.id }] }],
      policies: [policy("Direct"), { ...policy("With approval"), approval: {} }],
    },
  };
}
