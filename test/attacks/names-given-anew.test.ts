import { expect, test } from "vitest";
import { roleNameSchema, type RoleName } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, smallPolicy, withNamesSwapped, withRolesCalled } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contoso,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  reader,
  readers,
  readersAtHome,
  responder,
  responders,
  respondersAtHome,
} from "../support/world.ts";

const sizes = ({ contoso: { members } }: Pick<SmallWorld, "contoso">) => ({
  readers: members.get(readers.grant.group)?.size,
  responders: members.get(responders.grant.group)?.size,
});

const tenReaders = { readers: 10, responders: 0 };

/** The policy without this role and all that it gives. */
const without = (name: RoleName, policy: Policy): Policy => ({
  ...policy,
  roles: policy.roles.filter((role) => role.name !== name),
  targets: policy.targets.map((target) => ({
    ...target,
    grants: target.grants.filter(({ role }) => role !== name),
  })),
});

test("the policy gives up the role of ten readers, and calls responders readers: the ten keep what they have and get nothing", async () => {
  const world = await settledReaders(tenPeople);
  const retired = roleNameSchema.parse("retired");
  world.setPolicy(without(retired, withRolesCalled({ [reader]: retired, [responder]: reader })));
  await world.pass(dayMs);
  expect(sizes(world)).toEqual(tenReaders);
});

test("the same in two edits a day apart, the second of which makes a new role with the old name", async () => {
  const world = await settledReaders(tenPeople);
  const given = without(reader, smallPolicy());
  world.setPolicy(given);
  await world.pass(dayMs);
  expect(sizes(world)).toEqual(tenReaders);
  const others = groupId(60);
  world.source.members.set(others, new Set());
  world.setPolicy({
    ...given,
    roles: [...given.roles, { name: reader, holders: { kind: "group", group: byId(others) } }],
    targets: given.targets.map((target) => ({
      ...target,
      grants:
        target.name === contoso
          ? [...target.grants, { role: reader, groups: [byId(responders.grant.group)] }]
          : target.grants,
    })),
  });
  await world.pass(dayMs);
  expect(sizes(world)).toEqual(tenReaders);
});

test("names are swapped while one role's group cannot be found, and the target is looked at first: Ana gets and loses nothing", async () => {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.writes.length = 0;
  world.source.members.delete(respondersAtHome);
  world.setPolicy(withNamesSwapped());
  const key = { kind: "access", tenant: contosoTenant, analyst: ana } as const;
  await world.deliver({ key, cause: "test", heardAt: world.now(), occasion: "event", version: null });
  await withCatchUp(world)(dayMs);
  expect(world.contoso.writes).toEqual([]);
});

test.each([
  ["renamed", () => withRolesCalled({ [responder]: roleNameSchema.parse("incident") })],
  ["swapped with another", withNamesSwapped],
])(
  "a role's group cannot be found on the day its name is %s: Ana, its only holder, keeps what she has",
  async (_, edited) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, respondersAtHome, "in");
    await pass(hourMs);
    world.contoso.writes.length = 0;
    world.source.members.delete(respondersAtHome);
    world.setPolicy(edited());
    await pass(dayMs);
    expect(world.contoso.writes).toEqual([]);
  },
);

test("a role's group cannot be found on the day two names are swapped: its ten holders keep what they have and get nothing", async () => {
  const world = await settledReaders(tenPeople);
  world.contoso.writes.length = 0;
  world.source.members.delete(readersAtHome);
  world.setPolicy(withNamesSwapped());
  await world.pass(dayMs);
  expect(world.contoso.writes).toEqual([]);
});

test("a role is renamed, and another gets the same group under its name, which is refused: Ana, its only holder, keeps what she has", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.contoso.writes.length = 0;
  const policy = withRolesCalled({ [reader]: roleNameSchema.parse("viewer") });
  const group = { kind: "name", name: "group 11" } as const;
  const another = { name: roleNameSchema.parse("lurker"), holders: { kind: "group", group } } as const;
  world.setPolicy({ ...policy, roles: [...policy.roles, another] });
  await pass(dayMs);
  expect(world.contoso.writes).toEqual([]);
});
