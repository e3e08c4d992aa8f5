import { describe, expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import { operator, packageOf, pullPolicy, pullScene, room } from "../support/pull-scene.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

type Scene = ReturnType<typeof pullScene>;

/** A replica shows nothing of any request for so long. */
function hideRequests({ contoso, now }: Scene, ms: number): void {
  const shownAt = now() + ms;
  const nothing = { account: null, seen: () => ({ seen: "absent" }) };
  contoso.always("readInvitations", async (go) => (now() < shownAt ? nothing : go()));
}

async function edit(world: Scene, policy: Policy): Promise<void> {
  world.setPolicy(policy);
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
}

const without = (name: string, policy: Policy): Policy => ({
  ...policy,
  targets: policy.targets.filter((target) => target.name !== name),
});

describe("a leaver's invitation", () => {
  test("that no replica shows for ten minutes, and is delivered after that, is taken back, and nothing is proven before", async () => {
    const world = pullScene();
    world.contoso.packages.become("slow");
    await world.join();
    hideRequests(world, 10 * minuteMs);
    await world.leave();
    await world.wait(20 * minuteMs);
    expect(world.proofs("leave")).toEqual([]);
    world.contoso.packages.decide("delivered");
    await world.wait(dayMs);
    expect([world.accounts().length, world.has()]).toEqual([1, undefined]);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("is an open matter where the target is taken out of the policy, and needs no way out", async () => {
    const world = pullScene({ scope: "none" });
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    await edit(world, without("contoso", pullPolicy({ scope: "none" })));
    expect(world.told()).toEqual([expect.stringContaining("is not in the policy any more")]);
  });

  test("is taken back although the policy says by now that sync makes the accounts", async () => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    await edit(world, smallPolicy());
    world.contoso.packages.decide("delivered");
    await world.wait(2 * hourMs);
    await world.leave();
    await world.wait(dayMs);
    expect(world.accounts().map(({ id }) => packageOf(world, id, operator))).toEqual([undefined]);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });
});

test("somebody whom nobody remembers inviting loses the package when they leave, for the request says whose it was", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.tables.pairs.forget();
  await world.deliver(eventAbout(ana, world.now()));
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  expect([world.accounts().length, world.has(), world.has(room)]).toEqual([1, "delivered", "delivered"]);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.leave(respondersAtHome);
  await world.wait(hourMs);
  expect([world.has(), world.has(room)]).toEqual([undefined, undefined]);
});

test("a mover's open invitation is told of at once, because the other package waits for its end", async () => {
  const world = pullScene();
  world.contoso.packages.become("approval");
  await world.join();
  await world.wait(hourMs);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  expect(world.told()).toEqual([expect.stringContaining("request-1 waits for approval")]);
  world.contoso.packages.become("at once");
  world.contoso.packages.decide("denied");
  await world.wait(2 * hourMs);
  expect([world.accounts().length, world.has(), world.has(room)]).toEqual([1, undefined, "delivered"]);
});

test.each([
  ["first", readersAtHome, respondersAtHome],
  ["last", respondersAtHome, readersAtHome],
])("whose package is denied comes in with another one, whichever is named %s", async (_, denied, other) => {
  const world = pullScene();
  world.contoso.packages.become("approval");
  await world.join(denied);
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.wait(hourMs);
  world.contoso.packages.become("at once");
  await world.join(other);
  await world.wait(2 * hourMs);
  expect(world.accounts()).toHaveLength(1);
});

test("who comes back after the target has purged the account gets another, and all that was on the first", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  await world.leave();
  await world.wait(hourMs);
  world.contoso.accounts.clear();
  world.contoso.members.get(readers.grant.group)?.clear();
  await world.wait(dayMs);
  await world.join();
  await world.wait(hourMs);
  expect([world.accounts().length, world.has()]).toEqual([1, "delivered"]);
  expect(world.contoso.members.get(readers.grant.group)?.has(world.account())).toBe(true);
});

test("an invitation that is delivered and shows no account is looked at ever more rarely, and people hear of it", async () => {
  const world = pullScene();
  await world.join();
  world.contoso.accounts.clear();
  let looks = 0;
  world.contoso.always("readInvitations", async (go) => {
    looks += 1;
    return go();
  });
  await world.wait(hourMs);
  const inFirstHour = looks;
  await world.wait(23 * hourMs);
  expect(inFirstHour).toBeLessThan(40);
  expect(looks - inFirstHour).toBeLessThan(23 * 14);
});

test("denied, and purged from Graph's list after three months: nobody is asked again", async () => {
  const world = pullScene();
  world.contoso.packages.become("approval");
  await world.join();
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.wait(hourMs);
  world.contoso.packages.purge();
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(dayMs);
  await edit(world, { ...pullPolicy() });
  expect(world.invites()).toHaveLength(1);
  expect(await world.pairOf(contosoTenant, ana)).toMatchObject({ account: null });
});

test("who was denied one package and came in with another is not asked for the first again on the account", async () => {
  const world = pullScene();
  world.contoso.packages.become("approval");
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  world.contoso.packages.decide("denied");
  await world.wait(hourMs);
  world.contoso.packages.become("at once");
  await world.join();
  await world.wait(2 * hourMs);
  expect([world.has(operator), world.has(room)]).toEqual(["delivered", undefined]);
  expect(world.contoso.writes.filter((one) => one.startsWith("assign"))).toEqual([]);
  await world.leave(respondersAtHome);
  await world.wait(dayMs);
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  expect(world.has(room)).toBe("delivered");
});

test("who was denied two packages is not asked for either again when Graph has forgotten both requests", async () => {
  const world = pullScene();
  world.contoso.packages.become("approval");
  for (const group of [readersAtHome, respondersAtHome]) {
    await world.join(group);
    await world.wait(hourMs);
    world.contoso.packages.decide("denied");
    await world.wait(hourMs);
  }
  expect(world.invites()).toHaveLength(2);
  world.contoso.packages.purge();
  for (const policy of [pullPolicy({ scope: "none" }), pullPolicy()]) await edit(world, policy);
  expect(world.invites()).toHaveLength(2);
});

test.each([
  ["first", readersAtHome, respondersAtHome],
  ["last", respondersAtHome, readersAtHome],
])(
  "who was denied two packages is asked for the %s one when its role is given anew",
  async (_, role, other) => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    for (const group of [readersAtHome, respondersAtHome]) {
      await world.join(group);
      await world.wait(hourMs);
      world.contoso.packages.decide("denied");
      await world.wait(hourMs);
    }
    await world.leave(role);
    await world.wait(dayMs);
    world.contoso.packages.become("at once");
    await world.join(role);
    await world.wait(hourMs);
    expect([world.invites().length, world.accounts().length]).toEqual([3, 1]);
    expect(world.source.members.get(other)?.has(ana)).toBe(true);
  },
);
