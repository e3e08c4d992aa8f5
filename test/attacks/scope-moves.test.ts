import { expect, test } from "vitest";
import { byId, smallPolicy, withScopes } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { ana, groupId, hourMs, minuteMs, readers, readersAtHome, syncScope } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

const before = syncScope.scope.group;
const after = groupId(90);

/** The policy with another scope group for Contoso. */
const moved = () => withScopes({ contoso: byId(after), fabrikam: byId(groupId(8)) });

/** Cross-tenant sync deletes whoever is in none of the groups that are assigned to it. */
function cycle(world: SmallWorld): void {
  const inScope = [before, after].some((group) => world.source.members.get(group)?.has(ana) === true);
  if (!inScope) world.contoso.recycleAll();
}

const scopes = (world: SmallWorld) => [before, after].map((group) => world.source.members.get(group)?.size);
const accounts = (world: SmallWorld) => [...world.contoso.accounts.values()].map(({ state }) => state);

async function readerUnderNewScope() {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.source.members.set(after, new Set());
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  world.setPolicy(moved());
  await pass(20 * minuteMs);
  return { world, pass };
}

test("the policy names another scope group: who stays is in both for a whole sync cycle, then in the new one alone", async () => {
  const { world, pass } = await readerUnderNewScope();
  expect(scopes(world)).toEqual([1, 1]);
  for (let at = 0; at < 6; at += 1) {
    cycle(world);
    await pass(20 * minuteMs);
  }
  expect(scopes(world)).toEqual([0, 1]);
  expect(accounts(world)).toEqual(["live"]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  expect(world.contoso.writes.filter((write) => !write.startsWith("grant"))).toEqual([]);
  const pair = await world.pairOf(world.policy().targets[0]?.tenantId ?? expect.fail(), ana);
  expect(pair?.ledger.filter(({ item }) => item.kind === "scope").map(({ entry }) => entry.state)).toEqual([
    "added",
  ]);
  expect(pair?.account).toMatchObject({ origin: "created", deleted: "no" });
});

test.each([
  ["before the new scope was joined", 0],
  ["while in both", 20 * minuteMs],
  ["when the old one is left", 3 * hourMs],
])("who leaves %s is out of both, and deleted", async (_, afterMs) => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.source.members.set(after, new Set());
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  world.setPolicy(moved());
  await pass(afterMs);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(scopes(world)).toEqual([0, 0]);
  expect(accounts(world)).toEqual(["recycled"]);
  expect(world.entries.at(-1)).toMatchObject({ kind: "proof", plan: { purpose: "leave" } });
});

test("the policy goes back to the first scope group in the middle of the move: nobody loses an account", async () => {
  const { world, pass } = await readerUnderNewScope();
  world.setPolicy(smallPolicy());
  for (let at = 0; at < 6; at += 1) {
    await pass(20 * minuteMs);
    cycle(world);
  }
  expect(scopes(world)).toEqual([1, 0]);
  expect(accounts(world)).toEqual(["live"]);
});
