import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { ana, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test("a leaver's grant cannot be taken at first, and the reminder to try again dies (dead-lettered, purged)", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  world.contoso.next("revoke", () => Promise.reject(graphFailure(503)));
  world.contoso.next("block", () => Promise.reject(graphFailure(503)));
  await world.change(ana, readersAtHome, "out");
  await world.until(world.now());
  world.forgetScheduled();
  await pass(48 * hourMs);
  expect({
    grants: world.contoso.members.get(readers.grant.group)?.size,
    enabled: [...world.contoso.accounts.values()].map(({ enabled }) => enabled),
    proofs: world.leaveProofs().length,
  }).toEqual({ grants: 0, enabled: [false], proofs: 1 });
});

test("a joiner who waits for provisioning, whose reminder dies", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.provisioner.next(() => ({ kind: "not-in-scope", detail: "not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await world.until(world.now());
  world.forgetScheduled();
  await pass(48 * hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});
