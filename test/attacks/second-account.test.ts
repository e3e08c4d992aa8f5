import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

async function reader(deleteAfterMs: number) {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  return { world, pass };
}

test("on-demand provisioning made a second account beside the first: who leaves is out of both", async () => {
  const { world, pass } = await reader(0);
  world.contoso.create(ana);
  await world.change(ana, readersAtHome, "out");
  await pass(2 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "recycled" }, { state: "recycled" }]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  expect(world.entries.at(-1)).toMatchObject({ kind: "proof", plan: { purpose: "leave" } });
});

test("accounts are deleted after thirty days: both are blocked at once", async () => {
  const { world, pass } = await reader(30 * dayMs);
  world.contoso.create(ana);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: false }, { enabled: false }]);
});

test("the second one was there before Muster: people are told, and nothing is proven while it is enabled", async () => {
  const { world, pass } = await reader(0);
  const theirs = world.contoso.create(ana, { createdAt: 0 });
  await world.change(ana, readersAtHome, "out");
  await pass(2 * hourMs);
  expect(world.contoso.accounts.get(theirs)).toMatchObject({ state: "live", enabled: true });
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining(theirs)]);
  const proofs = () => world.entries.filter(({ kind, plan }) => kind === "proof" && plan.purpose === "leave");
  expect(proofs()).toEqual([]);
  world.contoso.accounts.delete(theirs);
  await pass(2 * hourMs);
  expect(proofs()).toHaveLength(1);
});
