import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, inGroup, smallPolicy, withoutRole } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  contoso,
  dayMs,
  hourMs,
  hunters,
  reader,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";
import { roleNameSchema } from "../../shared/model/ids.ts";

const ben = person(10);

test("a script drops all ten, one a second, which is refused; a person puts them back one after the other over a day: people hear of that loss once", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) world.source.members.get(readersAtHome)?.delete(id);
  for (const id of tenPeople) {
    await world.deliver(eventAbout(id, world.now()));
    await world.wait(1_000);
  }
  await world.pass(hourMs);
  expect(world.inside()).toHaveLength(10);
  expect(world.parked).toHaveLength(1);
  for (const id of tenPeople) {
    await world.change(id, readersAtHome, "in");
    await world.pass(2 * hourMs);
  }
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("the policy gives up readers and their group is deleted, which is refused; days later Ben is dropped from the responders, and nothing makes him an analyst: he is out, or somebody hears of him", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(withoutRole(reader));
  await world.pass(hourMs);
  world.source.members.delete(readersAtHome);
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  const isSilent = world.parked.length === told;
  expect({ isIn: world.inside().includes(ben), isSilent }).not.toEqual({ isIn: true, isSilent: true });
});

test("an HR import writes a department in another case for ten hunters: nobody loses anything, and there is nothing to hear of", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const attributes = { department: "SOC", jobTitle: "Threat Hunter" };
  for (const id of tenPeople) {
    world.addUser(id, { attributes });
    await world.deliver(eventAbout(id, world.now()));
  }
  world.source.always("listByAttributes", async () => ({
    items: [...tenPeople],
    completeness: { kind: "complete" },
  }));
  await pass(2 * hourMs);
  expect(world.contoso.members.get(hunters.grant.group)?.size).toBe(10);
  for (const id of tenPeople)
    world.source.users.set(id, { ...world.userOf(id), attributes: { ...attributes, department: "Soc" } });
  for (const id of tenPeople) await world.deliver(eventAbout(id, world.now()));
  await pass(dayMs);
  expect(world.contoso.members.get(hunters.grant.group)?.size).toBe(10);
  expect(world.parked).toEqual([]);
});

test("ten are kept, and an edit that is about something else comes: their targets are not looked at every two seconds", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople);
  await world.pass(2 * hourMs);
  let looks = 0;
  const read = world.contoso.reader.readAccount;
  Object.assign(world.contoso.reader, {
    readAccount(q: Parameters<typeof read>[0]) {
      looks += 1;
      return read(q);
    },
  });
  await world.pass(2 * hourMs);
  looks = 0;
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 40 * dayMs } }));
  await world.pass(2 * hourMs);
  expect(looks).toBeLessThan(150);
});

test("the policy gives up readers, which is refused; three of ten are dropped from their old group, each three days after the one before: each of them is out, or somebody hears of them", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const silent = [];
  for (const id of tenPeople.slice(0, 3)) {
    const told = world.parked.length;
    await world.change(id, readersAtHome, "out");
    await world.pass(3 * dayMs);
    if (world.inside().includes(id) && world.parked.length === told) silent.push(id);
  }
  expect(silent).toEqual([]);
});

test("three of ten were dropped, which is refused; then readers are given another group: the three, who hold no role, do not get it", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  const policy = smallPolicy();
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((t) =>
      t.name === contoso
        ? {
            ...t,
            grants: t.grants.map((g) =>
              g.role === reader ? { ...g, wishes: [...g.wishes, inGroup(responders.grant.group)] } : g,
            ),
          }
        : t,
    ),
  });
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(7);
});

test("the same when the policy gave readers up and names their old group for another role a day later: the three keep what they had and get nothing", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  const given = withoutRole(reader);
  world.setPolicy(given);
  await world.pass(dayMs);
  const admin = roleNameSchema.parse("admin");
  world.setPolicy({
    ...given,
    roles: [...given.roles, { name: admin, holders: { kind: "group", group: byId(readersAtHome) } }],
    targets: given.targets.map((t) =>
      t.name === contoso
        ? {
            ...t,
            grants: [
              ...t.grants,
              { role: admin, wishes: [inGroup(responders.grant.group)], sourceGroups: [] },
            ],
          }
        : t,
    ),
  });
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(7);
  expect(world.inside()).toEqual(tenPeople.slice(0, 3));
});
