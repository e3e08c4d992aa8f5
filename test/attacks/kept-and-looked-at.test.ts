import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs } from "../support/fixtures.ts";

/** How often they are looked at in the source in an hour in which nothing happens, and how often their group is listed. */
async function looksInAnHour(world: Awaited<ReturnType<typeof settledReaders>>) {
  const pass = withCatchUp(world);
  await world.pass(dayMs);
  await pass(hourMs);
  const looks = { people: 0, listings: 0 };
  world.source.always("readUser", async (call) => {
    looks.people += 1;
    return call();
  });
  world.source.always("listMembers", async (call) => {
    looks.listings += 1;
    return call();
  });
  await pass(hourMs);
  return looks;
}

test("ten were dropped at once, which is refused: a day later each of them is looked at about as often as anybody else, not four times as often for ever", async () => {
  const usual = await looksInAnHour(await settledReaders(tenPeople));
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople);
  const kept = await looksInAnHour(world);
  expect(kept.people).toBeLessThanOrEqual(2 * usual.people);
});
