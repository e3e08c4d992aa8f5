import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ben, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("somebody disabled who was never an analyst is in a role group: they cost one look in each catch-up, and nothing is kept of them", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben, { enabled: false });
  await world.change(ben, readersAtHome, "in");
  await pass(hourMs);
  const read = world.source.reader.readUser;
  let looks = 0;
  Object.assign(world.source.reader, {
    readUser(question: Parameters<typeof read>[0]) {
      if (question.id === ben) looks += 1;
      return read(question);
    },
  });
  await pass(dayMs);
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThanOrEqual(dayMs / (15 * minuteMs));
  expect(await world.state.analysts.list("analyst")).toEqual([]);
});

test("they are enabled a week later, and nobody announces it: they are an analyst within the hour", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben, { enabled: false });
  await world.change(ben, readersAtHome, "in");
  await pass(7 * dayMs);
  world.addUser(ben);
  await pass(hourMs);
  expect(await world.recordOf(ben)).toMatchObject({ leaving: null });
});
