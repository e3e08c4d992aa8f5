import { expect, test } from "vitest";
import { person, settledReaders } from "../support/crowd.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { dayMs, hourMs, readersAtHome } from "../support/fixtures.ts";

const cleo = person(1);
const ben = person(10);

test("Cleo is protected and left the group a day before: Ben, the only one who leaves today, is out", async () => {
  const world = await settledReaders([cleo, person(2), person(3), person(4), ben]);
  world.setPolicy(smallPolicy({ protected: [cleo] }));
  await world.pass(hourMs);
  await world.change(cleo, readersAtHome, "out");
  await world.pass(dayMs);
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  expect(world.inside()).not.toContain(ben);
});
