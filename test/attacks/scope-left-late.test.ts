import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, syncScope } from "../support/fixtures.ts";

const notSeen = (world: SmallWorld) => {
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
};

/** For this long the source answers reads, and no write to the scope group. */
function scopeStuckFor(world: SmallWorld, ms: number, status: number): void {
  const until = world.now() + ms;
  world.source.always("leaveScope", async (go) => {
    if (world.now() < until)
      throw graphFailure(status, { method: "DELETE", template: "/groups/{id}/members/{id}/$ref" });
    return go();
  });
}

const inScope = (world: SmallWorld) => world.source.members.get(syncScope.scope.group)?.size;
const enabled = (world: SmallWorld) =>
  [...world.contoso.accounts.values()].filter((one) => one.state === "live" && one.enabled).length;

test.each([403, 503])(
  "for three hours Graph answers %i when Muster takes her out of scope, and after one of them a cycle of sync makes her account: she is out of scope and without an account when Graph is well again",
  async (status) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    notSeen(world);
    await world.change(ana, readersAtHome, "in");
    await pass(10 * minuteMs);
    scopeStuckFor(world, 3 * hourMs, status);
    await world.change(ana, readersAtHome, "out");
    await pass(hourMs);
    expect(inScope(world)).toBe(1);
    world.contoso.create(ana);
    await pass(2 * dayMs);
    expect({
      inScope: inScope(world),
      enabled: enabled(world),
      saidToBeOut: world.leaveProofs().length > 0,
    }).toEqual({ inScope: 0, enabled: 0, saidToBeOut: true });
  },
);

test("she could be taken out of scope only an hour after she left; a cycle that began before that makes her account ten minutes later, and then the job is in quarantine: she is not said to be out while it is enabled", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  notSeen(world);
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  scopeStuckFor(world, hourMs, 503);
  await world.change(ana, readersAtHome, "out");
  while (inScope(world) === 1) await pass(minuteMs);
  world.provisioner.cycleBegan = world.now() - 2 * minuteMs;
  await pass(10 * minuteMs);
  world.contoso.create(ana);
  world.provisioner.quarantine = "TooManyDeletes";
  await pass(dayMs);
  expect({
    isIn: enabled(world) > 0,
    saidToBeOut: world.leaveProofs().length > 0,
  }).not.toEqual({ isIn: true, saidToBeOut: true });
});

test("she could be taken out of scope only an hour after she left; a cycle that began before that enables her blocked account ten minutes later: it is blocked once more", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  scopeStuckFor(world, hourMs, 503);
  await world.change(ana, readersAtHome, "out");
  while (inScope(world) === 1) await pass(minuteMs);
  await pass(10 * minuteMs);
  const [account] = world.contoso.accounts.values();
  if (account === undefined) throw new Error("no account");
  // Her stamps have changed, so sync writes her anew: the block in the target is undone.
  world.contoso.accounts.set(account.id, { ...account, enabled: true });
  world.provisioner.quarantine = "TooManyDeletes";
  await pass(dayMs);
  expect(enabled(world)).toBe(0);
});

const isDeleted = (world: SmallWorld) => world.source.users.set(ana, "soft-deleted");

/** Found by a world in the lab, in a storm. */
test.each(["before she leaves", "while Graph refuses"])(
  "Graph refuses to take her out of scope, and her user is deleted %s: she is proven out when a whole cycle of sync is over",
  async (when) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    notSeen(world);
    await world.change(ana, readersAtHome, "in");
    await pass(10 * minuteMs);
    scopeStuckFor(world, 3 * hourMs, 429);
    if (when === "while Graph refuses") {
      await world.change(ana, readersAtHome, "out");
      await pass(hourMs);
    }
    isDeleted(world);
    // The read of the scope is refused as well, so it is tried.
    const until = world.now() + 10 * minuteMs;
    world.source.always("listMemberOf", async (go) => {
      if (world.now() < until) throw graphFailure(429);
      return go();
    });
    await world.deliver(eventAbout(ana, world.now()));
    await pass(20 * minuteMs);
    expect(world.leaveProofs()).toEqual([]);
    await pass(2 * hourMs);
    expect(world.leaveProofs()).toHaveLength(1);
  },
);
