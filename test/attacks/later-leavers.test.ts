import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { person, withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs, reader, readers, readersAtHome, respondersAtHome } from "../support/world.ts";

const ben = person(10);
const ten = [...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(person), ben];

async function tenReaders() {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (const id of ten) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await pass(hourMs);
  /** Whose accounts are in the group that readers are in. */
  const inside = () =>
    [...world.contoso.accounts.values()].flatMap(({ id, stamp }) =>
      world.contoso.members.get(readers.grant.group)?.has(id) === true ? [stamp] : [],
    );
  return { ...world, pass, inside };
}

test("three of ten were dropped at once, which is refused: Ben, the only one dropped a day later, is out, or somebody hears of him", async () => {
  const world = await tenReaders();
  const dropped = ten.slice(0, 3);
  for (const id of dropped) world.source.members.get(readersAtHome)?.delete(id);
  for (const id of dropped) await world.deliver(eventAbout(id, world.now()));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  const told = world.parked.length;
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  const isIn = world.inside().includes(ben);
  expect({ isIn, isSilent: world.parked.length === told }).not.toEqual({ isIn: true, isSilent: true });
});

test("the policy gave up one of two roles, which is refused: Ben, whom a day later no group makes anything, is out", async () => {
  const world = await tenReaders();
  for (const id of ten) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  const policy = smallPolicy();
  world.setPolicy({
    ...policy,
    roles: policy.roles.filter(({ name }) => name !== reader),
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.filter(({ role }) => role !== reader),
    })),
  });
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  await world.change(ben, readersAtHome, "out");
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.inside()).not.toContain(ben);
});

test("nine of ten were dropped at once, which is refused; then the policy gives up the role: the tenth keeps it like the others", async () => {
  const world = await tenReaders();
  const dropped = ten.filter((id) => id !== ben);
  for (const id of dropped) world.source.members.get(readersAtHome)?.delete(id);
  for (const id of dropped) await world.deliver(eventAbout(id, world.now()));
  await world.pass(dayMs);
  const policy = smallPolicy();
  world.setPolicy({ ...policy, roles: policy.roles.filter(({ name }) => name !== reader) });
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
});
