import type { ScopeKind } from "../model/grant.ts";
import {
  appRoleIdSchema,
  assignmentPolicyIdSchema,
  packageIdSchema,
  roleNameSchema,
  targetNameSchema,
} from "../model/ids.ts";
import type { Wish } from "../model/wish.ts";
import { durationMs } from "./duration.ts";
import { extensionProperty } from "./desired.ts";
import { namedBy, nameOrId, sortedGroups, sortedWishes } from "./group-name.ts";
import type { PolicyFile } from "./policy-schema.ts";
import type { Grant, Policy, Role, Stamp, Target } from "./policy.ts";

/** Turns a file without mistakes into the policy that the program reads. */
export function resolvePolicy(file: PolicyFile): Policy {
  const { leavers } = file;
  return {
    source: {
      tenantId: file.source.tenantId,
      extensionApp: file.source.extensionApp,
      stamps: byKey(file.source.stamps).map(([name, template]) =>
        stamp(file.source.extensionApp, name, template),
      ),
    },
    roles: byKey(file.roles).map(([name, role]) => resolveRole(name, role)),
    protected: [...new Set(file.protected)].toSorted(),
    targets: byKey(file.targets).map(([name, target]) => resolveTarget(name, target, file)),
    guardrails: file.guardrails,
    leavers: {
      revokeSessions: leavers.revokeSessions,
      block: leavers.block,
      deleteAfterMs: leavers.deleteAfter === "never" ? "never" : durationMs(leavers.deleteAfter),
      accounts: leavers.accounts,
    },
    movers: {
      order: file.movers.order,
      graceMs: file.movers.grace === undefined ? 0 : durationMs(file.movers.grace),
    },
    accessPackages: { patienceMs: durationMs(file.accessPackages.patience) },
  };
}

function byKey<Value>(map: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(map).toSorted(([left], [right]) => (left < right ? -1 : 1));
}

const stamp = (extensionApp: string, name: string, template: string): Stamp => ({
  property: extensionProperty(extensionApp, name),
  name,
  template,
});

function resolveRole(name: string, role: PolicyFile["roles"][string]): Role {
  const named = roleNameSchema.parse(name);
  if (role.group !== undefined)
    return { name: named, holders: { kind: "group", group: nameOrId(role.group) } };
  const attributes: Record<string, string> = {};
  for (const [key, value] of byKey(role.attributes ?? {})) if (value !== undefined) attributes[key] = value;
  return { name: named, holders: { kind: "attributes", attributes } };
}

type FileGrants = PolicyFile["profiles"][string];

function resolveTarget(
  name: string,
  target: PolicyFile["targets"][string],
  { profiles, source }: PolicyFile,
): Target {
  const profile = target.profile === undefined ? {} : profiles[target.profile];
  const common = {
    name: targetNameSchema.parse(name),
    tenantId: target.tenantId,
    mode: target.mode,
    tags: [...new Set(target.tags)].toSorted(),
    extensionApp: target.extensionApp ?? source.extensionApp,
    retire: target.retire,
    onExternalRemoval: target.onExternalRemoval,
    onDeniedReview: target.onDeniedReview,
    grants: union(profile ?? {}, target.grants ?? {}),
  };
  const { sync, scope } = target;
  // A push target without its sync is a mistake that has been found before this.
  if (target.topology === "pull" || sync === undefined)
    return {
      ...common,
      topology: "pull",
      sync: null,
      scope: scope === undefined ? null : groupWish(scope.group),
    };
  const { servicePrincipal, job } = sync;
  return { ...common, topology: "push", sync: { servicePrincipal, job, scope: resolveScope(sync) } };
}

type FileSync = NonNullable<PolicyFile["targets"][string]["sync"]>;

/** A scope that says nothing, or more than one thing, is a mistake that has been found before this. */
function resolveScope({ servicePrincipal, scope }: FileSync): Wish<ScopeKind> {
  const { group, appRole, accessPackage, policy = "", expires, renew } = scope;
  if (appRole !== undefined)
    return { kind: "appRole", servicePrincipal, role: namedBy(appRoleIdSchema, appRole) };
  if (accessPackage === undefined) return groupWish(group ?? "");
  return packageWish({ package: accessPackage, policy, expires, renew });
}

const groupWish = (group: string): Wish<"group"> => ({ kind: "group", group: nameOrId(group) });

function union(profile: FileGrants, own: FileGrants): readonly Grant[] {
  const roles = [...new Set([...Object.keys(profile), ...Object.keys(own)])].toSorted();
  return roles.map((role) => {
    const both = [profile[role], own[role]].filter((grant) => grant !== undefined);
    return {
      role: roleNameSchema.parse(role),
      wishes: sortedWishes(both.flatMap(wishesIn)),
      sourceGroups: sortedGroups(both.flatMap(({ sourceGroups }) => sourceGroups.map(nameOrId))),
    };
  });
}

function wishesIn({ groups, eligibleGroups, accessPackages }: FileGrants[string]): readonly Wish[] {
  return [
    ...groups.map(groupWish),
    ...eligibleGroups.map((one): Wish => {
      const { group, duration = longestByDefault } = typeof one === "string" ? { group: one } : one;
      return { kind: "eligible", group: nameOrId(group), duration };
    }),
    ...accessPackages.map(packageWish),
  ];
}

type FilePackage = Pick<FileGrants[string]["accessPackages"][number], "package" | "policy"> & {
  readonly expires?: string | undefined;
  readonly renew?: boolean | undefined;
};

const packageWish = ({ package: name, policy, expires, renew }: FilePackage): Wish<"package"> => ({
  kind: "package",
  package: namedBy(packageIdSchema, name),
  policy: namedBy(assignmentPolicyIdSchema, policy),
  expires: expires ?? null,
  renew: renew ?? false,
});

/** PIM's own limit until somebody sets another: an eligibility that never ends would be refused in most tenants. */
const longestByDefault = "P365D";
