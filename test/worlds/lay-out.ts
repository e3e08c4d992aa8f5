import { extensionName } from "../../lab/graph/directory/build-tenant.ts";
import { guidFrom } from "../../lab/graph/ids.ts";
import type { GroupSeed, SyncJobSeed, TenantSeed, UserSeed } from "../../lab/graph/seed.ts";
import { buildWorld, type World } from "../../lab/world.ts";
import { appOfStamps, idsOf, mailOf, scopeName, stampNames, syncOf, teamName, type Home } from "./ids.ts";
import { entitlementOf, scopePackages } from "./lay-out-packages.ts";
import { policyText } from "./lay-out-policy.ts";
import type { Climate, PersonPlan, RolePlan, TargetPlan, WorldPlan } from "./plan.ts";

/** One source tenant in which all of these worlds have their analysts, the tenants that they defend, and one policy. */
export function layOut(climate: Climate, plans: readonly WorldPlan[]): World {
  const bare = buildWorld({ seed: climate.company, analysts: 0, targets: 0, pull: 0 });
  const [source] = bare.seed.tenants;
  if (source === undefined) throw new Error("a world has a source tenant");
  const { tenantId, extensionApp } = bare.source;
  const targets = plans.flatMap((plan) => plan.targets.map((target) => ({ plan, target })));
  const pushed = targets.filter(({ target }) => target.topology === "push");
  const isProtected = (person: PersonPlan) => person.past === "protected";
  const protectedIds = plans.flatMap(({ people }) =>
    people.filter(isProtected).map(({ name }) => idsOf.person(name)),
  );
  return {
    ...bare,
    seed: {
      ...bare.seed,
      tenants: [
        {
          ...source,
          users: plans.flatMap(({ people }) =>
            people.map(({ name }) => user(idsOf.person(name), mailOf(name))),
          ),
          groups: plans.flatMap(groupsAtHome),
          entitlement: scopePackages(targets.map(({ target }) => target)),
        },
        ...targets.map(({ plan, target }) => tenantSeed(plan, target, { tenantId, extensionApp })),
      ],
      apps: bare.seed.apps.map((app) =>
        app.kind === "app"
          ? { ...app, owns: pushed.map(({ target }) => syncOf(target.name).servicePrincipal) }
          : app,
      ),
      syncJobs: pushed.map(({ plan, target }) => syncJob(plan, target, { tenantId, extensionApp })),
      protected: protectedIds,
    },
    policy: policyText(climate, plans, { tenantId, extensionApp, protectedIds }),
    source: { ...bare.source, groups: {}, sourceGroups: {}, packages: {} },
    people: [],
  };
}

function user(id: string, userPrincipalName: string, more: Readonly<Record<string, unknown>> = {}): UserSeed {
  const [local = ""] = userPrincipalName.split("@");
  return {
    id,
    displayName: local,
    userPrincipalName,
    mail: userPrincipalName,
    accountEnabled: true,
    userType: "Member",
    createdDateTime: "2024-03-01T08:00:00Z",
    ...more,
  };
}

function group(tenant: string, displayName: string, more: Partial<GroupSeed> = {}): GroupSeed {
  return {
    id: idsOf.group(tenant, displayName),
    displayName,
    securityEnabled: true,
    mailEnabled: false,
    ...more,
  };
}

function groupsAtHome({ roles, targets, people }: WorldPlan): readonly GroupSeed[] {
  const delegated = new Set(
    targets.flatMap(({ grants }) => Object.values(grants).flatMap(({ sourceGroup }) => sourceGroup ?? [])),
  );
  return [
    // What is a member has to be there first.
    ...roles.flatMap((role) => (role.shownBy === "team" ? [group("source", teamName(role.name))] : [])),
    ...roles.flatMap((role) => roleGroup(role)),
    ...targets.flatMap((target) =>
      target.scope !== "none"
        ? [group("source", scopeName(target.name), { members: inScopeBefore(target, people) })]
        : [],
    ),
    ...[...delegated].map((name) => group("source", name)),
  ];
}

/** Sync would delete the account of somebody whom it knows and does not find in scope. */
const inScopeBefore = (target: TargetPlan, people: readonly PersonPlan[]) =>
  isFirst(target) && target.topology === "push"
    ? people.flatMap(({ name, past }) => (past === "veteran" ? [idsOf.person(name)] : []))
    : [];

function roleGroup({ name, shownBy }: RolePlan): readonly GroupSeed[] {
  if (shownBy === "attributes") return [];
  return [
    group("source", name, { members: shownBy === "team" ? [idsOf.group("source", teamName(name))] : [] }),
  ];
}

/** Groups that somebody can be given in a target, or made eligible for. */
export const eligibleGroups = ["Administrators", "Operators"] as const;
export const plainGroups = ["Readers", "Responders", "Shared", "Engineers"] as const;
/** In no policy; its members are holders of Entra roles. */
export const roleHolders = "Tier 0";

function tenantSeed({ people }: WorldPlan, target: TargetPlan, { tenantId, extensionApp }: Home): TenantSeed {
  const { name } = target;
  const domain = `${name}.example`;
  const guests = isFirst(target) ? people.filter(({ past }) => past !== "new" && past !== "protected") : [];
  const owner = user(idsOf.account(name, "owner"), `owner@${domain}`);
  const app = appOfStamps(target, extensionApp);
  return {
    id: idsOf.tenant(name),
    name,
    kind: "target",
    defaultDomain: domain,
    users: [
      owner,
      ...guests.map((guest) =>
        user(idsOf.account(name, guest.name), `${guest.name}_source.example#EXT#@${domain}`, {
          mail: mailOf(guest.name),
          // Entitlement management takes whoever has the address for the person, and so does who is asked for by address.
          ...(guest.past === "namesake" && target.topology === "push"
            ? {}
            : { alternativeSecurityId: idsOf.person(guest.name) }),
          creationType: "Invitation",
          externalUserState: "Accepted",
        }),
      ),
    ],
    groups: [
      ...plainGroups.map((one) =>
        group(name, one, {
          members:
            one === "Engineers"
              ? [owner.id, ...guests.map((guest) => idsOf.account(name, guest.name))]
              : [owner.id],
        }),
      ),
      group(name, "Administrators", { isAssignableToRole: true }),
      group(name, "Operators"),
      group(name, roleHolders, { isAssignableToRole: true }),
      ...packageNames(target).map((one) => group(name, `Given by ${one}`)),
    ],
    extensionProperties: stampNames.map((stamp) => ({ name: extensionName(app, stamp) })),
    entitlement: entitlementOf(target, packageNames(target), tenantId),
  };
}

/** People who were there before Muster were there in the first target only. */
export const isFirst = ({ name }: TargetPlan): boolean => name.endsWith("-north");

export const packageNames = ({ grants }: TargetPlan): readonly string[] => [
  ...new Set(Object.values(grants).flatMap((one) => one.package?.name ?? [])),
];

function syncJob({ people }: WorldPlan, target: TargetPlan, { tenantId, extensionApp }: Home): SyncJobSeed {
  const { name } = target;
  const { servicePrincipal, job } = syncOf(name);
  const app = appOfStamps(target, extensionApp);
  const known = isFirst(target) ? people.filter(({ past }) => past === "veteran" || past === "twin") : [];
  return {
    sourceTenantId: tenantId,
    targetTenantId: idsOf.tenant(name),
    servicePrincipalId: servicePrincipal,
    jobId: job,
    ruleId: guidFrom("worlds", name, "rule"),
    scopeGroupIds: [idsOf.group("source", scopeName(name))],
    displayName: scopeName(name),
    mappedExtensions: stampNames.map((stamp) => ({
      source: extensionName(extensionApp, stamp),
      target: extensionName(app, stamp),
    })),
    linked: known.map((person) => ({
      sourceId: idsOf.person(person.name),
      targetId: idsOf.account(name, person.name),
    })),
  };
}
