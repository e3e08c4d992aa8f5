import { expect, test } from "vitest";
import { operator, packageOf, personWith, pullScene, room } from "../support/pull-scene.ts";
import {
  ana,
  ben,
  dayMs,
  hourMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

type Scene = ReturnType<typeof pullScene>;
const isIn = ({ contoso }: Scene, { grant }: typeof readers, account: string) =>
  contoso.members.get(grant.group)?.has(account) === true;
const addressOf = (id: string) => `${id}@source.example`;

/** Ana is a reader with an account, to which Ben's address leads as well; Ben becomes a responder. */
async function twoWithOneAddress() {
  const world = pullScene();
  world.addUser(ben);
  await world.join();
  await world.wait(hourMs);
  world.contoso.addresses.set(world.account(), addressOf(ben));
  await world.change(ben, respondersAtHome, "in");
  await world.wait(hourMs);
  return world;
}

test("an address that leads to another analyst's account gives them nothing, and people hear of it once", async () => {
  const world = await twoWithOneAddress();
  await world.wait(dayMs);
  expect(isIn(world, responders, world.account())).toBe(false);
  expect([packageOf(world, world.account(), operator), packageOf(world, world.account(), room)]).toEqual([
    "delivered",
    undefined,
  ]);
  expect(world.told()).toEqual([expect.stringContaining("account of another analyst")]);
  expect(world.invites()).toHaveLength(2);
});

test("who leaves does not take what the other has by the same address", async () => {
  const world = await twoWithOneAddress();
  await world.change(ben, respondersAtHome, "out");
  await world.wait(dayMs);
  expect(packageOf(world, world.account(), operator)).toBe("delivered");
  expect(isIn(world, readers, world.account())).toBe(true);
  expect(
    world.leaveProofs().filter(({ analyst, target }) => analyst === ben && target === "contoso"),
  ).not.toEqual([]);
});

test("two with one address and one package: the second hears that it is taken, and their leaving takes nothing of the first", async () => {
  const world = pullScene();
  const mail = "soc@source.example";
  for (const id of [ana, ben]) world.addUser(id, { mail });
  await world.join();
  await world.wait(hourMs);
  await world.change(ben, readersAtHome, "in");
  await world.wait(2 * hourMs);
  expect(world.accounts()).toHaveLength(1);
  expect(world.told()).toEqual([expect.stringContaining("whose account that is does not show")]);
  await world.change(ben, readersAtHome, "out");
  await world.wait(2 * dayMs);
  expect(world.has()).toBe("delivered");
  expect(
    world.leaveProofs().filter(({ analyst, target }) => analyst === ben && target === "contoso"),
  ).not.toEqual([]);
});

test("one of the tenant's own people who has the address is no guest, and gets nothing for long", async () => {
  const world = pullScene();
  const other = personWith(world, addressOf(ana), "hand");
  await world.join();
  await world.wait(dayMs);
  expect([packageOf(world, other, operator), isIn(world, readers, other)]).toEqual([undefined, false]);
  expect(world.told()).toEqual([expect.stringContaining("nobody invited")]);
  await world.leave();
  await world.wait(dayMs);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("a guest whom somebody else invited by the same address is theirs, and stays when they leave", async () => {
  const world = pullScene();
  const guest = personWith(world, addressOf(ana), "invitation");
  await world.join();
  await world.wait(hourMs);
  expect([packageOf(world, guest, operator), isIn(world, readers, guest), world.accounts().length]).toEqual([
    "delivered",
    true,
    1,
  ]);
  await world.leave();
  await world.wait(dayMs);
  expect([packageOf(world, guest, operator), isIn(world, readers, guest)]).toEqual([undefined, false]);
  expect(world.accounts()).toMatchObject([{ enabled: true, state: "live" }]);
});

test("an invitation goes to the mail address, which need not be the name that they sign in with", async () => {
  const world = pullScene();
  world.addUser(ana, { mail: "ana.meyer@source.example" });
  await world.join();
  await world.wait(hourMs);
  expect(world.invites()).toEqual([`invite ${operator} ana.meyer@source.example`]);
});

test("a mail address that changes while the invitation waits is that of the next one, and the first is seen to its end", async () => {
  const world = pullScene();
  world.addUser(ana, { mail: "ana@source.example" });
  world.contoso.packages.become("approval");
  await world.join();
  await world.wait(hourMs);
  world.addUser(ana, { mail: "ana.meyer@source.example" });
  await world.join();
  await world.wait(hourMs);
  expect(world.invites()).toHaveLength(1);
  world.contoso.packages.decide("delivered");
  await world.wait(2 * hourMs);
  expect(world.accounts()).toHaveLength(1);
  await world.leave();
  await world.wait(hourMs);
  expect(world.has()).toBeUndefined();
});
