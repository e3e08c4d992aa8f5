import { expect, test } from "vitest";
import { byId, withScopes, withSourceGroup } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import type { GroupId } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { graphFailure } from "../support/graph-failure.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  lighthouse,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  syncScope,
} from "../support/fixtures.ts";

const scope = syncScope.scope.group;
const other = groupId(91);
const isIn = ({ source }: SmallWorld, group: GroupId) => source.members.get(group)?.has(ana) ?? false;
const accounts = ({ contoso }: SmallWorld) => [...contoso.accounts.values()].map(({ state }) => state);

const giving = (policy: Policy, group: GroupId): Policy => ({
  ...policy,
  targets: policy.targets.map((target) => ({
    ...target,
    grants: target.grants.map((grant) =>
      grant.role === reader ? { ...grant, sourceGroups: [byId(group)] } : grant,
    ),
  })),
});

async function settledUnder(policy: Policy) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.source.members.set(other, new Set());
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  return { world, pass };
}

// The group that synchronization went by has just the right people in it, so Azure Lighthouse is delegated to it when the target
// gets a new scope group; that is one edit of the policy, and Muster itself takes out of it whom it had put in.
test("what was a target's scope group becomes a source group: who stays is in it", async () => {
  const { world, pass } = await settledUnder(
    withScopes({ contoso: byId(scope), fabrikam: byId(groupId(8)) }),
  );
  expect(isIn(world, scope)).toBe(true);
  world.setPolicy(giving(withScopes({ contoso: byId(other), fabrikam: byId(groupId(8)) }), scope));
  await pass(dayMs);
  expect(isIn(world, other)).toBe(true);
  expect(isIn(world, scope)).toBe(true);
});

// The other way round it is the account that goes: who is in no scope group at the next cycle of sync is deleted in the target.
test("what was a source group becomes a target's scope group while the source refuses writes for an hour: who stays is in it", async () => {
  const { world, pass } = await settledUnder(withSourceGroup(lighthouse));
  expect(isIn(world, lighthouse)).toBe(true);
  world.setPolicy(withScopes({ contoso: byId(lighthouse), fabrikam: byId(groupId(8)) }));
  world.source.always("revoke", async () => {
    throw graphFailure(503);
  });
  await pass(hourMs);
  world.source.always("revoke", (call) => call());
  for (let cycle = 0; cycle < 36; cycle += 1) {
    await pass(40 * 60_000);
    if (![scope, lighthouse].some((group) => isIn(world, group))) world.contoso.recycleAll();
  }
  expect(isIn(world, lighthouse)).toBe(true);
  expect(accounts(world)).toEqual(["live"]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});

test.each([
  [
    "a scope group that became a source group",
    () => withScopes({ contoso: byId(scope), fabrikam: byId(groupId(8)) }),
    () => giving(withScopes({ contoso: byId(other), fabrikam: byId(groupId(8)) }), scope),
  ],
  [
    "a source group that became a scope group",
    () => withSourceGroup(lighthouse),
    () => withScopes({ contoso: byId(lighthouse), fabrikam: byId(groupId(8)) }),
  ],
])("whoever leaves is out of %s, too, and out of the other", async (_, before, after) => {
  const { world, pass } = await settledUnder(before());
  world.setPolicy(after());
  await pass(dayMs);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect([scope, lighthouse, other].filter((group) => isIn(world, group))).toEqual([]);
  expect(accounts(world)).toEqual(["recycled"]);
  expect(world.parked).toEqual([]);
  const proven = new Set(world.leaveProofs().map(({ tenant }) => tenant));
  expect(proven).toContain(contosoTenant);
});

// What was being taken back at home when the edit came is the scope's by then: a removal that is tried on must not be the end of it.
test("a source group is being taken back when it becomes a scope group: who is given the target again keeps it", async () => {
  const { world, pass } = await settledUnder(withSourceGroup(lighthouse));
  world.source.always("revoke", async () => {
    throw graphFailure(503);
  });
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  world.setPolicy(withScopes({ contoso: byId(lighthouse), fabrikam: byId(groupId(8)) }));
  await world.change(ana, readersAtHome, "in");
  world.source.always("revoke", (call) => call());
  await pass(dayMs);
  expect(isIn(world, lighthouse)).toBe(true);
  expect(accounts(world)).toEqual(["live"]);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(isIn(world, lighthouse)).toBe(false);
});
