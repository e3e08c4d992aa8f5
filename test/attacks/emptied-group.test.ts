import { expect, test } from "vitest";
import { hourMs, minuteMs, readers, readersAtHome } from "../support/world.ts";
import { person, withCatchUp } from "../support/with-catch-up.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";

const people = Array.from({ length: 10 }, (_, n) => person(n + 1));

async function tenReaders() {
  const world = smallWorld();
  for (const id of people) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.wait(30 * minuteMs);
  return world;
}

const holders = (world: Awaited<ReturnType<typeof tenReaders>>) =>
  world.contoso.members.get(readers.grant.group)?.size;

test("a group that is emptied at once: the guard holds (control)", async () => {
  const world = await tenReaders();
  expect(holders(world)).toBe(10);
  world.source.members.get(readersAtHome)?.clear();
  for (const id of people) await world.deliver(eventAbout(id, world.now()));
  await world.wait(hourMs);
  expect(holders(world)).toBe(10);
});

test("a group that is emptied at once, while only the listing of its members is 5 s behind", async () => {
  const world = await tenReaders();
  world.source.members.get(readersAtHome)?.clear();
  const stale = { items: people, groups: [], completeness: { kind: "complete" } };
  for (let n = 0; n < 10; n += 1) world.source.next("listMembers", async () => stale);
  for (const id of people) await world.deliver(eventAbout(id, world.now()));
  await withCatchUp(world)(hourMs);
  expect(holders(world)).toBe(10);
});

test("the same, for one of ten only, whose colleagues' listing is right a moment later", async () => {
  const world = await tenReaders();
  world.source.members.get(readersAtHome)?.clear();
  const stale = { items: people, groups: [], completeness: { kind: "complete" } };
  world.source.next("listMembers", async () => stale);
  for (const id of people) await world.deliver(eventAbout(id, world.now()));
  await withCatchUp(world)(hourMs);
  expect(holders(world)).toBe(10);
});

test.each([500, 2_000, 4_000])(
  "a group that is emptied by a script, one member in %i ms: one of five may go, the others keep what they have",
  async (pauseMs) => {
    const world = await tenReaders();
    for (const id of people) {
      await world.change(id, readersAtHome, "out");
      await world.wait(pauseMs);
    }
    await withCatchUp(world)(hourMs);
    expect(holders(world)).toBe(8);
    expect(world.parked.length).toBeGreaterThan(0);
  },
);
