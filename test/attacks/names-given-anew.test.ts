import { expect, test } from "vitest";
import { roleNameSchema } from "../../shared/model/ids.ts";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import {
  byId,
  inGroup,
  smallPolicy,
  withNamesSwapped,
  withoutRole,
  withRolesCalled,
} from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contoso,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responder,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const ben = person(10);

const sizes = ({ contoso: { members } }: Pick<SmallWorld, "contoso">) => ({
  readers: members.get(readers.grant.group)?.size,
  responders: members.get(responders.grant.group)?.size,
});

const tenReaders = { readers: 10, responders: 0 };

test("the policy gives up the role of ten readers, and calls responders readers: the ten keep what they have and get nothing", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutRole(reader, { [responder]: reader }));
  await world.pass(dayMs);
  expect(sizes(world)).toEqual(tenReaders);
});

test("the same in two edits a day apart, the second of which makes a new role with the old name", async () => {
  const world = await settledReaders(tenPeople);
  const given = withoutRole(reader);
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
          ? [...target.grants, { role: reader, wishes: [inGroup(responders.grant.group)], sourceGroups: [] }]
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

test("ten are readers and responders, and the policy gives up readers and calls responders so: they keep both", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.contoso.writes.length = 0;
  world.setPolicy(withoutRole(reader, { [responder]: reader }));
  await world.pass(dayMs);
  expect(world.contoso.writes).toEqual([]);
  expect(world.parked).toHaveLength(1);
});

/** Readers are whoever is in the group of this name now, and get what responders were given. */
const readersByName = (name: string) => {
  const policy = withoutRole(reader, { [responder]: reader });
  const holders = { kind: "group", group: { kind: "name", name } } as const;
  return {
    ...policy,
    roles: policy.roles.map((role) => (role.name === reader ? { ...role, holders } : role)),
  };
};

test.each(["analyst", "target"])(
  "the name of ten readers is given to a group that cannot be found for a day; the %s is looked at first: they keep what they have and get nothing",
  async (first) => {
    const world = await settledReaders(tenPeople);
    world.setPolicy(readersByName("group 60"));
    if (first === "target")
      for (const analyst of tenPeople) {
        const key = { kind: "access", tenant: contosoTenant, analyst } as const;
        await world.deliver({ key, cause: "test", heardAt: world.now(), occasion: "event", version: null });
      }
    await world.pass(dayMs);
    expect(sizes(world)).toEqual(tenReaders);
    world.source.members.set(groupId(60), new Set());
    await world.pass(dayMs);
    expect(sizes(world)).toEqual(tenReaders);
  },
);

test("ten readers who are kept are put into the group that has their name now: they get what it gives", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutRole(reader, { [responder]: reader }));
  await world.pass(dayMs);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  expect(sizes(world).responders).toBe(10);
});

test("the policy that gave the name away is taken back: everybody is what they were, and Ben, who leaves after that, is out", async () => {
  const world = await settledReaders(tenPeople);
  const before = await world.recordOf(ben);
  world.setPolicy(withoutRole(reader, { [responder]: reader }));
  await world.pass(dayMs);
  expect(await world.recordOf(ben)).toMatchObject({ roles: [{ former: "yes" }] });
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect((await world.recordOf(ben))?.roles).toEqual(before?.roles);
  expect(sizes(world)).toEqual(tenReaders);
  await world.change(ben, readersAtHome, "out");
  await world.pass(hourMs);
  expect(sizes(world)).toEqual({ readers: 9, responders: 0 });
});

test("nine of ten readers were dropped, which is refused; then responders are called readers: the tenth keeps what the others keep", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.filter((id) => id !== ben));
  await world.pass(dayMs);
  world.setPolicy(withoutRole(reader, { [responder]: reader }));
  await world.pass(dayMs);
  expect(sizes(world)).toEqual(tenReaders);
});

test("a person raises the budget for ten who were kept beside the role that got their name: they lose what they were kept in, and nothing else", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  const policy = withoutRole(reader, { [responder]: reader });
  world.setPolicy(policy);
  await world.pass(dayMs);
  expect(sizes(world)).toEqual({ readers: 10, responders: 10 });
  world.setPolicy({ ...policy, guardrails: { removals: { perRun: 10, share: 1 } } });
  await world.pass(dayMs);
  expect(sizes(world)).toEqual({ readers: 0, responders: 10 });
});

test("readers are given up, and two others are called readers one after the other: the ten are kept in what they had, and hear of nothing twice", async () => {
  const world = await settledReaders(tenPeople);
  const policy = withoutRole(reader, { [responder]: reader });
  world.setPolicy(policy);
  await world.pass(dayMs);
  const lurker = groupId(61);
  world.source.members.set(lurker, new Set());
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group: byId(lurker) } } : role,
    ),
  });
  await world.pass(dayMs);
  expect(sizes(world)).toEqual(tenReaders);
  expect(world.parked).toHaveLength(1);
});

test("ten are kept as readers beside the role that got the name; Ben drops out of that one and is put back a minute later: he is not out for it", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(withoutRole(reader, { [responder]: reader }));
  await world.pass(dayMs);
  await world.change(ben, respondersAtHome, "out");
  await world.pass(minuteMs);
  world.contoso.writes.length = 0;
  await world.change(ben, respondersAtHome, "in");
  await world.pass(hourMs);
  expect(world.contoso.writes.filter((write) => /^(block|delete)/.test(write))).toEqual([]);
  expect(sizes(world).responders).toBe(10);
});
