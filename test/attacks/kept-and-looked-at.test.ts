import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs } from "../support/fixtures.ts";

const catchUpsInAnHour = 4;

/** How often they are looked at in the source in an hour in which nothing happens. */
async function looksInAnHour(world: Awaited<ReturnType<typeof settledReaders>>) {
  const pass = withCatchUp(world);
  await world.pass(dayMs);
  await pass(hourMs);
  let looks = 0;
  world.source.always("readUser", async (call) => {
    looks += 1;
    return call();
  });
  await pass(hourMs);
  return looks;
}

test("ten were dropped at once, which is refused: a day later each of them is looked at about once in every catch-up, not four times as often for ever", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople);
  const looks = await looksInAnHour(world);
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThanOrEqual(2 * catchUpsInAnHour * tenPeople.length);
});

test("nobody is looked at while nothing tells that anybody has changed", async () => {
  expect(await looksInAnHour(await settledReaders(tenPeople))).toBe(0);
});
