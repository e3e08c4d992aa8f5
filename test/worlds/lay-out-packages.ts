import { guidFrom } from "../../lab/graph/ids.ts";
import type { EntitlementSeed } from "../../lab/graph/entitlement/entitlement-seed.ts";
import { idsOf, scopePackage, syncOf } from "./ids.ts";
import type { TargetPlan } from "./plan.ts";

/** Each package gives a group of its own, at once or after somebody has approved. */
export function entitlementOf(
  target: TargetPlan,
  packages: readonly string[],
  source: string,
): EntitlementSeed {
  const { name, topology, guestsEnd } = target;
  const catalogId = guidFrom("worlds", name, "catalog");
  const forGuests = { allowedTargetScope: "allConfiguredConnectedOrganizationUsers" } as const;
  return {
    catalogs: [{ id: catalogId, displayName: "SOC" }],
    packages: packages.map((one) => ({
      id: idsOf.package(name, one),
      displayName: one,
      catalogId,
      roles: [{ group: idsOf.group(name, `Given by ${one}`) }],
    })),
    policies: packages.flatMap((one) =>
      (["Direct", "With approval"] as const).map((displayName) => ({
        id: guidFrom("worlds", name, "policy", one, displayName),
        packageId: idsOf.package(name, one),
        displayName,
        ...(displayName === "With approval" ? { approval: {} } : {}),
        ...(topology === "pull" ? forGuests : {}),
      })),
    ),
    ...(topology === "pull"
      ? {
          connectedOrganizations: [
            { id: guidFrom("worlds", name, "organization"), displayName: "The SOC", tenantId: source },
          ],
          redemption: "automatic" as const,
          settings: { externalUserLifecycleAction: guestsEnd },
        }
      : {}),
  };
}

/** In the source: a package that holds the synchronization's application, for each target whose scope is one. */
export function scopePackages(targets: readonly TargetPlan[]): EntitlementSeed {
  const catalogId = guidFrom("worlds", "source", "catalog");
  const scoped = targets.filter(({ scope }) => scope.startsWith("package"));
  return {
    catalogs: [{ id: catalogId, displayName: "SOC" }],
    packages: scoped.map(({ name }) => ({
      id: scopePackage(name),
      displayName: `Access to ${name}`,
      catalogId,
      roles: [{ servicePrincipal: syncOf(name).servicePrincipal }],
    })),
    policies: scoped.map(({ name, scope }) => ({
      id: guidFrom("worlds", "source", "policy", name),
      packageId: scopePackage(name),
      displayName: "Direct",
      ...(scope === "package with approval" ? { approval: {} } : {}),
    })),
  };
}
