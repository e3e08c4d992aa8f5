import { expect, test } from "vitest";
import { roleNameSchema } from "../../shared/model/ids.ts";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { withNamesSwapped, withRolesCalled } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  hourMs,
  reader,
  readersAtHome,
  responder,
  respondersAtHome,
} from "../support/world.ts";

test("names are swapped while one role's group cannot be found, and the target is looked at first: Ana gets and loses nothing", async () => {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.contoso.writes.length = 0;
  world.source.members.delete(respondersAtHome);
  world.setPolicy(withNamesSwapped());
  const key = { kind: "access", tenant: contosoTenant, analyst: ana } as const;
  await world.deliver({ key, cause: "test", heardAt: world.now(), occasion: "event", version: null });
  await withCatchUp(world)(dayMs);
  expect(world.contoso.writes).toEqual([]);
});

test.each([
  ["renamed", () => withRolesCalled({ [responder]: roleNameSchema.parse("incident") })],
  ["swapped with another", withNamesSwapped],
])(
  "a role's group cannot be found on the day its name is %s: Ana, its only holder, keeps what she has",
  async (_, edited) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, respondersAtHome, "in");
    await pass(hourMs);
    world.contoso.writes.length = 0;
    world.source.members.delete(respondersAtHome);
    world.setPolicy(edited());
    await pass(dayMs);
    expect(world.contoso.writes).toEqual([]);
  },
);

test("a role's group cannot be found on the day two names are swapped: its ten holders keep what they have and get nothing", async () => {
  const world = await settledReaders(tenPeople);
  world.contoso.writes.length = 0;
  world.source.members.delete(readersAtHome);
  world.setPolicy(withNamesSwapped());
  await world.pass(dayMs);
  expect(world.contoso.writes).toEqual([]);
});

test("a role is renamed, and another gets the same group under its name, which is refused: Ana, its only holder, keeps what she has", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.contoso.writes.length = 0;
  const policy = withRolesCalled({ [reader]: roleNameSchema.parse("viewer") });
  const group = { kind: "name", name: "group 11" } as const;
  const another = { name: roleNameSchema.parse("lurker"), holders: { kind: "group", group } } as const;
  world.setPolicy({ ...policy, roles: [...policy.roles, another] });
  await pass(dayMs);
  expect(world.contoso.writes).toEqual([]);
});
