import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { byId, smallPolicy, withoutRole } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import { dayMs, groupId, hourMs, minuteMs, reader, readersAtHome } from "../support/fixtures.ts";

/** A loss was refused. Who leaves later, alone and by name, is no part of it: they are out, or somebody hears of them. */

const ben = person(10);
type World = Awaited<ReturnType<typeof settledReaders>>;

/** Of these, dropped one after the other, whom nobody hears of although they keep what they had. */
async function keptInSilence(
  world: World,
  ids: typeof tenPeople,
  apartMs: number,
): Promise<readonly string[]> {
  const silent: string[] = [];
  for (const id of ids) {
    const told = world.parked.length;
    await world.change(id, readersAtHome, "out");
    await world.pass(apartMs);
    if (world.inside().includes(id) && world.parked.length === told) silent.push(id);
  }
  return silent;
}

for (const minutes of [4.5, 6, 8, 10])
  test(`three of ten were dropped at once, which is refused and told; Ben is dropped ${String(minutes)} minutes after them`, async () => {
    const world = await settledReaders(tenPeople);
    await world.pass(20 * minuteMs);
    await world.dropAtOnce(tenPeople.slice(0, 3));
    await world.pass(minutes * minuteMs);
    expect(world.parked).toHaveLength(1);
    expect(await keptInSilence(world, [ben], dayMs)).toEqual([]);
  });

test("the policy gives up readers, which is refused; five of ten are dropped from their old group, each three days after the one before", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  expect(await keptInSilence(world, tenPeople.slice(0, 5), 3 * dayMs)).toEqual([]);
});

test("readers are whoever is in another group now, which three of ten are not, and that is refused; the seven are cleaned out of the old group; then the three are dropped from it, three days apart", async () => {
  const world = await settledReaders(tenPeople);
  const policy = smallPolicy();
  const home = groupId(70);
  world.source.members.set(home, new Set(tenPeople.slice(3)));
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group: byId(home) } as const } : role,
    ),
  });
  await world.pass(dayMs);
  for (const id of tenPeople.slice(3)) await world.change(id, readersAtHome, "out");
  await world.pass(dayMs);
  expect(await keptInSilence(world, tenPeople.slice(0, 3), 3 * dayMs)).toEqual([]);
});

test("for a week no removal is allowed, and four of ten leave, two days apart; then the limit is what it was, as people were advised: the four are out, or somebody hears of them", async () => {
  const world = await settledReaders(tenPeople);
  const policy = smallPolicy();
  const { removals } = policy.guardrails;
  world.setPolicy({ ...policy, guardrails: { ...policy.guardrails, removals: { ...removals, perRun: 0 } } });
  await world.pass(hourMs);
  const four = tenPeople.slice(0, 4);
  for (const id of four) {
    await world.change(id, readersAtHome, "out");
    await world.pass(2 * dayMs);
  }
  expect(world.inside()).toHaveLength(10);
  const told = world.parked.length;
  world.setPolicy(policy);
  await world.pass(2 * dayMs);
  const isSilent = world.parked.length === told;
  const kept = world.inside().filter((id) => four.some((one) => one === id)).length;
  expect({ kept, isSilent }).not.toEqual({ kept: 3, isSilent: true });
});

for (const minutes of [6, 24 * 60])
  test(`three of ten were dropped at once, which is refused, and Ben ${String(minutes)} minutes later; then a person allows three, as they were advised to: all four are out`, async () => {
    const world = await settledReaders(tenPeople);
    await world.dropAtOnce(tenPeople.slice(0, 3));
    await world.pass(minutes * minuteMs);
    await world.change(ben, readersAtHome, "out");
    await world.pass(dayMs);
    const policy = smallPolicy();
    world.setPolicy({ ...policy, guardrails: { ...policy.guardrails, removals: { perRun: 5, share: 0.3 } } });
    await world.pass(dayMs);
    expect(world.inside()).toHaveLength(6);
  });

test("the policy gives up readers, which is refused; five of ten are dropped from their old group at once: they keep it, and people hear of that loss", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.dropAtOnce(tenPeople.slice(0, 5));
  await world.pass(dayMs);
  expect({ in: world.inside().length, told: world.parked.length - told }).toEqual({ in: 10, told: 1 });
});

test("four of ten are dropped at once; the news of Ben comes five minutes late, and Graph asks to be left alone when the others are looked at again: he keeps it like them", async () => {
  const world = await settledReaders(tenPeople);
  const others = tenPeople.slice(0, 3);
  const droppedAt = world.now();
  const { reader: read } = world.source;
  const { readUser } = read;
  Object.assign(read, {
    async readUser(question: Parameters<typeof readUser>[0]) {
      const isLate = world.now() > droppedAt + 3 * minuteMs && world.now() < droppedAt + 6 * minuteMs;
      if (isLate && others.includes(question.id)) throw graphFailure(429, { retryAfterMs: 10_000 });
      return readUser(question);
    },
  });
  world.source.members.get(readersAtHome)?.delete(ben);
  await world.dropAtOnce(others);
  await world.until(droppedAt + 5.5 * minuteMs);
  await world.deliver(eventAbout(ben, world.now()));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
});
