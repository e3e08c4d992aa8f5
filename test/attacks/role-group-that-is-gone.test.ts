import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

const isTold = (world: Awaited<ReturnType<typeof settledReaders>>) =>
  world.parked.some(({ reason }) => reason.includes(readersAtHome));

test.each(["announced", "not announced"])(
  "the group that readers are in, which the policy names by its id, is deleted, which is %s: people hear of it within the hour",
  async (how) => {
    const world = await settledReaders(tenPeople);
    const pass = withCatchUp(world);
    await pass(hourMs);
    world.source.members.delete(readersAtHome);
    if (how === "announced")
      await world.deliver({
        key: { kind: "role-group", group: readersAtHome },
        cause: "test",
        heardAt: world.now(),
        occasion: "event",
      });
    await pass(hourMs);
    expect(isTold(world)).toBe(true);
  },
);

test("the group that readers are in is restored after an hour without some of them: they are let go by the rules, and the others stay", async () => {
  const world = await settledReaders(tenPeople);
  const pass = withCatchUp(world);
  await pass(hourMs);
  const members = world.source.members.get(readersAtHome) ?? new Set();
  world.source.members.delete(readersAtHome);
  await pass(hourMs);
  const [first = ""] = tenPeople;
  world.source.members.set(readersAtHome, new Set([...members].filter((id) => id !== first)));
  await pass(40 * minuteMs);
  expect(new Set(world.inside())).toEqual(new Set(tenPeople.slice(1)));
});
