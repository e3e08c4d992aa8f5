import { expect, test } from "vitest";
import type { GroupId } from "../../shared/model/ids.ts";
import type { NameOrId } from "../../shared/model/wish.ts";
import type { Mode, Policy } from "../../shared/policy/policy.ts";
import { crowdOfReaders, tenPeople } from "../support/crowd.ts";
import { ana, dayMs, hourMs, lighthouse, reader, readers, readersAtHome } from "../support/fixtures.ts";
import type { MemoryTarget } from "../support/memory-tenant.ts";
import { smallPolicy, withGrants, withSourceGroup } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

// Graph's `$filter=displayName eq '…'` compares without regard to case (the lab's does as well), so a policy that says
// "soc readers" finds the group "SOC Readers", and for long nobody notices that the two are not spelt alike.

const nameOf = (group: GroupId) => `group ${group.slice(-2)}`;
const shouted = (group: GroupId): NameOrId => ({ kind: "name", name: nameOf(group).toUpperCase() });

/** Finds groups by name as Graph does. */
function inAnyCase({ groups }: Pick<MemoryTarget, "groups">): void {
  const { find } = groups;
  Object.assign(groups, {
    find: ((name, priority) =>
      find(
        name.kind === "id" ? name : { kind: "name", name: name.name.toLowerCase() },
        priority,
      )) satisfies typeof find,
  });
}

const given = (policy: Policy, groups: readonly NameOrId[], modes: Readonly<Record<string, Mode>> = {}) => ({
  ...policy,
  targets: policy.targets.map((target) => ({
    ...target,
    mode: modes[target.name] ?? target.mode,
    grants: target.grants.map((grant) =>
      grant.role === reader ? { ...grant, sourceGroups: groups } : grant,
    ),
  })),
});

test("a role group is emptied at once: nobody loses what is given by a name in another case", async () => {
  const world = await crowdOfReaders(tenPeople);
  inAnyCase(world.contoso);
  world.setPolicy(withGrants(reader, () => [{ kind: "group", group: shouted(readers.grant.group) }]));
  await world.pass(hourMs);
  expect(world.inside()).toHaveLength(10);
  await world.dropAtOnce(tenPeople);
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
});

test("a source group by a name in another case is not written for a target that only observes", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  inAnyCase(world.source);
  // Fabrikam gives readers nothing here, and is in mode full.
  const policy = given(smallPolicy(), [shouted(lighthouse)], { contoso: "observe" });
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect([...(world.source.members.get(lighthouse) ?? [])]).toEqual([]);
});

test("a group that shows a role is refused as a source group, also where the role names it in another case", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  inAnyCase(world.source);
  const policy = withSourceGroup(lighthouse);
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === "responder"
        ? { ...role, holders: { kind: "group", group: shouted(lighthouse) } as const }
        : role,
    ),
  });
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect((await world.recordOf(ana))?.roles.map(({ role }) => role)).toEqual([reader]);
});
