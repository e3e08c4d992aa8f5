import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { ana, groupId, minuteMs, readers, responders } from "../support/world.ts";
import { readersAtHome, respondersAtHome, withCatchUp } from "../support/with-catch-up.ts";

const hour = 60 * minuteMs;
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
  const user = world.source.users.get(ana);
  if (user === undefined || user === "soft-deleted") throw new Error("no Ana");
  const event = () =>
    world.deliver({
      key: { kind: "analyst", analyst: ana },
      cause: "t",
      heardAt: world.now(),
      occasion: "event",
    });
  // An offboarding script disables, and deletes a moment later. Graph does not find a member in the recycle bin: 404.
  world.source.next("leaveScope", async () => {
    world.source.users.set(ana, "soft-deleted");
    return missing;
  });
  world.source.users.set(ana, { ...user, enabled: false });
  await event();
  await world.wait(1_000);
  await event();
  await pass(hour);
  // She was the wrong one: restored with her memberships, and enabled.
  world.source.users.set(ana, user);
  await event();
  await pass(24 * hour);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  // Now she moves to another department.
  await world.change(ana, readersAtHome, "out");
  await pass(24 * hour);
  const proofs = world.entries.filter(({ kind, plan }) => kind === "proof" && plan.purpose === "leave");
  expect({
    scope: world.source.members.get(groupId(9))?.size,
    saidToBeOut: (proofs.at(-1)?.at ?? 0) > world.now() - 25 * hour,
    parked: world.parked.length,
  }).toEqual({ scope: 0, saidToBeOut: true, parked: 0 });
});

test("sync deletes the account just before Muster's revoke arrives (404); the analyst comes back, and later loses one role", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  const user = world.source.users.get(ana);
  if (user === undefined || user === "soft-deleted") throw new Error("no Ana");
  const event = () =>
    world.deliver({
      key: { kind: "analyst", analyst: ana },
      cause: "t",
      heardAt: world.now(),
      occasion: "event",
    });
  const binned = async () => {
    for (const account of world.contoso.accounts.values())
      world.contoso.accounts.set(account.id, { ...account, state: "recycled" });
    return missing;
  };
  world.contoso.next("revoke", binned);
  world.contoso.next("revoke", binned);
  world.source.users.set(ana, "soft-deleted");
  await event();
  await pass(hour);
  world.source.users.set(ana, user);
  await event();
  await pass(24 * hour);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: true }]);
  await world.change(ana, respondersAtHome, "out");
  await pass(24 * hour);
  expect([readers, responders].map(({ grant }) => world.contoso.members.get(grant.group)?.size)).toEqual([
    1, 0,
  ]);
});
