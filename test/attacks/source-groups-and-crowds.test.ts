import { expect, test } from "vitest";
import { crowdOfReaders, tenPeople } from "../support/crowd.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  lighthouse,
  minuteMs,
  reader,
  readersAtHome,
} from "../support/fixtures.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy, withSourceGroup } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

const policy = withSourceGroup(lighthouse);

/** Ten readers, each in the group that both targets delegate to. */
async function ten() {
  const world = await crowdOfReaders(tenPeople);
  world.setPolicy(policy);
  await world.pass(hourMs);
  const delegated = () => world.source.members.get(lighthouse)?.size;
  expect(delegated()).toBe(10);
  return { ...world, delegated };
}

const withoutReaders = () => ({
  ...policy,
  roles: policy.roles.filter(({ name }) => name !== reader),
  targets: policy.targets.map((target) => ({
    ...target,
    grants: target.grants.filter(({ role }) => role !== reader),
  })),
});

test("the role group is emptied at once: nobody loses what is delegated to them either", async () => {
  const world = await ten();
  await world.dropAtOnce(tenPeople);
  await world.pass(dayMs);
  expect(world.delegated()).toBe(10);
});

test("the policy loses the role: the same", async () => {
  const world = await ten();
  world.setPolicy(withoutReaders());
  await world.pass(dayMs);
  expect(world.delegated()).toBe(10);
});

test("one of them is disabled after that: that one is out of it, and the others stay", async () => {
  const world = await ten();
  world.setPolicy(withoutReaders());
  await world.pass(dayMs);
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await world.pass(dayMs);
  expect(world.source.members.get(lighthouse)?.has(ana)).toBe(false);
  expect(world.delegated()).toBe(9);
});

test("the source group is replaced in the policy: everybody is in the new one and out of the old one", async () => {
  const world = await ten();
  const next = groupId(91);
  world.source.members.set(next, new Set());
  world.setPolicy(withSourceGroup(next));
  await world.pass(dayMs);
  expect([world.source.members.get(next)?.size, world.delegated()]).toEqual([10, 0]);
});

test("the source group is not there: a joiner has all the rest, and people hear of it once", async () => {
  const world = await crowdOfReaders(tenPeople);
  world.source.members.delete(lighthouse);
  world.setPolicy(policy);
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  expect(world.parked).toMatchObject([{ reason: expect.stringContaining("source: there is no group") }]);
});

test("the source does not answer for the group when a leaver is to be taken out: out of it when it does", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.source.always("revoke", async () => {
    throw graphFailure(503);
  });
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(world.source.members.get(lighthouse)?.has(ana)).toBe(true);
  const proofs = world.leaveProofs().filter(({ target }) => target === "source");
  expect(proofs).toEqual([]);
  expect(world.leaveProofs().map(({ tenant }) => tenant)).toContain(contosoTenant);
  world.source.always("revoke", (call) => call());
  await pass(hourMs);
  expect(world.source.members.get(lighthouse)?.has(ana)).toBe(false);
});

test("the target that gives it is renamed: nobody loses anything, not for a moment", async () => {
  const world = await ten();
  const writes = world.source.writes.length;
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) =>
      target.name === "contoso" ? { ...target, name: "contoso-2" as typeof target.name } : target,
    ),
  });
  await world.pass(dayMs);
  expect(world.source.writes.slice(writes)).toEqual([]);
  expect(world.parked).toEqual([]);
});

test("a leaver comes back within a minute, again and again: the last word counts", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(policy);
  for (const to of ["in", "out", "in", "out", "in", "out"] as const) {
    await world.change(ana, readersAtHome, to);
    await pass(minuteMs / 2);
  }
  await pass(dayMs);
  expect(world.source.members.get(lighthouse)?.has(ana)).toBe(false);
  world.setPolicy(smallPolicy());
  await pass(dayMs);
  expect(world.parked).toEqual([]);
});
