import { expect, test } from "vitest";
import type { PushTarget } from "../../shared/policy/policy.ts";
import { inGroup, smallPolicy, withGrants, type PushPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, contosoTenant, dayMs, groupId, hourMs, reader, readersAtHome } from "../support/fixtures.ts";

const withContoso = (policy: PushPolicy, changes: Partial<PushTarget>) => ({
  ...policy,
  targets: policy.targets.map((target) => (target.name === "contoso" ? { ...target, ...changes } : target)),
});
const withoutContoso = (policy: PushPolicy) => ({
  ...policy,
  targets: policy.targets.filter(({ name }) => name !== "contoso"),
});

// As many groups as a role has in a real SOC: the guardrail is about people who stay, and who leaves a target leaves it.
test("a target that gives more groups than one run may take is retired: everybody leaves it as if they had left", async () => {
  const groups = [21, 22, 23, 24, 25, 26].map(groupId);
  const policy = withGrants(reader, () => groups.map(inGroup));
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (const group of groups) world.contoso.members.set(group, new Set());
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect(groups.map((group) => world.contoso.members.get(group)?.size)).toEqual([1, 1, 1, 1, 1, 1]);
  world.setPolicy(withContoso(policy, { retire: true }));
  await pass(dayMs);
  expect(groups.map((group) => world.contoso.members.get(group)?.size)).toEqual([0, 0, 0, 0, 0, 0]);
  expect([...world.contoso.accounts.values()].map(({ state }) => state)).toEqual(["recycled"]);
});

// Whose account was there before Muster keeps it, and the scope with it, on purpose: when all have a proof the target goes, as advised.
test("a target is retired in which somebody had an account before Muster: it is taken out without a word", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.contoso.create(ana, { createdAt: world.now() - 400 * dayMs });
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.setPolicy(withContoso(smallPolicy(), { retire: true }));
  await pass(dayMs);
  expect(world.leaveProofs().filter(({ tenant }) => tenant === contosoTenant)).not.toEqual([]);
  world.setPolicy(withoutContoso(smallPolicy()));
  await pass(dayMs);
  expect(world.parked.map(({ advice }) => advice)).toEqual([]);
});

// Whoever offboards a customer stops the synchronization first, and "a proof for everybody" is there as soon as accounts are blocked: then
// nobody deletes what was to be deleted after a month, and nobody hears of it.
test("a target is retired and taken out before its accounts are due: people hear that there are accounts left", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const policy = smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } });
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.setPolicy(withContoso(policy, { retire: true }));
  await pass(dayMs);
  expect(world.leaveProofs().filter(({ tenant }) => tenant === contosoTenant)).not.toEqual([]);
  world.setPolicy(withoutContoso(policy));
  await pass(2 * dayMs);
  expect([...world.contoso.accounts.values()].map(({ state }) => state)).toEqual(["live"]);
  expect(world.parked).not.toEqual([]);
});
