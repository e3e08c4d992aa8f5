import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, syncScope } from "../support/fixtures.ts";

/** What sync exports of the source user in a cycle: whether the account is enabled. */
function cycle(world: ReturnType<typeof smallWorld>) {
  const { enabled } = world.userOf(ana);
  for (const [id, account] of world.contoso.accounts) world.contoso.accounts.set(id, { ...account, enabled });
}

const blocked = (world: ReturnType<typeof smallWorld>) =>
  world.parked.map(({ reason }) => reason).filter((reason) => reason.includes("is blocked"));

test("disabled for her leave, and enabled again: nobody is told that somebody else has blocked the account that was hers before, because the next cycle of sync enables it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const setUser = async (enabled: boolean) => {
    world.source.users.set(ana, { ...world.userOf(ana), enabled });
    await world.deliver(eventAbout(ana, world.now()));
  };
  // Sync had her in scope, and made her account, before she was an analyst.
  world.source.members.get(syncScope.scope.group)?.add(ana);
  world.contoso.create(ana, { createdAt: world.now() - 90 * dayMs });
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await setUser(false);
  await pass(30 * minuteMs);
  cycle(world);
  await pass(20 * dayMs);
  expect(world.parked).toEqual([]);
  await setUser(true);
  await pass(30 * minuteMs);
  cycle(world);
  await pass(2 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(blocked(world)).toEqual([]);
});

test("disabled by mistake for a quarter of an hour, in which sync was there before Muster: nobody is told that somebody else has blocked her account", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  cycle(world);
  await world.deliver(eventAbout(ana, world.now()));
  await pass(15 * minuteMs);
  world.source.users.set(ana, { ...world.userOf(ana), enabled: true });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(25 * minuteMs);
  cycle(world);
  await pass(2 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(blocked(world)).toEqual([]);
});

test("hired with an account that was disabled until her first day: nobody is told that somebody else has blocked it, because the next cycle of sync enables it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  world.source.members.get(syncScope.scope.group)?.add(ana);
  world.contoso.create(ana, { createdAt: world.now() - 10 * dayMs, enabled: false });
  await world.change(ana, readersAtHome, "in");
  await pass(10 * dayMs);
  world.source.users.set(ana, { ...world.userOf(ana), enabled: true });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(30 * minuteMs);
  cycle(world);
  await pass(2 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(blocked(world)).toEqual([]);
});
