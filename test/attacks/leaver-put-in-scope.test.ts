import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
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
  const look = () => world.deliver(eventAbout(ana, world.now()));
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
