import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, smallPolicy, withScopes } from "../support/small-policy.ts";
import { smallWorld, eventAbout } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
  syncScope,
} from "../support/world.ts";

const ben = person(10);
const first = syncScope.scope.group;
const second = groupId(8);

function withoutReaders() {
  const policy = smallPolicy();
  return {
    ...policy,
    roles: policy.roles.filter(({ name }) => name !== reader),
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.filter(({ role }) => role !== reader),
    })),
  };
}

test("three of ten were dropped at once, which is refused; three others a day later, which is refused as well: somebody hears of them", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.dropAtOnce(tenPeople.slice(3, 6));
  await world.pass(dayMs);
  const isSilent = world.parked.length === told;
  expect({ inside: world.inside().length, isSilent }).not.toEqual({ inside: 10, isSilent: true });
});

test("no loss passes without a person; one of ten was dropped, and people heard of it: of Ben, dropped a day later, somebody hears as well", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(smallPolicy({ guardrails: { removals: { perRun: 0, share: 1 } } }));
  await world.pass(hourMs);
  await world.change(person(2), readersAtHome, "out");
  await world.pass(dayMs);
  expect(world.parked).toHaveLength(1);
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  expect({ inside: world.inside().length, told: world.parked.length }).toEqual({ inside: 10, told: 2 });
});

test("three of ten were dropped, refused and given back; half an hour later all ten are dropped: somebody hears of it", async () => {
  const world = await settledReaders(tenPeople);
  const three = tenPeople.slice(0, 3);
  await world.dropAtOnce(three);
  await world.pass(30 * minuteMs);
  for (const id of three) await world.change(id, readersAtHome, "in");
  await world.pass(20 * minuteMs);
  expect({ inside: world.inside().length, told: world.parked.length }).toEqual({ inside: 10, told: 1 });
  await world.dropAtOnce(tenPeople);
  await world.pass(dayMs);
  expect({ inside: world.inside().length, told: world.parked.length }).toEqual({ inside: 10, told: 2 });
});

test("three of ten were dropped, which is refused; the policy gives up the role: people hear of that edit once, not once for each of the seven", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  const told = world.parked.length;
  world.setPolicy(withoutReaders());
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  expect(world.parked.slice(told).map(({ reason }) => reason)).toHaveLength(1);
});

test("Ben was dropped from the readers with two others, which is refused, and three more from the responders; days later he alone leaves the responders: he is out of them", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  await world.dropAtOnce([person(8), person(9), ben]);
  await world.pass(dayMs);
  const three = tenPeople.slice(0, 3);
  for (const id of three) world.source.members.get(respondersAtHome)?.delete(id);
  for (const id of three) await world.deliver(eventAbout(id, world.now()));
  await world.pass(2 * dayMs);
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(9);
});

test("the policy gave up readers, which is refused; Ben is dropped from the responders alone: he is no responder, or somebody hears of him", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(withoutReaders());
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  const left = world.contoso.members.get(responders.grant.group)?.size;
  expect({ left, isSilent: world.parked.length === told }).not.toEqual({ left: 10, isSilent: true });
});

test("readers go by an attribute now, which five of ten have not, and that is refused; a day later Ben, one of the five, is dropped from their old group: he is out, or somebody hears of him", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople.slice(0, 5)) {
    const user = world.source.users.get(id);
    if (user === undefined || user === "soft-deleted") throw new Error(`${id} is not there`);
    world.source.users.set(id, { ...user, attributes: { department: "SOC" } });
  }
  const policy = smallPolicy();
  const holders = { kind: "attributes", attributes: { department: "SOC" } } as const;
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) => (role.name === reader ? { ...role, holders } : role)),
  });
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  const told = world.parked.length;
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  const isSilent = world.parked.length === told;
  expect({ isIn: world.inside().includes(ben), isSilent }).not.toEqual({ isIn: true, isSilent: true });
});

test("the policy gave up readers, which is refused; then two targets change their scope groups: nobody loses an account, and nobody gets one", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutReaders());
  await world.pass(dayMs);
  const { targets } = withScopes({ contoso: byId(second), fabrikam: byId(first) });
  const policy = withoutReaders();
  const scopes = new Map(targets.map(({ name, sync }) => [name, sync]));
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) => ({ ...target, sync: scopes.get(target.name) ?? target.sync })),
  });
  await world.pass(dayMs);
  // What the next cycles of both jobs go by.
  expect({
    contoso: world.source.members.get(second)?.size,
    fabrikam: world.source.members.get(first)?.size,
  }).toEqual({ contoso: 10, fabrikam: 0 });
});

test("the stamp with the roles gets another name: who leaves after that carries no role in the old one", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const policy = smallPolicy();
  const stamps = policy.source.stamps.map((stamp) =>
    stamp.name === "socRoles"
      ? { ...stamp, name: "roles", property: stamp.property.replace("socRoles", "roles") }
      : stamp,
  );
  world.setPolicy({ ...policy, source: { ...policy.source, stamps } });
  await pass(30 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await world.deliver(eventAbout(ana, world.now()));
  await pass(dayMs);
  const user = world.source.users.get(ana);
  const values = user === undefined || user === "soft-deleted" ? [] : Object.values(user.stamps);
  expect(values.filter((value) => value === reader)).toEqual([]);
});

test("a group with readers is deleted and made anew with its name; eight of ten are put back: of the other two, nobody says that they were all", async () => {
  const world = await settledReaders([]);
  const policy = smallPolicy();
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader
        ? { ...role, holders: { kind: "group", group: { kind: "name", name: "group 11" } } }
        : role,
    ),
  });
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.pass(hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(10);
  world.source.members.delete(readersAtHome);
  await world.pass(hourMs);
  world.source.members.set(groupId(111), new Set(tenPeople.slice(0, 8)));
  await world.pass(dayMs);
  expect(world.parked.filter(({ reason }) => reason.startsWith("2 of 2 holders"))).toEqual([]);
});
