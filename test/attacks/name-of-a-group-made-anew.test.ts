import { expect, test } from "vitest";
import type { NameOrId } from "../../shared/model/wish.ts";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  reader,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

/** Both are called `group 11`. */
const madeAnew = groupId(111);
const name: NameOrId = { kind: "name", name: "group 11" };
const first = person(1);
const others = tenPeople.filter((id) => id !== first);

/** The policy names the readers' group by its name, everybody was looked at under that, and the group is deleted. */
async function withoutTheGroup(): ReturnType<typeof settledReaders> {
  const world = await settledReaders(tenPeople);
  const policy = smallPolicy();
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group: name } as const } : role,
    ),
  });
  await world.pass(dayMs);
  world.source.members.delete(readersAtHome);
  return world;
}

function refuseWhatIsGone({ source }: Awaited<ReturnType<typeof settledReaders>>): void {
  const { readMemberships } = source.reader;
  Object.assign(source.reader, {
    async readMemberships(question: Parameters<typeof readMemberships>[0]) {
      if (question.groups.some((group) => !source.members.has(group))) throw graphFailure(404);
      return readMemberships(question);
    },
  });
}

test("a role group is deleted and made anew with its name and nine of ten people: the nine keep what they have, and the tenth is let go", async () => {
  const world = await withoutTheGroup();
  world.source.members.set(madeAnew, new Set(others));
  await withCatchUp(world)(dayMs);
  expect(new Set(world.inside())).toEqual(new Set(others));
});

test("the same while Graph refuses questions about groups that are gone: who leaves the new group is let go", async () => {
  const world = await withoutTheGroup();
  world.source.members.set(madeAnew, new Set(tenPeople));
  refuseWhatIsGone(world);
  const pass = withCatchUp(world);
  await pass(hourMs);
  expect(new Set(world.inside())).toEqual(new Set(tenPeople));
  await world.change(first, madeAnew, "out");
  await pass(20 * minuteMs);
  expect(new Set(world.inside())).toEqual(new Set(others));
});

test("the group of another role is gone, which the policy names by its id, and Graph refuses questions about it: who leaves the readers is let go", async () => {
  const world = await settledReaders(tenPeople);
  world.source.members.delete(respondersAtHome);
  refuseWhatIsGone(world);
  await world.change(first, readersAtHome, "out");
  await world.pass(20 * minuteMs);
  expect(new Set(world.inside())).toEqual(new Set(others));
});
