import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

test("a leaver's account cannot be blocked, because she holds a directory role there, and she is back after ten minutes: an account that shows enabled is not enabled every hour for ever, and her access is proven", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  let unblocks = 0;
  const refuse = async () => {
    throw graphFailure(403, { method: "PATCH", template: "/users/{id}" });
  };
  world.contoso.always("block", refuse);
  world.contoso.always("unblock", async () => {
    unblocks += 1;
    return refuse();
  });
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  const told = world.parked.length;
  await world.change(ana, readersAtHome, "in");
  await pass(3 * dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: true }]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  const proofs = world.entries.filter(({ kind, plan }) => kind === "proof" && plan.purpose === "join");
  expect({ isAskedForEver: unblocks > 20, told: world.parked.length - told, proofs: proofs.length }).toEqual({
    isAskedForEver: false,
    told: 0,
    proofs: 2,
  });
});
