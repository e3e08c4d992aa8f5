import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

/** Graph's answer about what is not there. */
const missing = {
  result: "missing",
  appliedBefore: "no",
  trace: { clientRequestId: "c", requestId: "r", status: 404, ms: 1, tries: 1 },
} as const;

test("disabled, and deleted just before Muster's leave-scope arrives (404); restored by mistake's undoing; leaves the SOC a day later", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  const user = world.userOf(ana);
  const event = () => world.deliver(eventAbout(ana, world.now()));
  // An offboarding script disables, and deletes a moment later. Graph does not find a member in the recycle bin: 404.
  world.source.next("leaveScope", async () => {
    world.source.users.set(ana, "soft-deleted");
    return missing;
  });
  world.source.users.set(ana, { ...user, enabled: false });
  await event();
  await world.wait(1_000);
  await event();
  await pass(hourMs);
  // She was the wrong one: restored with her memberships, and enabled.
  world.source.users.set(ana, user);
  await event();
  await pass(24 * hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  // Now she moves to another department.
  await world.change(ana, readersAtHome, "out");
  await pass(24 * hourMs);
  const proofs = world.leaveProofs();
  expect({
    scope: world.source.members.get(groupId(9))?.size,
    saidToBeOut: (proofs.at(-1)?.at ?? 0) > world.now() - 25 * hourMs,
    parked: world.parked.length,
  }).toEqual({ scope: 0, saidToBeOut: true, parked: 0 });
});

test("deleted, while accounts are kept for thirty days; sync deletes hers in its next cycle; restored", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  const user = world.userOf(ana);
  world.source.users.set(ana, "soft-deleted");
  await world.deliver(eventAbout(ana, world.now()));
  await pass(hourMs);
  world.contoso.recycleAll();
  world.source.users.set(ana, user);
  await world.deliver(eventAbout(ana, world.now()));
  await pass(hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: true }]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  expect(world.parked).toEqual([]);
});

test("sync deletes the account just before Muster's revoke arrives (404); the analyst comes back, and later loses one role", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  const user = world.userOf(ana);
  const event = () => world.deliver(eventAbout(ana, world.now()));
  const binned = async () => {
    world.contoso.recycleAll();
    return missing;
  };
  world.contoso.next("revoke", binned);
  world.contoso.next("revoke", binned);
  world.source.users.set(ana, "soft-deleted");
  await event();
  await pass(hourMs);
  world.source.users.set(ana, user);
  await event();
  await pass(24 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: true }]);
  await world.change(ana, respondersAtHome, "out");
  await pass(24 * hourMs);
  expect([readers, responders].map(({ grant }) => world.contoso.members.get(grant.group)?.size)).toEqual([
    1, 0,
  ]);
});

test("deleted in the source while nobody has found the account that sync makes: it takes sync a whole cycle to delete it, and the proof as long", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  // The answer names no account, and the account carries no stamp yet.
  for (let tries = 0; tries < 20; tries += 1) world.provisioner.next(() => ({ kind: "unnamed" }));
  await world.change(ana, readersAtHome, "in");
  await pass(2 * minuteMs);
  world.source.users.set(ana, "soft-deleted");
  await world.deliver(eventAbout(ana, world.now()));
  await pass(30 * minuteMs);
  expect(world.leaveProofs()).toEqual([]);
  await pass(hourMs);
  expect(world.leaveProofs()).toHaveLength(1);
});
