import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, ben, dayMs, hourMs, readersAtHome } from "../support/fixtures.ts";

const isMethod = (entry: [string, unknown]): entry is [string, (...args: unknown[]) => unknown] =>
  typeof entry[1] === "function";

/** Notes how urgent each call of these ports is: the priority is the last argument, or a part of the first. */
function priorities(...ports: readonly object[]): ReadonlyMap<string, ReadonlySet<unknown>> {
  const heard = new Map<string, Set<unknown>>();
  for (const port of ports)
    for (const [name, method] of Object.entries(port).filter(isMethod))
      Object.assign(port, {
        [name](...args: unknown[]) {
          const [first] = args;
          const asked = typeof first === "object" && first !== null && "priority" in first;
          const known = heard.get(name) ?? new Set();
          heard.set(name, known.add(asked ? first.priority : args.at(-1)));
          return method(...args);
        },
      });
  return heard;
}

test("looks at everybody ask Graph with low priority, about those who are known and those who are not", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  world.addUser(ben, { enabled: false });
  world.source.members.get(readersAtHome)?.add(ben);
  await pass(hourMs);
  // Tells what is remembered, and asks nobody.
  const { last } = world.source.groups;
  const heard = priorities(world.source.reader, world.source.groups);
  Object.assign(world.source.groups, { last });
  await pass(dayMs);
  const asked = ["find", "listByAttributes", "listMembers", "readMemberships", "readUser"];
  expect(heard).toEqual(new Map(asked.map((name) => [name, new Set(["low"])])));
});
