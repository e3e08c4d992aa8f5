import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, smallPolicy, withNamesSwapped, withoutRole } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import {
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

test("a group of the target is gone, and ten pairs meet that first at the same moment: people hear of it once", async () => {
  const world = await settledReaders(tenPeople);
  world.contoso.members.delete(readers.grant.group);
  const call = (analyst: (typeof tenPeople)[number]) =>
    world.deliver({
      key: { kind: "access", tenant: contosoTenant, analyst },
      cause: "test",
      heardAt: world.now(),
      occasion: "event",
      version: null,
    });
  await Promise.all(tenPeople.map(call));
  await world.pass(hourMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("three are kept beside each other in two former roles with one name: restored policy gives each back", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople.slice(0, 5)) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  const lurkers = groupId(61);
  world.source.members.set(lurkers, new Set());
  const base = withoutRole(reader, { [responder]: reader });
  world.setPolicy(base);
  await world.pass(hourMs);
  world.setPolicy({
    ...base,
    roles: base.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group: byId(lurkers) } } : role,
    ),
  });
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(5);
  expect(world.inside()).toHaveLength(10);
  for (const id of tenPeople) await world.change(id, lurkers, "in");
  await world.pass(dayMs);
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(5);
  expect(world.inside()).toHaveLength(10);
});

test("edits in a row within seconds, and back: nobody gets, loses or hears anything", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople.slice(0, 5)) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.contoso.writes.length = 0;
  for (const next of [
    withoutRole(reader, { [responder]: reader }),
    withNamesSwapped(),
    withoutRole(responder, { [reader]: responder }),
    withoutRole(reader),
    smallPolicy(),
  ]) {
    world.setPolicy(next);
    for (const id of tenPeople) await world.deliver(eventAbout(id, world.now()));
    for (const analyst of tenPeople)
      await world.deliver({
        key: { kind: "access", tenant: contosoTenant, analyst },
        cause: "t",
        heardAt: world.now(),
        occasion: "event",
        version: null,
      });
    await world.wait(5_000);
  }
  await world.pass(dayMs);
  expect(world.contoso.writes).toEqual([]);
  expect(world.parked).toEqual([]);
});

test("a role group named by its id cannot be found for an hour, while readers are kept, joined, edited and disabled: all is well after that", async () => {
  const world = await settledReaders(tenPeople);
  const members = world.source.members.get(readersAtHome)!;
  world.source.members.delete(readersAtHome);
  world.contoso.writes.length = 0;
  await world.pass(20 * minuteMs);
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 0 } }));
  await world.pass(20 * minuteMs);
  world.source.users.set(ben, { ...world.userOf(ben), enabled: false });
  await world.deliver(eventAbout(ben, world.now()));
  await world.pass(20 * minuteMs);
  world.source.members.set(readersAtHome, members);
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(9);
  expect(world.parked).toHaveLength(1);
});
