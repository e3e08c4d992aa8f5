import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome, syncScope } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

const scope = syncScope.scope.group;

/** A world in which accounts that were there before go with their owners as well. */
function worldOfAll(deleteAfterMs: number) {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs, accounts: "all" } }));
  return { world, pass: withCatchUp(world) };
}

test("an account from before goes with its owner, and sync deletes it before Muster would; she is back: so is the account", async () => {
  const { world, pass } = worldOfAll(30 * dayMs);
  const account = world.contoso.create(ana, { createdAt: 0 });
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(30 * minuteMs);
  const kept = world.contoso.accounts.get(account) ?? expect.fail();
  world.contoso.accounts.set(account, { ...kept, state: "recycled" });
  await world.change(ana, readersAtHome, "in");
  await pass(24 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
  expect(world.contoso.accounts.get(account)).toMatchObject({ state: "live", enabled: true });
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});

test("somebody else put her in scope, and the source does not answer when she leaves: no proof before that is known to be over", async () => {
  const { world, pass } = worldOfAll(0);
  world.source.members.get(scope)?.add(ana);
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  await world.change(ana, readersAtHome, "out");
  for (let n = 0; n < 3; n += 1)
    world.source.next("listMemberOf", async () => {
      throw graphFailure(503);
    });
  await pass(minuteMs);
  const saidToBeOut = world.entries.some(({ kind, plan }) => kind === "proof" && plan.purpose === "leave");
  expect({ inScope: world.source.members.get(scope)?.has(ana), saidToBeOut }).not.toEqual({
    inScope: true,
    saidToBeOut: true,
  });
});
