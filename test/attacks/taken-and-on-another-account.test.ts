import { expect, test } from "vitest";
import { operator, pullScene, room } from "../support/pull-scene.ts";
import { eventAbout } from "../support/small-world.ts";
import { ana, contosoTenant, dayMs, hourMs, respondersAtHome } from "../support/fixtures.ts";
import { accountIdSchema } from "../../shared/model/ids.ts";

/** A role that gives nothing in Contoso comes or goes, which makes Muster look. */
async function look(world: ReturnType<typeof pullScene>, jobTitle: string): Promise<void> {
  world.source.users.set(ana, { ...world.userOf(ana), attributes: { department: "SOC", jobTitle } });
  await world.deliver(eventAbout(ana, world.now()));
}

/** An administrator ends the only package, Muster sees it, and entitlement management deletes the guest. */
async function ended() {
  const world = pullScene({ onExternalRemoval: "respect" });
  await world.join();
  await world.wait(dayMs);
  world.contoso.packages.end(operator, world.account());
  await look(world, "Threat Hunter");
  await world.wait(dayMs);
  const first = accountIdSchema.parse(world.account());
  world.contoso.accounts.delete(first);
  await look(world, "Analyst");
  await world.wait(2 * dayMs);
  return { ...world, first };
}

test("a guest whose package was taken, which is respected, is not invited with it again when their account is gone", async () => {
  const world = await ended();
  expect([world.invites().length, world.accounts(), world.told()]).toEqual([1, [], []]);
});

test("nor given it beside another package that brings them a new account, until its role is given anew", async () => {
  const world = await ended();
  await world.join(respondersAtHome);
  await world.wait(2 * dayMs);
  expect(world.account()).not.toBe(world.first);
  expect([world.has(operator), world.has(room)]).toEqual([undefined, "delivered"]);
  expect(Object.keys((await world.pairOf(contosoTenant, ana))?.taken ?? {})).toHaveLength(1);
  await world.leave();
  await world.wait(hourMs);
  await world.join();
  await world.wait(hourMs);
  expect([world.has(operator), world.has(room)]).toEqual(["delivered", "delivered"]);
});
