import { expect, test } from "vitest";
import { callOf } from "../../shared/reconcile/run/shared-trouble.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, contosoTenant, hourMs, minuteMs, readersAtHome, syncScope } from "../support/fixtures.ts";

/** Ana is proven out, her account deleted; then somebody puts her into the scope group. */
async function leftAndInScope(afterMs: number) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(afterMs);
  expect(world.leaveProofs().map(({ target }) => target)).toContain("contoso");
  world.source.members.get(syncScope.scope.group)?.add(ana);
  const told = () =>
    world.parked.map(({ reason }) => reason).filter((reason) => reason.includes("put them in scope"));
  const look = () =>
    world.deliver(callOf({ kind: "access", tenant: contosoTenant, analyst: ana }, "test", world.now()));
  return { ...world, pass, told, look };
}

const isUnproven = async (world: Awaited<ReturnType<typeof leftAndInScope>>) =>
  ((await world.pairOf(contosoTenant, ana))?.unproven ?? null) !== null;

test("who has left and is put in scope by somebody else is not proven out, people hear of it once, and it ends with the scope", async () => {
  const world = await leftAndInScope(35 * minuteMs);
  const proofs = world.leaveProofs().length;
  await world.pass(2 * hourMs);
  expect(world.told()).toEqual([
    expect.stringContaining("has left, and somebody else has put them in scope"),
  ]);
  expect([world.leaveProofs().length, await isUnproven(world)]).toEqual([proofs, true]);
  for (const [id, account] of world.contoso.accounts)
    world.contoso.accounts.set(id, { ...account, state: "live" });
  await world.pass(30 * minuteMs);
  expect([...world.contoso.accounts.values()].map(({ state }) => state)).toEqual(["recycled"]);
  world.source.members.get(syncScope.scope.group)?.delete(ana);
  await world.pass(hourMs);
  expect(await isUnproven(world)).toBe(false);
  expect(world.told()).toHaveLength(1);
});

/** Graph does not show groups of the source, for ten minutes. */
async function unreadable(world: Awaited<ReturnType<typeof leftAndInScope>>, status: number) {
  let isRefused = true;
  world.source.always("listMemberOf", (call) => (isRefused ? Promise.reject(graphFailure(status)) : call()));
  await world.look();
  await world.pass(10 * minuteMs);
  isRefused = false;
}

test.each([429, 503])(
  "that the scope cannot be read for a while (%i) proves nobody out whom somebody else has put there",
  async (status) => {
    const world = await leftAndInScope(35 * minuteMs);
    await world.pass(hourMs);
    const proofs = world.leaveProofs().length;
    await unreadable(world, status);
    expect([world.leaveProofs().length, await isUnproven(world)]).toEqual([proofs, true]);
    await world.pass(2 * hourMs);
    expect([await isUnproven(world), world.told().length]).toEqual([true, 1]);
    world.source.members.get(syncScope.scope.group)?.delete(ana);
    await world.pass(hourMs);
    expect(await isUnproven(world)).toBe(false);
  },
);

test("that the scope cannot be read for a while makes nobody unproven who is proven out", async () => {
  const world = await leftAndInScope(2 * hourMs);
  world.source.members.get(syncScope.scope.group)?.delete(ana);
  const proofs = world.leaveProofs().length;
  await unreadable(world, 503);
  expect(await isUnproven(world)).toBe(false);
  await world.pass(2 * hourMs);
  expect([await isUnproven(world), world.leaveProofs().length, world.parked]).toEqual([false, proofs, []]);
});
