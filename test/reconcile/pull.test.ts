import { describe, expect, test } from "vitest";
import { operator, pullPolicy, pullScene, room } from "../support/pull-scene.ts";
import { graphFailure } from "../support/graph-failure.ts";
import {
  ana,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

describe("a joiner of a target that invites", () => {
  test("is let out, invited once by their address, and given the rest when there is an account", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    expect(world.isOut()).toBe(false);
    expect(world.invites()).toEqual([`invite ${operator} ${ana}@source.example`]);
    expect([world.accounts().length, world.has()]).toEqual([1, "delivered"]);
    expect(world.contoso.members.get(readers.grant.group)?.has(world.account())).toBe(true);
    expect(world.proofs("join").at(-1)?.evidence["account"]).toEqual({
      state: "enabled",
      id: world.account(),
      proof: "assignment",
      detail: "Guest, PendingAcceptance",
    });
  });

  test("needs no group that lets them out where the policy names none", async () => {
    const world = pullScene({ scope: "none" });
    await world.join();
    await world.wait(hourMs);
    expect(world.has()).toBe("delivered");
    expect(world.isOut()).toBe(true);
    expect(world.proofs("join")).toHaveLength(1);
  });

  test("who waits for approval is invited once, and has an account when it is approved", async () => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(3 * dayMs);
    expect([world.invites().length, world.accounts().length, world.told()]).toEqual([1, 0, []]);
    world.contoso.packages.decide("delivered");
    await world.wait(2 * hourMs);
    expect([world.invites().length, world.has()]).toEqual([1, "delivered"]);
    expect(world.proofs("join")).toHaveLength(1);
  });

  test("who is denied is not invited again, and people hear of it once", async () => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    world.contoso.packages.decide("denied");
    await world.wait(3 * dayMs);
    expect(world.invites()).toHaveLength(1);
    expect(world.told()).toEqual([expect.stringContaining("was denied")]);
  });

  test("who holds two roles is invited with one package, and gets the other on the account", async () => {
    const world = pullScene();
    await world.join(respondersAtHome);
    await world.join();
    await world.wait(hourMs);
    expect(world.invites()).toHaveLength(1);
    expect([world.has(operator), world.has(room), world.accounts().length]).toEqual([
      "delivered",
      "delivered",
      1,
    ]);
  });

  test("who holds two roles and is denied the one package is invited with the other, once", async () => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    await world.join(respondersAtHome);
    await world.join();
    await world.wait(hourMs);
    expect(world.invites()).toHaveLength(1);
    world.contoso.packages.decide("denied");
    await world.wait(hourMs);
    expect(new Set(world.invites()).size).toBe(2);
    world.contoso.packages.decide("delivered");
    await world.wait(dayMs);
    expect([world.invites().length, world.accounts().length]).toEqual([2, 1]);
  });

  test("whose account one replica shows nowhere is not invited anew", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    world.contoso.next("readAccount", async () => ({ kind: "none" }));
    await world.join(respondersAtHome);
    await world.wait(hourMs);
    expect(world.invites()).toHaveLength(1);
    expect([world.has(room), world.accounts().length]).toEqual(["delivered", 1]);
  });

  test("whose request was lost on the way is not invited twice", async () => {
    const world = pullScene();
    world.contoso.next("invite", async (go) => {
      await go();
      throw new Error("the answer is lost");
    });
    await world.join();
    await world.wait(hourMs);
    expect([world.accounts().length, world.has()]).toEqual([1, "delivered"]);
    await world.leave();
    await world.wait(hourMs);
    expect(world.has()).toBeUndefined();
  });
});

describe("a leaver of a target that invites", () => {
  test("loses the package and the groups, and then the way out; the account is left to the target, which the plan says", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(hourMs);
    expect(world.has()).toBeUndefined();
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
    expect(world.isOut()).toBe(true);
    expect(world.accounts()).toMatchObject([{ enabled: true, state: "live" }]);
    const said = world.entries.flatMap(({ plan }) => plan.notes);
    expect(said).toContainEqual(
      expect.objectContaining({ kind: "guest-ends", how: expect.stringContaining("P30D") }),
    );
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("disabled at home: the same, and neither block nor deletion by Muster", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
    await world.join();
    await world.wait(dayMs);
    expect(world.has()).toBeUndefined();
    expect(world.contoso.writes.filter((one) => /^(block|delete)/.test(one))).toEqual([]);
  });

  test("while the invitation waits for approval: not proven out until it is denied", async () => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(2 * hourMs);
    expect(world.proofs("leave")).toEqual([]);
    world.contoso.packages.decide("denied");
    await world.wait(2 * hourMs);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("while the invitation waits, which is approved after they left: what comes of it is taken back", async () => {
    const world = pullScene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(hourMs);
    world.contoso.packages.decide("delivered");
    await world.wait(3 * hourMs);
    expect(world.accounts()).toHaveLength(1);
    expect(world.has()).toBeUndefined();
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("who was never delivered anything and leaves within seconds is found out all the same", async () => {
    const world = pullScene();
    world.contoso.packages.become("slow");
    await world.join();
    await world.leave();
    await world.wait(10 * minuteMs);
    world.contoso.packages.decide("delivered");
    await world.wait(3 * hourMs);
    expect(world.has()).toBeUndefined();
  });

  test("whose account the target has blocked since is let in again when they come back", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(hourMs);
    world.block();
    await world.join();
    await world.wait(hourMs);
    expect(world.accounts()).toMatchObject([{ enabled: true }]);
    expect(world.has()).toBe("delivered");
  });

  test("and comes back before the target has blocked the account is let in again when it has", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(5 * minuteMs);
    await world.join();
    await world.wait(10_000);
    world.block();
    await world.wait(hourMs);
    expect(world.accounts()).toMatchObject([{ enabled: true }]);
    expect(world.has()).toBe("delivered");
  });

  test("and comes back when the account is deleted has it again, also if the answer to restoring it is lost", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(hourMs);
    world.contoso.recycleAll();
    world.contoso.next("restore", async () => {
      throw graphFailure(503);
    });
    await world.join();
    await world.wait(hourMs);
    expect(world.accounts()).toMatchObject([{ state: "live" }]);
    expect([world.has(), world.told()]).toEqual(["delivered", []]);
  });

  test("whose account somebody else has blocked stays blocked", async () => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    world.block();
    await world.join(respondersAtHome);
    await world.wait(dayMs);
    expect(world.accounts()).toMatchObject([{ enabled: false }]);
  });
});

test("a mover's package goes, and the account and the other package stay", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  expect([world.has(operator), world.has(room), world.accounts().length]).toEqual([
    undefined,
    "delivered",
    1,
  ]);
});

test("a mover whose next package waits for an approver is let in again when it has come", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.contoso.packages.become("approval");
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  world.block();
  await world.wait(2 * hourMs);
  expect(world.accounts()).toMatchObject([{ enabled: false }]);
  world.contoso.packages.decide("delivered");
  await world.wait(3 * hourMs);
  expect([world.has(room), world.accounts()]).toMatchObject(["delivered", [{ enabled: true }]]);
  const said = world.entries.flatMap(({ plan }) => plan.notes);
  expect(said).toContainEqual(expect.objectContaining({ kind: "guest-ends" }));
});

test("a policy that asks for no group any more takes everybody out of it, once", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.setPolicy(pullPolicy({ scope: "none" }));
  const before = world.source.writes.length;
  await world.join();
  await world.wait(dayMs);
  expect(world.isOut()).toBe(true);
  const scopes = world.source.writes.slice(before).filter((one) => /Scope/.test(one));
  expect(scopes).toEqual([`leaveScope ${ana}`]);
  expect(world.has()).toBe("delivered");
});

test("an account with their address that is there already and that nobody assigned is none of theirs", async () => {
  const world = pullScene();
  const other = world.contoso.create(ana, { stamp: null });
  world.contoso.packages.become("approval");
  await world.join();
  await world.wait(hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.has(other)).toBe(false);
});
