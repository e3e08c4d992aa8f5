import type { NameOrId } from "../../shared/model/wish.ts";
import { expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  hourMs,
  reader,
  readers,
  readersAtHome,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";

const scope = syncScope.scope.group;

/** Contoso's scope group, which the policy names by its id, is what makes readers, where it is named by its name. */
function scopeMakesReaders(): Policy {
  const policy = smallPolicy();
  const group: NameOrId = { kind: "name", name: "group 09" };
  return {
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group } } : role,
    ),
  };
}

const enabled = ({ contoso }: SmallWorld) =>
  [...contoso.accounts.values()].filter((one) => one.state === "live" && one.enabled).length;

test("a role's group, by its name, is a target's scope group, by its id: nobody is made a reader by Muster's own hand", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(scopeMakesReaders());
  await world.change(ana, respondersAtHome, "in");
  await pass(dayMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
});

test("the same is edited into a policy at work: Ana, who leaves after that, is out", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await pass(hourMs);
  world.setPolicy(scopeMakesReaders());
  await pass(hourMs);
  await world.change(ana, respondersAtHome, "out");
  await pass(dayMs);
  expect({ enabled: enabled(world), inScope: world.source.members.get(scope)?.has(ana) }).toEqual({
    enabled: 0,
    inScope: false,
  });
});

test("somebody nests the scope group in a role group: Ana, who leaves after that, is out, or somebody hears of it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await pass(hourMs);
  world.source.members.get(readersAtHome)?.add(scope);
  await pass(hourMs);
  await world.change(ana, respondersAtHome, "out");
  await pass(dayMs);
  const isSilent = world.parked.length === 0;
  expect({ isIn: enabled(world) > 0, isSilent }).not.toEqual({ isIn: true, isSilent: true });
});
