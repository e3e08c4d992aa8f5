import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, smallPolicy } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import { graphFailure } from "../support/graph-failure.ts";
import {
  dayMs,
  groupId,
  hourMs,
  reader,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const ben = person(1);

/** Three of ten were dropped at once, which was refused; a day later somebody deletes the group of readers. */
async function threeKeptWithoutGroup() {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  world.source.members.delete(readersAtHome);
  await world.pass(hourMs);
  return world;
}

test("three of ten were dropped, which is refused, and the group is deleted; Ben, one of the three, is disabled as people are advised: he is out", async () => {
  const world = await threeKeptWithoutGroup();
  world.source.users.set(ben, { ...world.userOf(ben), enabled: false });
  await world.deliver(eventAbout(ben, world.now()));
  await world.pass(dayMs);
  expect(world.inside()).not.toContain(ben);
  expect(world.inside()).toHaveLength(9);
});

test("the same when he becomes a responder instead: he is one, and nobody is told that he fails", async () => {
  const world = await threeKeptWithoutGroup();
  await world.change(ben, respondersAtHome, "in");
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(1);
  expect(world.inside()).toHaveLength(10);
  expect(world.parked.filter(({ reason }) => reason.includes("failing"))).toEqual([]);
});

test("Ben is disabled and dropped from his group by one script, and Graph does not list that group for a day: he is out all the same", async () => {
  const world = await settledReaders(tenPeople);
  world.source.always("listMembers", () => Promise.reject(graphFailure(500)));
  world.source.users.set(ben, { ...world.userOf(ben), enabled: false });
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  expect(world.inside()).not.toContain(ben);
});

test("readers are whoever is in another group now, and nobody is; that group is deleted, and Ben, one of the ten who are kept, becomes a responder: he is one", async () => {
  const world = await settledReaders(tenPeople);
  const other = groupId(70);
  world.source.members.set(other, new Set());
  const policy = smallPolicy();
  const holders = { kind: "group", group: byId(other) } as const;
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) => (role.name === reader ? { ...role, holders } : role)),
  });
  await world.pass(dayMs);
  world.source.members.delete(other);
  await world.pass(hourMs);
  await world.change(ben, respondersAtHome, "in");
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(1);
  expect(world.inside()).toHaveLength(10);
});
