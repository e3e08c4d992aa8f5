import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { withNamesSwapped } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  hourMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const sizes = ({ contoso }: Pick<ReturnType<typeof smallWorld>, "contoso">) => ({
  readers: contoso.members.get(readers.grant.group)?.size,
  responders: contoso.members.get(responders.grant.group)?.size,
});

test("ten readers whose loss of the role was refused do not become responders when the policy swaps the names", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople);
  await world.pass(hourMs);
  expect(sizes(world)).toEqual({ readers: 10, responders: 0 });
  world.setPolicy(withNamesSwapped());
  await world.pass(dayMs);
  expect(sizes(world)).toEqual({ readers: 10, responders: 0 });
});

test("nor do ten readers who are in their group, when the other role's group cannot be found on the day of the edit", async () => {
  const world = await settledReaders(tenPeople);
  world.source.members.delete(respondersAtHome);
  world.setPolicy(withNamesSwapped());
  await world.pass(dayMs);
  expect(sizes(world)).toEqual({ readers: 10, responders: 0 });
});

test("nor does Ana, whom one read does not find in the minute of the edit", async () => {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.writes.length = 0;
  world.setPolicy(withNamesSwapped());
  world.source.next("readUser", async () => ({ kind: "absent" }));
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(world.contoso.writes).toEqual([]);
});
