import { GraphError } from "../../graph/error.ts";
import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { Priority } from "../../graph/tenant.ts";
import type { GroupFacts } from "../../model/group.ts";
import type { GroupId, RoleName } from "../../model/ids.ts";
import { attributesKey, groupKey } from "../../policy/desired.ts";
import { isScopeOf } from "../../policy/places.ts";
import type { Policy, Target } from "../../policy/policy.ts";

export type RoleGroup = { readonly role: RoleName; readonly group: GroupId };

/** What the policy's names of role groups came to; `trouble`: why none of them could be looked up. */
export type RoleGroups = {
  readonly found: readonly RoleGroup[];
  /** Role groups that could not be found: those roles are neither given nor taken. */
  readonly refusals: readonly { readonly role: RoleName; readonly reason: string; readonly advice: string }[];
  readonly trouble?: GraphError;
};

/** The groups that give roles, or why they could not be looked up: somebody's account may say enough. */
export async function tryRoleGroups(...question: Parameters<typeof findRoleGroups>): Promise<RoleGroups> {
  return findRoleGroups(...question).catch((error: unknown) => {
    if (!(error instanceof GraphError)) throw error;
    return { found: [], refusals: [], trouble: error };
  });
}

/** The groups that give roles, by id; and the roles whose group cannot be found. */
export async function findRoleGroups(
  { roles, targets }: Policy,
  groups: Pick<GroupDirectory, "find">,
  priority: Priority,
): Promise<RoleGroups> {
  const answers = await Promise.all(
    roles.flatMap(({ name, holders }) =>
      holders.kind === "group"
        ? [groups.find(holders.group, priority).then((answer) => ({ role: name, answer }))]
        : [],
    ),
  );
  const found = answers.flatMap(({ role, answer }) =>
    answer.kind === "found" ? [{ role, group: answer.facts.id, facts: answer.facts }] : [],
  );
  const shared = found.filter(({ group }) => found.filter((one) => one.group === group).length > 1);
  const scopes = found.flatMap(({ role, group, facts }) => {
    const scope = { scope: { kind: "group", group }, name: facts.displayName } as const;
    const target = targets.find((one) => isScopeOf(one, scope));
    return target === undefined ? [] : [{ role, group, ...explainScope(role, facts, target) }];
  });
  const refused = new Set([...shared, ...scopes].map(({ role }) => role));
  return {
    found: found.filter(({ role }) => !refused.has(role)).map(({ role, group }) => ({ role, group })),
    refusals: [
      ...answers.flatMap(({ role, answer }) => (answer.kind === "found" ? [] : [{ role, ...answer }])),
      ...shared.map((one) => ({ role: one.role, ...explainShared(one, shared) })),
      ...scopes,
    ],
  };
}

/** Muster puts people into a scope group, and would make them holders of the role by that. */
const explainScope = (role: RoleName, { displayName }: GroupFacts, { name }: Target) => ({
  reason: `the group ${displayName} makes its members ${role} and is the scope group of ${name}`,
  advice: "give the role a group of its own in the policy",
});

/** One of them by id and one by name, perhaps: a policy that names the same group twice in the same way is refused. */
function explainShared({ group }: RoleGroup, shared: readonly RoleGroup[]) {
  const names = shared.filter((one) => one.group === group).map(({ role }) => role);
  return {
    reason: `the group ${group} makes its members ${names.join(" and ")}`,
    advice: "give each role a group of its own in the policy",
  };
}

/** What shows roles now: of a group that is named and cannot be found, nobody can say that it does. */
export const waysFound = ({ roles }: Policy, found: readonly RoleGroup[]): ReadonlySet<string> =>
  new Set([
    ...found.map(({ group }) => groupKey(group)),
    ...roles.flatMap(({ holders }) =>
      holders.kind === "attributes" ? [attributesKey(holders.attributes)] : [],
    ),
  ]);

/** By what each role is held; roles that name a group which cannot be found are left out. */
export function waysToHold({ roles }: Policy, found: readonly RoleGroup[]): ReadonlyMap<RoleName, string> {
  const stated = roles.flatMap(({ name, holders }): readonly (readonly [RoleName, string])[] => {
    if (holders.kind === "attributes") return [[name, attributesKey(holders.attributes)]];
    return holders.group.kind === "id" ? [[name, groupKey(holders.group.id)]] : [];
  });
  return new Map([...found.map(({ role, group }) => [role, groupKey(group)] as const), ...stated]);
}
