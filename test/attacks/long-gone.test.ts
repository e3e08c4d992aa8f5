import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { eventAbout } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs, minuteMs } from "../support/fixtures.ts";

test("nine of ten left and were purged two months ago: they are not looked at ninety-six times a day for ever", async () => {
  const world = await settledReaders(tenPeople);
  const gone = new Set<string>(tenPeople.slice(0, 9));
  for (const id of tenPeople.slice(0, 9)) {
    world.source.users.delete(id);
    for (const members of world.source.members.values()) members.delete(id);
    await world.deliver(eventAbout(id, world.now()));
    await world.pass(10 * minuteMs);
  }
  await world.pass(60 * dayMs);
  expect([...world.contoso.accounts.values()].filter(({ state }) => state === "live")).toHaveLength(1);
  let looks = 0;
  const { readUser } = world.source.reader;
  Object.assign(world.source.reader, {
    readUser: async (question: Parameters<typeof readUser>[0]) => {
      if (gone.has(question.id)) looks += 1;
      return readUser(question);
    },
  });
  await withCatchUp(world)(dayMs);
  expect(looks).toBeLessThan(9 * 10);
});

test("six of ten are kept in a role that nothing shows any more: each look at everybody costs one look at each of them, not four, until a person acts", async () => {
  const world = await settledReaders(tenPeople);
  const kept = tenPeople.slice(0, 6);
  await world.dropAtOnce(kept);
  const pass = withCatchUp(world);
  await pass(3 * hourMs);
  expect(world.inside()).toHaveLength(10);
  let looks = 0;
  const { readUser } = world.source.reader;
  Object.assign(world.source.reader, {
    readUser: async (question: Parameters<typeof readUser>[0]) => {
      if (kept.includes(question.id)) looks += 1;
      return readUser(question);
    },
  });
  await pass(12 * hourMs);
  // One of them tries for all every five minutes as well.
  expect(looks).toBeLessThan(6 * 48 * 1.5 + 144);
});
