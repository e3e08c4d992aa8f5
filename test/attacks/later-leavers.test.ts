import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { smallPolicy, withoutRole } from "../support/small-policy.ts";
import { dayMs, hourMs, reader, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

const ben = person(10);

test("three of ten were dropped at once, which is refused: Ben, the only one dropped a day later, is out, or somebody hears of him", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  const told = world.parked.length;
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  const isIn = world.inside().includes(ben);
  expect({ isIn, isSilent: world.parked.length === told }).not.toEqual({ isIn: true, isSilent: true });
});

test("the policy gave up one of two roles, which is refused: Ben, whom a day later no group makes anything, is out", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  await world.change(ben, readersAtHome, "out");
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.inside()).not.toContain(ben);
});

test("nine of ten were dropped at once, which is refused; then the policy gives up the role: the tenth keeps it like the others", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.filter((id) => id !== ben));
  await world.pass(dayMs);
  const policy = smallPolicy();
  world.setPolicy({ ...policy, roles: policy.roles.filter(({ name }) => name !== reader) });
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
});
