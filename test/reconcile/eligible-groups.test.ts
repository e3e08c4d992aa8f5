import { describe, expect, test } from "vitest";
import type { Trace } from "../../shared/graph/tenant.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eligibleFor, withGrants } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readers,
  readersAtHome,
} from "../support/fixtures.ts";

const group = hunters.grant.group;
const trace: Trace = { clientRequestId: "c-1", requestId: "r-1", status: 400, ms: 1, tries: 1 };

/** Readers are eligible for a group besides being in one; Ana has become a reader, and her account is `account`. */
async function scene(duration?: string, deleteAfterMs: number | "never" = 0) {
  const world = smallWorld();
  const policy = withGrants(reader, (given) => [...given, eligibleFor(group, duration)]);
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs } });
  await world.change(ana, readersAtHome, "in");
  await world.wait(10 * minuteMs);
  const [account = ""] = [...world.contoso.accounts.keys()];
  return { ...world, account, activate: () => void world.contoso.active.get(group)?.add(account) };
}

const isEligible = ({ contoso }: SmallWorld, id: string) => contoso.eligible.get(group)?.has(id) === true;
const isActive = ({ contoso }: SmallWorld, id: string) => contoso.active.get(group)?.has(id) === true;

describe("a role that makes people eligible", () => {
  test("makes its holder eligible, and no member", async () => {
    const world = await scene();
    expect(isEligible(world, world.account)).toBe(true);
    expect(world.contoso.members.get(group)?.size).toBe(0);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  });

  test("does nothing more once that is so", async () => {
    const world = await scene();
    const writes = world.contoso.writes.length;
    await world.change(ana, readersAtHome, "in");
    await world.wait(dayMs);
    expect(world.contoso.writes).toHaveLength(writes);
  });

  test("is given by a group that is role-assignable, which no membership is", async () => {
    const world = smallWorld();
    world.contoso.kinds.set(group, "role-assignable");
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group)]));
    await world.change(ana, readersAtHome, "in");
    await world.wait(10 * minuteMs);
    expect(world.contoso.eligible.get(group)?.size).toBe(1);
    expect(world.parked).toEqual([]);
  });

  test("is parked with what to do where the group's rule decides who is in it", async () => {
    const world = smallWorld();
    world.contoso.kinds.set(group, "dynamic");
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group)]));
    await world.change(ana, readersAtHome, "in");
    await world.wait(10 * minuteMs);
    expect(world.contoso.eligible.get(group)?.size).toBe(0);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
    expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining("dynamic group")]);
  });
});

describe("who leaves", () => {
  test("while they are eligible is eligible no more, and that is in the proof", async () => {
    const world = await scene();
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    expect(isEligible(world, world.account)).toBe(false);
    expect(world.leaveProofs().at(-1)?.evidence["grants"]).toContainEqual({
      kind: "eligible",
      name: "group 03",
      seen: "absent",
    });
  });

  test("while they are active loses the activation as well", async () => {
    const world = await scene();
    world.activate();
    await world.change(ana, readersAtHome, "out");
    await world.wait(minuteMs);
    expect([isEligible(world, world.account), isActive(world, world.account)]).toEqual([false, false]);
  });

  test("and keeps a blocked account is not proven out while the activation cannot be ended", async () => {
    const world = await scene("P365D", "never");
    world.activate();
    const keepsActive = async () => {
      await Promise.resolve();
      world.contoso.eligible.get(group)?.delete(world.account);
      return { result: "not-yet", why: "the activation is too young", advice: null, trace };
    };
    world.contoso.always("endEligible", keepsActive);
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    expect(isActive(world, world.account)).toBe(true);
    expect(world.leaveProofs()).toEqual([]);
    world.contoso.always("endEligible", (go) => go());
    await world.wait(hourMs);
    expect(isActive(world, world.account)).toBe(false);
    expect(world.leaveProofs()).not.toEqual([]);
  });

  test("keeps what somebody else made them eligible for", async () => {
    const world = smallWorld();
    await world.change(ana, readersAtHome, "in");
    await world.wait(10 * minuteMs);
    const [account = ""] = [...world.contoso.accounts.keys()];
    world.contoso.eligible.get(group)?.set(account, undefined);
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group)]));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    world.contoso.active.get(group)?.add(account);
    await world.change(ana, readersAtHome, "out");
    await world.wait(dayMs);
    expect([isEligible(world, account), isActive(world, account)]).toEqual([true, true]);
  });
});

describe("eligibility for a time", () => {
  test("is renewed before it ends, as long as the role is held", async () => {
    const world = await scene("P30D");
    const renewed = () => world.contoso.writes.filter((one) => one.startsWith("renew")).length;
    await world.wait(20 * dayMs);
    expect(renewed()).toBe(0);
    await world.wait(5 * dayMs);
    expect(renewed()).toBe(1);
    await world.wait(100 * dayMs);
    expect(renewed()).toBe(5);
    expect(world.contoso.eligible.get(group)?.get(world.account)).toBeGreaterThan(world.now());
  });

  test("that ended unseen is given again", async () => {
    const world = await scene("P30D");
    world.contoso.eligible.get(group)?.delete(world.account);
    await world.change(ana, readersAtHome, "out");
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(isEligible(world, world.account)).toBe(true);
  });
});

test("what PIM cannot tell keeps nobody in the groups that can be read", async () => {
  const world = await scene("P365D", "never");
  world.contoso.always("readEligible", () => Promise.reject(graphFailure(403)));
  await world.change(ana, readersAtHome, "out");
  await world.wait(10 * minuteMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  expect(world.leaveProofs()).toEqual([]);
  expect(world.parked.length).toBeGreaterThan(0);
});
