import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, syncScope } from "../support/fixtures.ts";

function scene() {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const set = (enabled: boolean) => world.source.users.set(ana, { ...world.userOf(ana), enabled });
  /** What sync exports of the source user in a cycle: whether the account is enabled. */
  const cycle = () => {
    const { enabled } = world.userOf(ana);
    for (const [id, account] of world.contoso.accounts)
      world.contoso.accounts.set(id, { ...account, enabled });
  };
  const hear = () => world.deliver(eventAbout(ana, world.now()));
  return {
    ...world,
    pass,
    set,
    cycle,
    hear,
    /** Sync had her in scope, and made her account, before she was an analyst. */
    hadAccount(changes: { readonly createdAt: number; readonly enabled?: boolean }) {
      world.source.members.get(syncScope.scope.group)?.add(ana);
      world.contoso.create(ana, changes);
    },
    /** Enabled; the next cycle of sync comes a while later. */
    async comesBack(cycleAfterMs: number) {
      set(true);
      await hear();
      await pass(cycleAfterMs);
      cycle();
      await pass(2 * hourMs);
    },
  };
}

const blocked = ({ parked }: ReturnType<typeof scene>) =>
  parked.map(({ reason }) => reason).filter((reason) => reason.includes("is blocked"));

test("disabled for her leave, and enabled again: nobody is told that somebody else has blocked the account that was hers before, because the next cycle of sync enables it", async () => {
  const world = scene();
  world.hadAccount({ createdAt: world.now() - 90 * dayMs });
  await world.change(ana, readersAtHome, "in");
  await world.pass(hourMs);
  world.set(false);
  await world.hear();
  await world.pass(30 * minuteMs);
  world.cycle();
  await world.pass(20 * dayMs);
  expect(world.parked).toEqual([]);
  await world.comesBack(30 * minuteMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(blocked(world)).toEqual([]);
});

test("disabled by mistake for a quarter of an hour, in which sync was there before Muster: nobody is told that somebody else has blocked her account", async () => {
  const world = scene();
  await world.change(ana, readersAtHome, "in");
  await world.pass(hourMs);
  world.set(false);
  world.cycle();
  await world.hear();
  await world.pass(15 * minuteMs);
  await world.comesBack(25 * minuteMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(blocked(world)).toEqual([]);
});

test("hired with an account that was disabled until her first day: nobody is told that somebody else has blocked it, because the next cycle of sync enables it", async () => {
  const world = scene();
  world.set(false);
  world.hadAccount({ createdAt: world.now() - 10 * dayMs, enabled: false });
  await world.change(ana, readersAtHome, "in");
  await world.pass(10 * dayMs);
  await world.comesBack(30 * minuteMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(blocked(world)).toEqual([]);
});
