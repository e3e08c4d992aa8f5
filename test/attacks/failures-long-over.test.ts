import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

/** Ana leaves while the target does not answer for so long; her account is kept for thirty days. */
async function leftWhileDown(downMs: number) {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  let isDown = true;
  world.contoso.always("revoke", async (go) => {
    if (isDown) throw graphFailure(503);
    return go();
  });
  await world.change(ana, readersAtHome, "out");
  await pass(downMs);
  isDown = false;
  await pass(hourMs);
  return { world, pass };
}

test("the target did not answer for two minutes when she left, and not once when her account is deleted thirty days later: that is no alarm", async () => {
  const { world, pass } = await leftWhileDown(100_000);
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
  await world.wait(29 * dayMs);
  world.contoso.next("delete", async () => {
    throw graphFailure(503);
  });
  await pass(2 * dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "recycled" }]);
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
});

test("on-demand provisioning did not answer six times, then her account came; two minutes later the target stumbles twice: that is no alarm", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 6; tries += 1)
    world.provisioner.next(() => {
      throw graphFailure(0);
    });
  await world.change(ana, readersAtHome, "in");
  await pass(2 * minuteMs);
  for (let tries = 0; tries < 2; tries += 1)
    world.contoso.next("listMemberOf", async () => {
      throw graphFailure(503);
    });
  await pass(hourMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
});

test("the target did not answer for half an hour when she left, and thirty days later it refuses to delete her account for good: people are told then as well", async () => {
  const { world, pass } = await leftWhileDown(30 * minuteMs);
  expect(world.parked).toHaveLength(1);
  await world.wait(29 * dayMs);
  world.contoso.always("delete", async () => {
    throw graphFailure(503);
  });
  await pass(3 * dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live" }]);
  expect(world.parked).toHaveLength(2);
});
