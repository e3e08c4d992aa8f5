import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { eventAbout } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, minuteMs } from "../support/world.ts";

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
