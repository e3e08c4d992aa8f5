import { expect, test } from "vitest";
import { complete } from "../support/memory-tenant.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("sync makes her account after she has left, she is back, and the cycle that takes it away again ends then: Muster restores it and alarms nobody", async () => {
  const world = smallWorld();
  const policy = world.policy();
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs: 30 * dayMs } });
  const { provisioner, contoso } = world;
  for (let call = 0; call < 20; call += 1)
    provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(10 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(10 * minuteMs);
  const account = contoso.create(ana);
  await world.wait(40 * minuteMs);
  expect(contoso.accounts.get(account)?.enabled).toBe(false);
  await world.change(ana, readersAtHome, "in");
  await world.wait(5 * minuteMs);
  contoso.recycleAll();
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(contoso.accounts.get(account)).toMatchObject({ state: "live", enabled: true });
  expect(world.parked).toEqual([]);
});

test("the same where only on-demand provisioning finds the account, once she is back", async () => {
  const world = smallWorld();
  const policy = world.policy();
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs: 30 * dayMs } });
  const { provisioner, contoso } = world;
  const outOfScope = () => ({ kind: "not-in-scope", detail: "the user is not assigned" }) as const;
  const { provisionOnDemand } = provisioner;
  // As long as there is none, sync does not see the assignment.
  Object.assign(provisioner, {
    provisionOnDemand: async (...asked: Parameters<typeof provisionOnDemand>) => {
      if (contoso.accounts.size === 0) provisioner.next(outOfScope);
      return provisionOnDemand(...asked);
    },
  });
  contoso.always("findByStamp", async () => complete([]));
  await world.change(ana, readersAtHome, "in");
  await world.wait(10 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(10 * minuteMs);
  const account = contoso.create(ana);
  await world.wait(20 * minuteMs);
  await world.change(ana, readersAtHome, "in");
  await world.wait(20 * minuteMs);
  contoso.recycleAll();
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(contoso.accounts.get(account)).toMatchObject({ state: "live", enabled: true });
  expect(world.parked).toEqual([]);
});
