import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

test("she has two accounts and is disabled seconds after a new role; the recycle bin shows the first one a little late: nobody says that she is out while the second is enabled", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const [first] = world.contoso.accounts.values();
  const second = world.contoso.create(ana);
  await pass(hourMs);
  await world.change(ana, respondersAtHome, "in");
  await world.wait(5_000);
  const until = world.now() + 20_000;
  const { readAccount } = world.contoso.reader;
  Object.assign(world.contoso.reader, {
    async readAccount(question: Parameters<typeof readAccount>[0]) {
      const read = await readAccount(question);
      const isHidden = question.id === first?.id && world.now() < until && read.kind === "soft-deleted";
      return isHidden ? { kind: "none" } : read;
    },
  });
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  let goneAt = 0;
  while (goneAt === 0 && world.now() < until + dayMs) {
    await world.wait(1_000);
    if (world.contoso.accounts.get(second)?.enabled === false) goneAt = world.now();
  }
  await pass(10 * minuteMs);
  const inContoso = world.leaveProofs().filter(({ target }) => target === "contoso");
  expect(goneAt).toBeGreaterThan(0);
  expect(inContoso.filter(({ at }) => at < goneAt - 1_000)).toEqual([]);
});
