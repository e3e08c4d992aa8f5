import { expect, test } from "vitest";
import { crowdOfReaders, tenPeople } from "../support/crowd.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { unnamed } from "../support/unnamed-account.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

test("back after forty days, when the old account is purged; leaves while nobody has found the new one, and the job is in quarantine: nobody says that she is out, and people are told", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  await world.wait(39 * dayMs);
  world.contoso.accounts.clear();
  unnamed(world);
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  const before = world.leaveProofs().length;
  world.provisioner.quarantine = "TooManyDeletes";
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true, state: "live" }]);
  expect(world.leaveProofs()).toHaveLength(before);
  expect(world.parked).toHaveLength(1);
});

test("her account was purged, and she leaves while nobody has found the one that sync makes in its place and the job is in quarantine: nobody says that she is out", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs);
  world.contoso.accounts.clear();
  unnamed(world);
  await world.change(ana, respondersAtHome, "in");
  await pass(5 * minuteMs);
  world.provisioner.quarantine = "TooManyDeletes";
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(dayMs);
  const inContoso = world.leaveProofs().filter(({ target }) => target === "contoso");
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true, state: "live" }]);
  expect(inContoso).toEqual([]);
});

test("a cycle of sync began two seconds after she left, saw her in scope all the same and made her account: it is not the cycle that ends it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await pass(20 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(2_000);
  world.provisioner.cycleBegan = world.now();
  await world.wait(20_000);
  world.contoso.create(ana, { stamp: null });
  // The cycle is a long one, so the next has not begun yet.
  await pass(hourMs);
  expect(world.leaveProofs()).toEqual([]);
});

test("ten leave whose accounts nobody has found, and the job is in quarantine: that is one entry for people, not ten", async () => {
  const world = await crowdOfReaders([]);
  for (let tries = 0; tries < 5_000; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.pass(20 * minuteMs);
  world.provisioner.quarantine = "TooManyDeletes";
  for (const id of tenPeople) {
    world.source.users.set(id, { ...world.userOf(id), enabled: false });
    await world.deliver(eventAbout(id, world.now()));
    await world.pass(minuteMs);
  }
  await world.pass(dayMs);
  expect(world.leaveProofs()).toEqual([]);
  expect(world.parked).toHaveLength(1);
});

test("back after forty days, when the old account is purged, and no call for a new one is answered in time: she is not said to be out before sync has had a whole cycle", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  await world.wait(39 * dayMs);
  world.contoso.accounts.clear();
  world.provisioner.next(() => {
    world.contoso.create(ana, { stamp: null });
    throw graphFailure(0);
  });
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() => {
      throw graphFailure(0);
    });
  await world.change(ana, readersAtHome, "in");
  await pass(3 * minuteMs);
  const before = world.leaveProofs().length;
  await world.change(ana, readersAtHome, "out");
  await pass(40 * minuteMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true, state: "live" }]);
  expect(world.leaveProofs()).toHaveLength(before);
  world.contoso.recycleAll();
  await pass(hourMs);
  expect(world.leaveProofs()).toHaveLength(before + 1);
});
