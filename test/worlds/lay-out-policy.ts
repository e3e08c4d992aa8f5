import { stringify } from "yaml";
import { idsOf, appOfStamps, scopeName, syncOf, type Home } from "./ids.ts";
import type { Climate, GrantsPlan, RolePlan, TargetPlan, WorldPlan } from "./plan.ts";

/** What holders of a role by attributes have, all of it. */
export const attributesOf = (role: string) => ({ department: "SOC", jobTitle: role });

type Source = Home & { readonly protectedIds: readonly string[] };

/** One policy file for all worlds of a lab. */
export function policyText(climate: Climate, plans: readonly WorldPlan[], source: Source): string {
  const { tenantId, extensionApp, protectedIds } = source;
  const { leavers, movers, patience } = climate;
  return stringify({
    source: { tenantId, extensionApp, stamps: { socRoles: "{roles}", socSourceId: "{id}" } },
    roles: Object.fromEntries(plans.flatMap(({ roles }) => roles.map((role) => [role.name, shown(role)]))),
    protected: protectedIds,
    targets: Object.fromEntries(
      plans.flatMap(({ targets }) => targets.map((target) => [target.name, block(target, extensionApp)])),
    ),
    // Budgets are the referee's: in a world of three people one of them is a third.
    guardrails: { removals: { perRun: 50, share: 1 } },
    leavers,
    movers,
    accessPackages: { patience },
  });
}

const shown = ({ name, shownBy }: RolePlan) =>
  shownBy === "attributes" ? { attributes: attributesOf(name) } : { group: idsOf.group("source", name) };

function block(target: TargetPlan, extensionApp: string): object {
  const { name, topology, mode, onExternalRemoval } = target;
  const scope = scopeOf(target);
  return {
    tenantId: idsOf.tenant(name),
    topology,
    mode,
    onExternalRemoval,
    ...(topology === "push"
      ? { extensionApp: appOfStamps(target, extensionApp), sync: { ...syncOf(name), scope } }
      : scope === null
        ? {}
        : { scope }),
    grants: Object.fromEntries(Object.entries(target.grants).map(([role, grants]) => [role, given(grants)])),
  };
}

function scopeOf({ name, scope }: TargetPlan): object | null {
  switch (scope) {
    case "group":
      return { group: scopeName(name) };
    case "app role":
      return { appRole: "msiam_access" };
    case "package":
    case "package with approval":
      return { accessPackage: `Access to ${name}`, policy: "Direct" };
    case "none":
      return null;
    default:
      return scope satisfies never;
  }
}

const given = ({ groups, eligible, package: one, sourceGroup }: GrantsPlan) => ({
  ...(groups.length > 0 ? { groups } : {}),
  ...(eligible === null ? {} : { eligibleGroups: [eligible] }),
  ...(one === null
    ? {}
    : {
        accessPackages: [
          {
            package: one.name,
            policy: one.policy,
            ...(one.expires === null ? {} : { expires: one.expires }),
            renew: one.renew,
          },
        ],
      }),
  ...(sourceGroup === null ? {} : { sourceGroups: [sourceGroup] }),
});
