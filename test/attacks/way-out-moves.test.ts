import { expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import { outbound, pullPolicy, pullScene } from "../support/pull-scene.ts";
import { byId, smallPolicy, withScopes } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import { ana, dayMs, groupId, hourMs, readers } from "../support/fixtures.ts";

type Scene = ReturnType<typeof pullScene>;

const other = groupId(93);

async function edit(world: Scene, policy: Policy, ms = 3 * hourMs): Promise<void> {
  world.setPolicy(policy);
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(ms);
}

function withWayOut(group: typeof other): Policy {
  const policy = pullPolicy();
  return {
    ...policy,
    targets: policy.targets.map((target) =>
      target.topology === "pull" ? { ...target, scope: { kind: "group", group: byId(group) } } : target,
    ),
  };
}

test("who is let out by a group that the policy gives up is taken out of it, and proven when they leave", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  await edit(world, pullPolicy({ scope: "none" }));
  expect([world.isOut(), world.has()]).toEqual([true, "delivered"]);
  await world.leave();
  await world.wait(dayMs);
  expect(world.has()).toBeUndefined();
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("who leaves in the very edit that gives the group up is taken out of it, and proven", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.setPolicy(pullPolicy({ scope: "none" }));
  await world.leave();
  await world.wait(dayMs);
  expect([world.isOut(), world.has()]).toEqual([true, undefined]);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("another group that lets them out takes the place of the first", async () => {
  const world = pullScene();
  world.source.members.set(other, new Set());
  await world.join();
  await world.wait(hourMs);
  await edit(world, withWayOut(other));
  expect([world.isOut(), world.source.members.get(other)?.has(ana)]).toEqual([true, true]);
  await world.leave();
  await world.wait(dayMs);
  expect(world.source.members.get(other)?.size).toBe(0);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test.each([
  ["no group", pullPolicy({ scope: "none" })],
  ["another group", withWayOut(other)],
])(
  "a target that invites from now on, with %s to let people out: nobody loses the account that sync made",
  async (_, policy) => {
    const world = pullScene();
    world.source.members.set(other, new Set());
    world.setPolicy(withScopes({ contoso: byId(outbound), fabrikam: byId(groupId(8)) }));
    await world.join();
    await world.wait(hourMs);
    await edit(world, policy, dayMs);
    if (world.source.members.get(outbound)?.has(ana) !== true) world.contoso.recycleAll();
    await world.wait(hourMs);
    expect(world.accounts()).toMatchObject([{ state: "live", enabled: true }]);
    expect([world.has(), world.contoso.members.get(readers.grant.group)?.size]).toEqual(["delivered", 1]);
    await world.leave();
    await world.wait(dayMs);
    expect([world.isOut(), world.has(), world.contoso.members.get(readers.grant.group)?.size]).toEqual([
      true,
      undefined,
      0,
    ]);
  },
);

test("and back to sync: the same account, and everything in its place", async () => {
  const world = pullScene();
  await edit(world, smallPolicy(), 0);
  await world.join();
  await world.wait(hourMs);
  await edit(world, pullPolicy());
  await edit(world, smallPolicy());
  expect(world.accounts()).toMatchObject([{ state: "live", enabled: true }]);
  expect([world.has(), world.contoso.members.get(readers.grant.group)?.size]).toEqual([undefined, 1]);
  await world.leave();
  await world.wait(dayMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});
