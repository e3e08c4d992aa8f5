import type { NameOrId, Wish } from "../../shared/model/wish.ts";
import { roleNameSchema, type GroupId, type RoleName } from "../../shared/model/ids.ts";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import type { Policy, PushTarget, Target } from "../../shared/policy/policy.ts";
import { hashOf } from "../../shared/reconcile/run/plan-hash.ts";
import type { PolicyNow } from "../../shared/reconcile/run/policy-in-force.ts";
import {
  contoso,
  contosoTenant,
  fabrikamTenant,
  groupId,
  hunters,
  reader,
  readers,
  readersAtHome,
  responder,
  responders,
  respondersAtHome,
  syncScope,
} from "./fixtures.ts";

/** Readers and responders by groups, hunters by attributes; every role has one group in Contoso, readers one in Fabrikam. */
const text = `source:
  tenantId: 11111111-1111-4111-8111-111111111111
  extensionApp: 22222222-2222-4222-8222-222222222222
  stamps:
    socRoles: "{roles}"
    socSourceId: "{id}"
roles:
  reader: { group: ${readersAtHome} }
  responder: { group: ${respondersAtHome} }
  hunter:
    attributes: { department: SOC, jobTitle: Threat Hunter }
targets:
  contoso:
    tenantId: ${contosoTenant}
    topology: push
    mode: full
    sync:
      servicePrincipal: 66666666-6666-4666-8666-666666666666
      job: Azure2Azure.contoso
      scope: { group: ${syncScope.scope.group} }
    grants:
      reader: { groups: [${readers.grant.group}] }
      responder: { groups: [${responders.grant.group}] }
      hunter: { groups: [${hunters.grant.group}] }
  fabrikam:
    tenantId: ${fabrikamTenant}
    topology: push
    mode: full
    sync:
      servicePrincipal: 77777777-7777-4777-8777-777777777777
      job: Azure2Azure.fabrikam
      scope: { group: ${groupId(8)} }
    grants:
      responder: { groups: [${groupId(4)}] }
`;

/** The policy has given up this role, and what it gave; the others may have got new names in the same edit. */
export function withoutRole(given: RoleName, names: Readonly<Record<string, RoleName>> = {}): PushPolicy {
  const gone = roleNameSchema.parse("gone");
  const policy = withRolesCalled({ ...names, [given]: gone });
  return {
    ...policy,
    roles: policy.roles.filter(({ name }) => name !== gone),
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.filter(({ role }) => role !== gone),
    })),
  };
}

/** A policy that only knows accounts which sync makes. */
export type PushPolicy = Omit<Policy, "targets"> & { readonly targets: readonly PushTarget[] };

type Changes = Partial<Omit<PushPolicy, "leavers">> & { readonly leavers?: Partial<Policy["leavers"]> };

/** The small policy with these changes; what is not said about leavers stays as it is. */
export function smallPolicy({ leavers, ...changes }: Changes = {}): PushPolicy {
  const parsed = parsePolicy(text, "policy.yaml");
  if (parsed.kind !== "ok") throw new Error(JSON.stringify(parsed.problems));
  const { policy } = parsed;
  const targets = policy.targets.filter((target) => target.topology === "push");
  return { ...policy, targets, ...changes, leavers: { ...policy.leavers, ...leavers } };
}

export const byId = (id: GroupId): NameOrId => ({ kind: "id", id });

/** Membership of a group, as a role is given it. */
export const inGroup = (id: GroupId): Wish => ({ kind: "group", group: byId(id) });

/** Eligibility for membership of a group, as a role is given it. */
export const eligibleFor = (id: GroupId, duration = "P365D"): Wish => ({
  kind: "eligible",
  group: byId(id),
  duration,
});

/** Assignment of an access package by its name, as a role is given it. */
export const assigned = (
  name: string,
  { expires = null, renew = false }: { readonly expires?: string | null; readonly renew?: boolean } = {},
): Wish => ({
  kind: "package",
  package: { kind: "name", name },
  policy: { kind: "name", name: "Direct" },
  expires,
  renew,
});

/** The small policy with these scope groups, and without the targets that are not named. */
export function withScopes(scopes: Readonly<Record<string, NameOrId>>): PushPolicy {
  const policy = smallPolicy();
  const targets = policy.targets.flatMap((target) => {
    const group = scopes[target.name];
    return group === undefined
      ? []
      : [{ ...target, sync: { ...target.sync, scope: { kind: "group", group } as const } }];
  });
  return { ...policy, targets };
}

/** The small policy with other names for these roles; what each group of people may do stays as it is. */
export function withRolesCalled(names: Readonly<Record<string, RoleName>>): PushPolicy {
  const policy = smallPolicy();
  const called = (name: RoleName) => names[name] ?? name;
  return {
    ...policy,
    roles: policy.roles.map((role) => ({ ...role, name: called(role.name) })),
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.map((grant) => ({ ...grant, role: called(grant.role) })),
    })),
  };
}

/** What a role gives in Contoso is something else. */
export function withGrants(
  role: RoleName,
  wishesOf: (given: readonly Wish[]) => readonly Wish[],
): PushPolicy {
  const policy = smallPolicy();
  return {
    ...policy,
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.map((grant) =>
        target.name === contoso && grant.role === role ? { ...grant, wishes: wishesOf(grant.wishes) } : grant,
      ),
    })),
  };
}

/** Every target gives readers this group of the source tenant as well. */
export function withSourceGroup(group: GroupId, changes: Partial<PushTarget> = {}): PushPolicy {
  const policy = smallPolicy();
  return {
    ...policy,
    targets: policy.targets.map((target) => ({
      ...target,
      ...changes,
      grants: [...target.grants.filter(({ role }) => role !== reader), given(target, group)],
    })),
  };
}

const given = ({ grants }: Target, group: GroupId) => ({
  role: reader,
  wishes: grants.find(({ role }) => role === reader)?.wishes ?? [],
  sourceGroups: [byId(group)],
});

/** Readers are called responders and the other way round. */
export const withNamesSwapped = () => withRolesCalled({ [reader]: responder, [responder]: reader });

/** A policy as a host has it. */
export const policyNow = (policy: Policy): PolicyNow => ({ policy, hash: hashOf(policy), changedAt: 0 });
