import type { EntitlementSeed } from "./graph/entitlement/entitlement-seed.ts";
import type { GroupSeed, TenantSeed } from "./graph/seed.ts";

type Id = (...names: (string | number)[]) => string;

/** A tenant that invites analysts with its own entitlement management, and lets nobody push accounts into it. */
export type PullTarget = {
  readonly tenantId: string;
  readonly topology: "pull";
  readonly groups: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, string>>;
  /** The group that each package gives, by name. */
  readonly gives: Readonly<Record<string, string>>;
  readonly eligibleGroups: Readonly<Record<string, string>>;
};

/** What a pull target adds to the world: itself, a group of the source tenant, and its block of the policy. */
export type PullPart = {
  readonly name: string;
  readonly seed: TenantSeed;
  readonly target: PullTarget;
  /** The group on the source's outbound allow-list. */
  readonly outbound: string;
  readonly policy: object;
};

const pullNames = ["woodgrove", "lamna", "relecloud", "trey-research"];
const roles = ["reader", "responder", "hunter"] as const;
type Role = (typeof roles)[number];

const assignmentPolicy = "Our SOC";
const packageOf = (role: Role) => `SOC ${role.replace(/^./, (letter) => letter.toUpperCase())}`;
const groupOf = (role: Role) => `${packageOf(role)}s`;

export function pullParts(id: Id, count: number): readonly PullPart[] {
  return Array.from({ length: count }, (_, index) => pullPart(id, pullNames[index] ?? `pull-${index + 1}`));
}

function pullPart(id: Id, name: string): PullPart {
  const groups = roles.map((role): GroupSeed => ({
    id: id(name, "group", groupOf(role)),
    displayName: groupOf(role),
    securityEnabled: true,
    mailEnabled: false,
  }));
  const entitlement = entitlementOf(id, name);
  const outbound = `Outbound to ${name}`;
  const byName = (all: readonly { readonly id: string; readonly displayName: string }[]) =>
    Object.fromEntries(all.map((one) => [one.displayName, one.id]));
  return {
    name,
    seed: { id: id(name), name, kind: "target", defaultDomain: `${name}.example`, groups, entitlement },
    target: {
      tenantId: id(name),
      topology: "pull",
      groups: byName(groups),
      packages: byName(entitlement.packages),
      gives: Object.fromEntries(roles.map((role) => [packageOf(role), groupOf(role)])),
      eligibleGroups: {},
    },
    outbound,
    policy: {
      tenantId: id(name),
      topology: "pull",
      mode: "full",
      scope: { group: outbound },
      grants: Object.fromEntries(
        roles.map((role) => [
          role,
          { accessPackages: [{ package: packageOf(role), policy: assignmentPolicy }] },
        ]),
      ),
    },
  };
}

/** A package for each role, for people of the source tenant, who need not accept an invitation: the tenants trust each other. */
function entitlementOf(id: Id, name: string): EntitlementSeed {
  const catalogId = id(name, "catalog");
  const packageId = (role: Role) => id(name, "package", packageOf(role));
  return {
    catalogs: [{ id: catalogId, displayName: "SOC" }],
    packages: roles.map((role) => ({
      id: packageId(role),
      displayName: packageOf(role),
      catalogId,
      roles: [{ group: id(name, "group", groupOf(role)) }],
    })),
    policies: roles.map((role) => ({
      id: id(name, "policy", packageOf(role)),
      packageId: packageId(role),
      displayName: assignmentPolicy,
      allowedTargetScope: "allConfiguredConnectedOrganizationUsers",
    })),
    connectedOrganizations: [
      { id: id(name, "organization"), displayName: "The SOC", tenantId: id("source") },
    ],
    redemption: "automatic",
  };
}
