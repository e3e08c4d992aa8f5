import { expect, test } from "vitest";
import type { AnalystId } from "../../shared/model/ids.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { person, withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs, readers, readersAtHome } from "../support/world.ts";

const cleo = person(1);
const ben = person(10);

async function readersCalled(people: readonly AnalystId[]) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (const id of people) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await pass(hourMs);
  /** Whose accounts are in the group that readers are in. */
  const inside = () =>
    [...world.contoso.accounts.values()].flatMap(({ id, stamp }) =>
      world.contoso.members.get(readers.grant.group)?.has(id) === true ? [stamp] : [],
    );
  return { ...world, pass, inside };
}

test("Cleo is protected and left the group a day before: Ben, the only one who leaves today, is out", async () => {
  const world = await readersCalled([cleo, person(2), person(3), person(4), ben]);
  world.setPolicy({ ...smallPolicy(), protected: [cleo] });
  await world.pass(hourMs);
  await world.change(cleo, readersAtHome, "out");
  await world.pass(dayMs);
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  expect(world.inside()).not.toContain(ben);
});
