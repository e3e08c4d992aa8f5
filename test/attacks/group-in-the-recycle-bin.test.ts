import { describe, expect, test } from "vitest";
import { subjectOf } from "../../shared/model/grant.ts";
import type { TenantId } from "../../shared/model/ids.ts";
import type { Written } from "../../shared/graph/group-members.ts";
import { smallPolicy, withSourceGroup } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  hourMs,
  lighthouse,
  readersAtHome,
  syncScope,
} from "../support/fixtures.ts";

const missing: Written = {
  result: "missing",
  appliedBefore: "no",
  trace: { clientRequestId: "c-1", requestId: "r-1", status: 404, ms: 1, tries: 1 },
};

// Security groups are soft-deleted, too, and come back with their members within 30 days (learn.microsoft.com/graph/api/group-delete):
// somebody deletes the wrong group, an analyst leaves meanwhile, and "not found" is taken for "not a member".
test("the source group is in the recycle bin when somebody leaves: they are not in it when it is restored", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withSourceGroup(lighthouse));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const members = world.source.members.get(lighthouse) ?? expect.fail();
  world.source.members.delete(lighthouse);
  world.source.always("revoke", async (call) => (world.source.members.has(lighthouse) ? call() : missing));
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  world.source.members.set(lighthouse, members);
  await pass(dayMs);
  expect([...members]).toEqual([]);
});

const home = smallPolicy().source.tenantId;
const scope = syncScope.scope.group;

describe.each([
  ["the source group", lighthouse, "revoke"],
  ["the scope group", scope, "leaveScope"],
] as const)("%s is deleted, and somebody leaves", (_, group, call) => {
  async function leftMeanwhile() {
    const world = smallWorld();
    const pass = withCatchUp(world, "seldom");
    world.setPolicy(withSourceGroup(lighthouse));
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    const members = world.source.members.get(group) ?? expect.fail();
    world.source.members.delete(group);
    world.source.always(call, async (go) => (world.source.members.has(group) ? go() : missing));
    await world.change(ana, readersAtHome, "out");
    await pass(hourMs);
    const rowsOf = async (tenant: TenantId) => (await world.pairOf(tenant, ana))?.ledger ?? [];
    const remembered = async () =>
      [...(await rowsOf(home)), ...(await rowsOf(contosoTenant))].filter(
        ({ item }) => subjectOf(item.kind === "scope" ? item.scope : item.grant) === group,
      );
    return { world, pass, members, remembered };
  }

  test("restored after weeks, with a replica that shows the members late: they are taken out of it within a day", async () => {
    const { world, pass, members } = await leftMeanwhile();
    await pass(20 * dayMs);
    world.source.members.set(group, members);
    world.source.next("listMemberOf", async () => ({ items: [], completeness: { kind: "complete" } }));
    await pass(dayMs + hourMs);
    expect([...members]).toEqual([]);
  });

  test("they are proven out, and the proof says that the group may come back", async () => {
    const { world } = await leftMeanwhile();
    const notes = world.leaveProofs().flatMap(({ plan }) => plan.notes.map(({ kind }) => kind));
    expect(notes).toContain("group-deleted");
    const evidence = JSON.stringify(world.leaveProofs().map((proof) => proof.evidence));
    expect(evidence).toContain("recycled");
  });

  test("never restored: after 31 days nothing is remembered of it", async () => {
    const { world, pass, remembered } = await leftMeanwhile();
    expect(await remembered()).not.toEqual([]);
    await pass(32 * dayMs);
    expect(await remembered()).toEqual([]);
    expect(world.parked).toEqual([]);
  });
});

test("somebody else has taken them out of it: it is forgotten as ever", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withSourceGroup(lighthouse));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.source.next("revoke", async (call) => {
    world.source.members.get(lighthouse)?.delete(ana);
    return call();
  });
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect((await world.pairOf(home, ana))?.ledger).toEqual([]);
});
