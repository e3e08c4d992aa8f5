import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { inGroup, smallPolicy, withGrants } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import {
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  readersAtHome,
  responder,
  respondersAtHome,
} from "../support/fixtures.ts";

const ana = person(1);

/** A world without people in which responders are given eight groups in Contoso. */
async function eightForResponders() {
  const world = await settledReaders([]);
  const many = Array.from({ length: 7 }, (_, n) => groupId(20 + n));
  for (const group of many) world.contoso.members.set(group, new Set());
  const wide = withGrants(responder, (given) => [...given, ...many.map(inGroup)]);
  world.setPolicy(wide);
  if (!world.source.users.has(ana)) world.addUser(ana);
  return { ...world, wide };
}

test("Ana stops being a responder, her eight grants are more than one run may take, and people hear of that; the next day something else in the policy is edited: they do not hear it again", async () => {
  const world = await eightForResponders();
  const { wide } = world;
  await world.change(ana, readersAtHome, "in");
  await world.change(ana, respondersAtHome, "in");
  await world.pass(2 * hourMs);
  await world.change(ana, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.parked).toHaveLength(1);
  world.setPolicy({ ...wide, leavers: { ...wide.leavers, deleteAfterMs: 40 * dayMs } });
  await world.pass(dayMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("an edit takes seven groups from responders, which the budget withholds, and people hear of that; the next day Ana becomes a reader as well: they do not hear it again", async () => {
  const world = await eightForResponders();
  await world.change(ana, respondersAtHome, "in");
  await world.pass(2 * hourMs);
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect(world.parked).toHaveLength(1);
  await world.change(ana, readersAtHome, "in");
  await world.pass(dayMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("ten are dropped at once, and the news of the last one is lost; the first one is given back before the catch-up finds the last: people hear of that loss once", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) world.source.members.get(readersAtHome)?.delete(id);
  for (const id of tenPeople.slice(0, 9)) {
    await world.deliver(eventAbout(id, world.now()));
    await world.wait(1_000);
  }
  await world.wait(6 * minuteMs);
  await world.change(ana, readersAtHome, "in");
  await world.pass(6 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});
