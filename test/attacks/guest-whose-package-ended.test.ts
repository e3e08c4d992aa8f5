import { expect, test } from "vitest";
import { pullScene } from "../support/pull-scene.ts";
import { eventAbout } from "../support/small-world.ts";
import { ana, dayMs, hourMs } from "../support/fixtures.ts";

/** A role that gives nothing in Contoso makes Muster look. */
async function look(world: ReturnType<typeof pullScene>): Promise<void> {
  const attributes = { department: "SOC", jobTitle: "Threat Hunter" };
  world.source.users.set(ana, { ...world.userOf(ana), attributes });
  await world.deliver(eventAbout(ana, world.now()));
}

const blocked = (world: ReturnType<typeof pullScene>) =>
  world.told().filter((reason) => reason.includes("is blocked"));

test("a guest's package ends by its own rule while Muster is down, and entitlement management blocks the guest: nobody is told that somebody blocked the account", async () => {
  const world = pullScene({ expires: "P30D" });
  await world.join();
  await world.wait(29 * dayMs);
  const due = world.scheduled().map(({ message }) => message);
  world.forgetScheduled();
  await world.wait(1.1 * dayMs);
  world.contoso.packages.expire();
  world.block();
  for (const message of due) await world.deliver(message);
  await world.wait(2 * dayMs);
  expect(world.has()).toBeUndefined();
  expect(blocked(world)).toEqual([]);
});

test("an administrator ends a guest's last package where that is respected, and entitlement management blocks the guest: nobody is asked for anything", async () => {
  const world = pullScene({ onExternalRemoval: "respect" });
  await world.join();
  await world.wait(hourMs);
  world.contoso.packages.revokeAll();
  world.block();
  await world.wait(dayMs);
  await look(world);
  await world.wait(dayMs);
  expect(blocked(world)).toEqual([]);
});
