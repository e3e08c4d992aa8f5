import { expect, test } from "vitest";
import { roleNameSchema } from "../../shared/model/ids.ts";
import { crowdOfReaders, tenPeople } from "../support/crowd.ts";
import { inGroup, smallPolicy, withGrants, withRolesCalled } from "../support/small-policy.ts";
import { dayMs, groupId, hourMs, reader } from "../support/fixtures.ts";

test("an edit takes seven groups from a role of ten people, which the budget withholds: people are told once, not once a person", async () => {
  const world = await crowdOfReaders([]);
  const many = Array.from({ length: 7 }, (_, n) => groupId(20 + n));
  for (const group of many) world.contoso.members.set(group, new Set());
  world.setPolicy(withGrants(reader, (given) => [...given, ...many.map(inGroup)]));
  const { source } = world;
  for (const id of tenPeople) {
    if (!source.users.has(id)) world.addUser(id);
    await world.change(id, groupId(11), "in");
  }
  await world.pass(hourMs);
  expect(many.map((group) => world.contoso.members.get(group)?.size)).toEqual(many.map(() => 10));
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("an edit makes the role names of ten people too long for their stamp: people are told once, not once a person", async () => {
  const world = await crowdOfReaders(tenPeople);
  await world.pass(hourMs);
  const { source, ...policy } = withRolesCalled({ [reader]: roleNameSchema.parse("r".repeat(64)) });
  const stamps = source.stamps.map((stamp) =>
    stamp.name === "socRoles" ? { ...stamp, template: "{roles}/{roles}/{roles}/{roles}" } : stamp,
  );
  world.setPolicy({ ...policy, source: { ...source, stamps } });
  await world.pass(dayMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});
