import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { unnamed } from "../support/unnamed-account.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("an administrator purged her account and sync makes another one that nobody has found: who leaves then is not said to be out before sync had a cycle", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs);
  world.contoso.accounts.clear();
  unnamed(world);
  // She becomes a hunter as well, so Muster looks at the pair.
  const user = world.userOf(ana);
  world.source.users.set(ana, { ...user, attributes: { department: "SOC", jobTitle: "Threat Hunter" } });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(5 * minuteMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true, state: "live" }]);
  world.source.users.set(ana, { ...user, enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(30 * minuteMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true, state: "live" }]);
  expect(world.leaveProofs()).toEqual([]);
  world.contoso.recycleAll();
  await pass(hourMs);
  expect(world.leaveProofs()).toHaveLength(1);
});

test("the job is in quarantine when somebody leaves whose account nobody has found: nobody says that she is out while sync does not delete it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  unnamed(world);
  await world.change(ana, readersAtHome, "in");
  await pass(2 * minuteMs);
  world.provisioner.quarantine = "TooManyDeletes";
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true, state: "live" }]);
  expect(world.leaveProofs()).toEqual([]);
});

test("the job was paused before somebody left whose account nobody has found, and runs again when an hour is over: she is out when a cycle has been, and people are told before", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  unnamed(world);
  world.provisioner.cycleBegan = world.now();
  await world.change(ana, readersAtHome, "in");
  await pass(2 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(world.leaveProofs()).toEqual([]);
  expect(world.parked).toEqual([]);
  await pass(hourMs);
  expect(world.leaveProofs()).toEqual([]);
  expect(world.parked).toMatchObject([
    { reason: expect.stringContaining("has ended no cycle without errors") },
  ]);
  world.provisioner.cycleBegan = world.now();
  world.contoso.recycleAll();
  await pass(hourMs);
  expect(world.leaveProofs()).toHaveLength(1);
});

test("sync does not see somebody whose account was purged after a month in scope: it is asked now and then, not every few seconds", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * dayMs);
  world.contoso.accounts.clear();
  const before = world.provisioner.asked.length;
  for (let tries = 0; tries < 5_000; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  const user = world.userOf(ana);
  world.source.users.set(ana, { ...user, attributes: { department: "SOC", jobTitle: "Threat Hunter" } });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(dayMs);
  // Eleven times in the first ten minutes, and once in every cycle of sync.
  expect(world.provisioner.asked.length - before).toBeLessThanOrEqual(11 + 36);
});
