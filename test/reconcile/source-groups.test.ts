import { expect, test } from "vitest";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { smallPolicy, withSourceGroup } from "../support/small-policy.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  groupId,
  hourMs,
  lighthouse,
  minuteMs,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

/** Both targets delegate to one group of the source tenant, and Ana is a reader. */
async function settled() {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withSourceGroup(lighthouse));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  return { world, pass };
}

const delegated = ({ source }: SmallWorld) => [...(source.members.get(lighthouse) ?? [])];
const home = smallPolicy().source.tenantId;
const homeProofs = ({ entries }: SmallWorld) =>
  entries.filter(({ kind, tenant }) => kind === "proof" && tenant === home);
const changeUser = async (world: SmallWorld, user: Parameters<SmallWorld["source"]["users"]["set"]>[1]) => {
  world.source.users.set(ana, user);
  await world.deliver(eventAbout(ana, world.now()));
};

test("a joiner is put in once, though two targets give the same group, and it is proven", async () => {
  const { world } = await settled();
  expect(delegated(world)).toEqual([ana]);
  expect(world.source.writes.filter((write) => write.startsWith("grant"))).toHaveLength(1);
  expect(homeProofs(world)).toMatchObject([{ target: "source", plan: { purpose: "join" } }]);
  expect(world.parked).toEqual([]);
});

test("who gets nothing at home has no business there: nothing is remembered and nothing proven", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect(await world.pairOf(home, ana)).toBeNull();
  expect((await world.recordOf(ana))?.targets).not.toContain(home);
});

test("a mover whose new role does not give it loses it", async () => {
  const { world, pass } = await settled();
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.change(ana, respondersAtHome, "in");
  await pass(hourMs);
  expect(delegated(world)).toEqual([]);
});

test.each(["owned", "all"] as const)(
  "a leaver loses it and keeps their own user, also where accounts: %s go",
  async (accounts) => {
    const { world, pass } = await settled();
    const policy = withSourceGroup(lighthouse);
    world.setPolicy({ ...policy, leavers: { ...policy.leavers, accounts } });
    await world.change(ana, readersAtHome, "out");
    await pass(dayMs);
    expect(delegated(world)).toEqual([]);
    expect(world.userOf(ana)).toMatchObject({ enabled: true });
    expect(homeProofs(world).at(-1)).toMatchObject({ plan: { purpose: "leave", steps: [] } });
    expect(world.parked).toEqual([]);
  },
);

test("disabled: out of it at once, and proven", async () => {
  const { world, pass } = await settled();
  await changeUser(world, { ...world.userOf(ana), enabled: false });
  await pass(minuteMs);
  expect(delegated(world)).toEqual([]);
  await pass(dayMs);
  expect(homeProofs(world).at(-1)).toMatchObject({ plan: { purpose: "leave" } });
});

test("deleted first, and restored by mistake while nobody looks: out of it as soon as they are seen without a role", async () => {
  const { world, pass } = await settled();
  const user = world.userOf(ana);
  await changeUser(world, "soft-deleted");
  await pass(dayMs);
  // Graph keeps the memberships of who is in the recycle bin, and gives them back.
  expect(delegated(world)).toEqual([ana]);
  expect(homeProofs(world).at(-1)).toMatchObject({
    evidence: { account: { state: "soft-deleted" }, grants: [{ seen: "recycled" }] },
  });
  world.source.members.get(readersAtHome)?.delete(ana);
  await changeUser(world, user);
  await pass(dayMs);
  expect(delegated(world)).toEqual([]);
  expect(homeProofs(world).at(-1)).toMatchObject({ plan: { purpose: "leave" } });
});

test("deleted while she is taken out of it, which finds nobody then: out of it when she is restored", async () => {
  const { world, pass } = await settled();
  const user = world.userOf(ana);
  world.source.next("revoke", async (call) => {
    world.source.users.set(ana, "soft-deleted");
    return call();
  });
  await world.change(ana, readersAtHome, "out");
  await pass(1_000);
  await world.deliver(eventAbout(ana, world.now()));
  await pass(dayMs);
  expect(delegated(world)).toEqual([ana]);
  await changeUser(world, user);
  await pass(dayMs);
  expect(delegated(world)).toEqual([]);
});

test("deleted and purged: nothing is left, and that is proven", async () => {
  const { world, pass } = await settled();
  await changeUser(world, "soft-deleted");
  await pass(hourMs);
  world.source.users.delete(ana);
  world.source.members.get(lighthouse)?.delete(ana);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.deliver(eventAbout(ana, world.now()));
  await pass(dayMs);
  expect(homeProofs(world).at(-1)).toMatchObject({ plan: { purpose: "leave" } });
});

test("who was in it before Muster stays in it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withSourceGroup(lighthouse));
  world.source.members.get(lighthouse)?.add(ana);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect(delegated(world)).toEqual([ana]);
});

test("a group that the policy does not give any more is taken back", async () => {
  const { world, pass } = await settled();
  world.setPolicy(smallPolicy());
  await pass(hourMs);
  expect(delegated(world)).toEqual([]);
});

test.each([
  ["observe", []],
  ["add-only", [ana]],
] as const)("targets in mode %s", async (mode, afterwards) => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withSourceGroup(lighthouse, { mode }));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect(delegated(world)).toEqual(afterwards);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect(delegated(world)).toEqual(afterwards);
});

test("one of two targets observes: what only that one gives is not given, and not taken from who has it", async () => {
  const { world, pass } = await settled();
  const policy = withSourceGroup(lighthouse);
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) =>
      target.name === "contoso"
        ? { ...target, mode: "observe" }
        : { ...target, grants: target.grants.map((grant) => ({ ...grant, sourceGroups: [] })) },
    ),
  });
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect(delegated(world)).toEqual([ana]);
  world.setPolicy(policy);
  await pass(hourMs);
  expect(delegated(world)).toEqual([]);
});

test.each([
  ["shows a role", readersAtHome, "what shows role reader"],
  ["is a scope", "scope" as const, "the scope group of contoso"],
] as const)("a group that %s is refused, by whatever name", async (_, group, use) => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const policy = withSourceGroup(lighthouse);
  const [scope] = policy.targets.flatMap(({ sync }) =>
    sync.scope.kind === "group" && sync.scope.group.kind === "id" ? [sync.scope.group.id] : [],
  );
  const id = group === "scope" ? scope : group;
  const named = { kind: "name", name: `group ${String(id).slice(-2)}` } as const;
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.map((grant) => ({ ...grant, sourceGroups: [named] })),
    })),
  });
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect(world.parked).toMatchObject([{ reason: expect.stringContaining(use) }]);
  expect(world.source.writes.filter((write) => write.startsWith("grant"))).toEqual([]);
});

test.each([
  ["a source group that roles give", lighthouse, "a source group that roles give"],
  ["a scope group", groupId(9), "the scope group of contoso"],
])(
  "%s inside a role group makes holders of whoever Muster puts into it: people are told",
  async (_, group, what) => {
    const { world, pass } = await settled();
    world.source.members.get(respondersAtHome)?.add(group);
    await pass(hourMs);
    expect(world.parked).toMatchObject([{ reason: expect.stringContaining(what) }]);
  },
);
