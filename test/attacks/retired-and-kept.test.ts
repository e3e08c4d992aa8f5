import { expect, test } from "vitest";
import type { PushTarget } from "../../shared/policy/policy.ts";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { dayMs, groupId, lighthouse } from "../support/fixtures.ts";
import { byId, smallPolicy, withSourceGroup, type PushPolicy } from "../support/small-policy.ts";

const withContoso = (policy: PushPolicy, changes: Partial<PushTarget>) => ({
  ...policy,
  targets: policy.targets.map((target) => (target.name === "contoso" ? { ...target, ...changes } : target)),
});

// The contract with a customer ends while a refused loss is still with the people who were asked: the target's own groups go, and
// what Azure Lighthouse delegates to stays, with a proof for everybody in the target.
test("every target that gave a source group is retired: whoever was kept is out of it as well", async () => {
  const world = await settledReaders(tenPeople);
  const policy = withSourceGroup(lighthouse);
  world.setPolicy(policy);
  await world.pass(dayMs);
  expect(world.source.members.get(lighthouse)?.size).toBe(10);
  await world.dropAtOnce(tenPeople);
  await world.pass(dayMs);
  expect(world.source.members.get(lighthouse)?.size).toBe(10);
  world.setPolicy({ ...policy, targets: policy.targets.map((target) => ({ ...target, retire: true })) });
  await world.pass(dayMs);
  expect(world.inside()).toEqual([]);
  expect(world.source.members.get(lighthouse)?.size).toBe(0);
});

// `retire: true` in mode observe is how one sees beforehand what it would take. A role group that is emptied meanwhile is refused to
// all, and the edit that calls the retirement off must not be what takes it from them.
test("a retirement is looked at in mode observe and called off: who was kept meanwhile keeps what they had", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withContoso(smallPolicy(), { retire: true, mode: "observe" }));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  await world.dropAtOnce(tenPeople);
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
});

// `movers.grace` is for people who lose a role. A customer who has gone is not left for later.
test("a target that delegates to a group of its own is retired, and movers keep for a while what they had: nobody keeps that", async () => {
  const world = await settledReaders(tenPeople);
  const other = groupId(91);
  world.source.members.set(other, new Set());
  const given = withSourceGroup(lighthouse);
  const policy = {
    ...given,
    movers: { ...given.movers, graceMs: 30 * dayMs },
    targets: given.targets.map((target) => ({
      ...target,
      grants: target.grants.map((grant) =>
        target.name === "fabrikam" ? { ...grant, sourceGroups: [byId(other)] } : grant,
      ),
    })),
  };
  world.setPolicy(policy);
  await world.pass(dayMs);
  const inside = () => [lighthouse, other].map((group) => world.source.members.get(group)?.size);
  expect(inside()).toEqual([10, 10]);
  world.setPolicy(withContoso(policy, { retire: true }));
  await world.pass(dayMs);
  expect(inside()).toEqual([0, 10]);
});
