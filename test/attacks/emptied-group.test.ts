import { expect, test } from "vitest";
import { hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";
import { crowdOfReaders, tenPeople } from "../support/crowd.ts";

async function tenReaders() {
  const world = await crowdOfReaders(tenPeople);
  await world.wait(30 * minuteMs);
  return world;
}

test("a group that is emptied at once: the guard holds (control)", async () => {
  const world = await tenReaders();
  expect(world.inside()).toHaveLength(10);
  await world.dropAtOnce(tenPeople);
  await world.wait(hourMs);
  expect(world.inside()).toHaveLength(10);
});

test("a group that is emptied at once, while only the listing of its members is 5 s behind", async () => {
  const world = await tenReaders();
  const stale = { items: tenPeople, groups: [], completeness: { kind: "complete" } };
  for (let n = 0; n < 10; n += 1) world.source.next("listMembers", async () => stale);
  await world.dropAtOnce(tenPeople);
  await world.pass(hourMs);
  expect(world.inside()).toHaveLength(10);
});

test("the same, for one of ten only, whose colleagues' listing is right a moment later", async () => {
  const world = await tenReaders();
  const stale = { items: tenPeople, groups: [], completeness: { kind: "complete" } };
  world.source.next("listMembers", async () => stale);
  await world.dropAtOnce(tenPeople);
  await world.pass(hourMs);
  expect(world.inside()).toHaveLength(10);
});

test.each([500, 2_000, 4_000])(
  "a group that is emptied by a script, one member in %i ms: one of five may go, the others keep what they have",
  async (pauseMs) => {
    const world = await tenReaders();
    for (const id of tenPeople) {
      await world.change(id, readersAtHome, "out");
      await world.wait(pauseMs);
    }
    await world.pass(hourMs);
    expect(world.inside()).toHaveLength(8);
    expect(world.parked.length).toBeGreaterThan(0);
  },
);
