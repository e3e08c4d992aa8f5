import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, minuteMs, readersAtHome, syncScope } from "../support/fixtures.ts";

const notSeen = (world: SmallWorld) => {
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
};
const states = (world: SmallWorld) => [...world.contoso.accounts.values()].map(({ state }) => state);

test.each([20, 30, 44])(
  "a cycle of sync that began before she left makes her account %i minutes after it, and then the job is in quarantine: she is not said to be out while the account is enabled",
  async (minutes) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    notSeen(world);
    await world.change(ana, readersAtHome, "in");
    await pass(10 * minuteMs);
    await world.change(ana, readersAtHome, "out");
    await pass(minutes * minuteMs);
    world.contoso.create(ana);
    world.provisioner.quarantine = "TooManyDeletes";
    await pass(dayMs);
    const isIn = states(world).includes("live");
    const isToldOf = world.parked.length > 0;
    expect({ isIn, saidToBeOut: world.leaveProofs().length > 0, isToldOf }).not.toMatchObject({
      isIn: true,
      saidToBeOut: true,
    });
  },
);

test("somebody else put her in scope, all accounts go with their owners, and sync makes hers twenty minutes after she left: it goes as well", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { accounts: "all" } }));
  const pass = withCatchUp(world);
  world.source.members.get(syncScope.scope.group)?.add(ana);
  notSeen(world);
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await pass(20 * minuteMs);
  world.contoso.create(ana);
  await pass(dayMs);
  expect(states(world)).toEqual(["recycled"]);
});

test("she comes and goes eight times in three quarters of an hour, and the account that sync made in the first minutes shows at the end: it is Muster's, and goes", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  let isHidden = true;
  world.contoso.always("findByStamp", async (go) =>
    isHidden ? { items: [], completeness: { kind: "complete" } } : go(),
  );
  notSeen(world);
  for (let time = 0; time < 8; time += 1) {
    await world.change(ana, readersAtHome, "in");
    await pass(3 * minuteMs);
    if (time === 0) world.contoso.create(ana);
    await world.change(ana, readersAtHome, "out");
    await pass(3 * minuteMs);
  }
  isHidden = false;
  await pass(dayMs);
  expect(states(world)).toEqual(["recycled"]);
});

test("a cycle of sync that began before she left restores her account twenty minutes after it, and then the job is in quarantine: it goes once more", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(60 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await pass(20 * minuteMs);
  expect(states(world)).toEqual(["recycled"]);
  for (const [id, account] of world.contoso.accounts)
    world.contoso.accounts.set(id, { ...account, state: "live", enabled: true });
  world.provisioner.quarantine = "TooManyDeletes";
  await pass(dayMs);
  expect(states(world)).toEqual(["recycled"]);
});
