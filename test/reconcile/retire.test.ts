import { expect, test } from "vitest";
import { homeOf } from "../../shared/policy/places.ts";
import type { PushTarget } from "../../shared/policy/policy.ts";
import { smallPolicy, withoutRole, withSourceGroup } from "../support/small-policy.ts";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  hourMs,
  lighthouse,
  reader,
  readers,
  readersAtHome,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";

const ben = person(2);

/** The small policy, in which this is true of Contoso. */
const withContoso = (changes: Partial<PushTarget>, policy = smallPolicy()) => ({
  ...policy,
  targets: policy.targets.map((target) => (target.name === "contoso" ? { ...target, ...changes } : target)),
});
const withoutContoso = () => ({
  ...smallPolicy(),
  targets: smallPolicy().targets.filter(({ name }) => name !== "contoso"),
});

/** Ana reads in Contoso and Ben responds in both targets. */
async function settled(policy = smallPolicy()) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(policy);
  world.addUser(ben);
  await world.change(ana, readersAtHome, "in");
  await world.change(ben, respondersAtHome, "in");
  await pass(hourMs);
  return { world, pass };
}

const accountsIn = (world: Pick<SmallWorld, "contoso" | "fabrikam">, target: "contoso" | "fabrikam") =>
  [...world[target].accounts.values()].map(({ state }) => state);

test("a target that is retired: everything that Muster gave there goes from everybody, and nothing anywhere else", async () => {
  const { world, pass } = await settled();
  world.contoso.members.get(readers.grant.group)?.add("native");
  world.setPolicy(withContoso({ retire: true }));
  await pass(dayMs);
  expect(accountsIn(world, "contoso")).toEqual(["recycled", "recycled"]);
  expect([...(world.contoso.members.get(readers.grant.group) ?? [])]).toEqual(["native"]);
  expect([...(world.source.members.get(syncScope.scope.group) ?? [])]).toEqual([]);
  expect(accountsIn(world, "fabrikam")).toEqual(["live"]);
  const proven = world.leaveProofs().map(({ analyst, tenant }) => [analyst, tenant]);
  expect(new Map(proven.map(([analyst, tenant]) => [analyst, tenant]))).toEqual(
    new Map([
      [ana, contosoTenant],
      [ben, contosoTenant],
    ]),
  );
  expect(world.parked).toEqual([]);
});

test("whoever joins then gets nothing there", async () => {
  const { world, pass } = await settled(withContoso({ retire: true }));
  expect(accountsIn(world, "contoso")).toEqual([]);
  expect((await world.recordOf(ana))?.targets).toEqual([]);
  await pass(hourMs);
  expect(accountsIn(world, "fabrikam")).toEqual(["live"]);
});

test("when all is taken back the target goes without a word", async () => {
  const { world, pass } = await settled();
  world.setPolicy(withContoso({ retire: true }));
  await pass(dayMs);
  world.setPolicy(withoutContoso());
  await pass(dayMs);
  expect(world.parked).toEqual([]);
});

test("before that people hear, once, what they should have done", async () => {
  const { world, pass } = await settled();
  world.setPolicy(withoutContoso());
  await pass(dayMs);
  expect(world.parked).toMatchObject([{ advice: expect.stringContaining("retire: true") }]);
  expect(accountsIn(world, "contoso")).toEqual(["live", "live"]);
  world.setPolicy(withContoso({ retire: true }));
  await pass(dayMs);
  expect(accountsIn(world, "contoso")).toEqual(["recycled", "recycled"]);
});

test("in a target that only observes nothing is taken, and the journal says what would be", async () => {
  const { world, pass } = await settled();
  world.setPolicy(withContoso({ retire: true, mode: "observe" }));
  await pass(dayMs);
  expect(accountsIn(world, "contoso")).toEqual(["live", "live"]);
  const last = world.entries.findLast(({ tenant }) => tenant === contosoTenant);
  expect(last?.plan).toMatchObject({ purpose: "leave", steps: [] });
  expect(last?.plan.withheld.map(({ step }) => step.kind)).toContain("revoke");
});

test("who comes back into a target that is not retired after all has everything again", async () => {
  const { world, pass } = await settled();
  world.setPolicy(withContoso({ retire: true }));
  await pass(hourMs);
  world.setPolicy(smallPolicy());
  await pass(dayMs);
  expect(accountsIn(world, "contoso")).toEqual(["live", "live"]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});

test("a source group goes with the last target that gives it", async () => {
  const policy = withSourceGroup(lighthouse);
  const { world, pass } = await settled(policy);
  const delegated = () => [...(world.source.members.get(lighthouse) ?? [])];
  expect(delegated()).toEqual([ana]);
  world.setPolicy(withContoso({ retire: true }, policy));
  await pass(dayMs);
  expect(delegated()).toEqual([ana]);
  const both = { ...policy, targets: policy.targets.map((target) => ({ ...target, retire: true })) };
  expect(homeOf(both).modes).toHaveLength(1);
  world.setPolicy(both);
  await pass(dayMs);
  expect(delegated()).toEqual([]);
});

test("what people were not to lose unseen goes with the target all the same: that was asked for by name", async () => {
  const world = await settledReaders(tenPeople);
  const given = withoutRole(reader);
  world.setPolicy(given);
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  world.setPolicy(withContoso({ retire: true }, given));
  await world.pass(dayMs);
  expect(world.inside()).toEqual([]);
  expect(new Set(accountsIn(world, "contoso"))).toEqual(new Set(["recycled"]));
});

test("where accounts are kept for a while they are blocked and empty until their day has come", async () => {
  const { world, pass } = await settled();
  const policy = withContoso({ retire: true });
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs: 30 * dayMs } });
  await pass(dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([
    { enabled: false, state: "live" },
    { enabled: false, state: "live" },
  ]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  await pass(30 * dayMs);
  expect(accountsIn(world, "contoso")).toEqual(["recycled", "recycled"]);
});
