import { describe, expect, test } from "vitest";
import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { assigned, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, reader, readers, readersAtHome } from "../support/fixtures.ts";

const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");

type Terms = Parameters<typeof assigned>[1] & { readonly deleteAfterMs?: number | "never" };

/** Readers are assigned a package besides being in a group. */
function scene({ deleteAfterMs = 0, ...terms }: Terms = {}) {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  const policy = withGrants(reader, (given) => [...given, assigned("SOC Operator", terms)]);
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs } });
  const account = () => [...world.contoso.accounts.keys()][0] ?? "";
  return {
    ...world,
    account,
    join: () => world.change(ana, readersAtHome, "in"),
    leave: () => world.change(ana, readersAtHome, "out"),
    asks: () => world.contoso.writes.filter((one) => one.startsWith("assign")).length,
    has: () => liveAssignment(papersOf(world.contoso.packages.papers(account()), operator))?.state,
    proofs: () => world.entries.filter(({ kind, target }) => kind === "proof" && target === "contoso"),
    told: () => world.parked.map(({ reason }) => reason),
  };
}

const isReader = ({ contoso }: SmallWorld) => (contoso.members.get(readers.grant.group)?.size ?? 0) > 0;

describe("a role that is assigned an access package", () => {
  test("asks for it once, and is proven when it is delivered", async () => {
    const world = scene();
    await world.join();
    await world.wait(dayMs);
    expect([world.has(), world.asks()]).toEqual(["delivered", 1]);
    expect(world.proofs().at(-1)?.evidence["grants"]).toContainEqual({
      kind: "package",
      name: "SOC Operator",
      seen: "present",
    });
  });

  test("asks for it once while it waits for approval, for days, and tells nobody", async () => {
    const world = scene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(3 * dayMs);
    expect([world.has(), world.asks(), world.told()]).toEqual([undefined, 1, []]);
    expect(isReader(world)).toBe(true);
    expect(world.proofs()).toEqual([]);
    expect(world.entries.at(-1)?.plan.notes).toContainEqual(
      expect.objectContaining({ kind: "on-its-way", detail: expect.stringContaining("approval") }),
    );
    world.contoso.packages.decide("delivered");
    await world.wait(2 * hourMs);
    expect(world.proofs()).toHaveLength(1);
  });

  test("does not ask again what was denied, and people hear of that once", async () => {
    const world = scene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    world.contoso.packages.decide("denied");
    await world.wait(3 * dayMs);
    expect(world.asks()).toBe(1);
    expect(world.told()).toEqual([expect.stringMatching(/SOC Operator: request request-1 was denied/)]);
    expect(isReader(world)).toBe(true);
  });

  test("asks again what was denied when the role is given anew", async () => {
    const world = scene();
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    world.contoso.packages.decide("denied");
    await world.leave();
    await world.wait(dayMs);
    await world.join();
    await world.wait(hourMs);
    expect(world.asks()).toBe(2);
  });

  test("tells people of a delivery that does not end, with the request's id, and goes on looking", async () => {
    const world = scene();
    world.contoso.packages.become("slow");
    await world.join();
    await world.wait(20 * minuteMs);
    expect(world.told()).toEqual([]);
    await world.wait(20 * minuteMs);
    expect(world.told()).toEqual([expect.stringContaining("request-1")]);
    world.contoso.packages.decide("delivered");
    await world.wait(hourMs);
    expect([world.has(), world.asks(), world.told().length]).toEqual(["delivered", 1, 1]);
    expect(world.proofs()).toHaveLength(1);
  });

  test("has what failed processed again by the hour", async () => {
    const world = scene();
    world.contoso.packages.become("fails");
    await world.join();
    await world.wait(150 * minuteMs);
    expect([world.has(), world.asks()]).toEqual(["deliveryfailed", 3]);
    world.contoso.packages.become("at once");
    await world.wait(2 * hourMs);
    expect([world.has(), world.asks()]).toEqual(["delivered", 4]);
  });

  test("respects the end of an assignment that is not to be renewed", async () => {
    const world = scene({ expires: "P30D" });
    await world.join();
    await world.wait(31 * dayMs);
    world.contoso.packages.expire();
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(dayMs);
    expect([world.has(), world.asks(), world.told()]).toEqual([undefined, 1, []]);
  });

  test("renews one that is to be renewed before it ends", async () => {
    const world = scene({ expires: "P30D", renew: true });
    await world.join();
    for (let day = 0; day < 100; day += 1) {
      await world.wait(dayMs);
      world.contoso.packages.expire();
    }
    expect([world.has(), world.asks()]).toEqual(["delivered", 1]);
    expect(world.contoso.writes.filter((one) => one.startsWith("renewPackage")).length).toBeGreaterThan(3);
  });

  test("is parked with what to do when there is no such package", async () => {
    const world = scene();
    const policy = withGrants(reader, (given) => [...given, assigned("SOC Operators")]);
    world.setPolicy(policy);
    await world.join();
    await world.wait(hourMs);
    expect(world.told()).toEqual([expect.stringContaining("no such access package")]);
  });
});

describe("who leaves", () => {
  test("loses it, and that is in the proof", async () => {
    const world = scene({ deleteAfterMs: "never" });
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(hourMs);
    expect(world.has()).toBeUndefined();
    expect(world.leaveProofs().at(-1)?.evidence["grants"]).toContainEqual({
      kind: "package",
      name: "SOC Operator",
      seen: "absent",
    });
  });

  test("while it waits for approval is not proven out: people are told which request to deny", async () => {
    const world = scene({ deleteAfterMs: "never" });
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(dayMs);
    expect(world.leaveProofs()).toEqual([]);
    expect(world.told()).toEqual([expect.stringContaining("request request-1 waits for approval")]);
    world.contoso.packages.decide("denied");
    await world.wait(dayMs);
    expect(world.leaveProofs().length).toBeGreaterThan(0);
  });

  test("while it waits for approval, which comes after they left: it is taken away as soon as it is delivered", async () => {
    const world = scene({ deleteAfterMs: "never" });
    world.contoso.packages.become("approval");
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(hourMs);
    world.contoso.packages.decide("delivered");
    await world.wait(2 * hourMs);
    expect(world.has()).toBeUndefined();
    expect(world.leaveProofs().length).toBeGreaterThan(0);
  });

  test("keeps what somebody else assigned to them", async () => {
    const world = scene();
    const policy = withGrants(reader, (given) => given);
    world.setPolicy(policy);
    await world.join();
    await world.wait(hourMs);
    const grant = world.contoso.packages.find({ ...packageWish, renew: false });
    if (grant.kind === "found") world.contoso.packages.give(grant.grant, world.account());
    world.setPolicy(withGrants(reader, (given) => [...given, assigned("SOC Operator")]));
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(dayMs);
    expect(world.has()).toBe("delivered");
  });

  test("loses the groups although entitlement management does not answer", async () => {
    const world = scene({ deleteAfterMs: "never" });
    await world.join();
    await world.wait(hourMs);
    world.contoso.always("readPapers", () => Promise.reject(graphFailure(403)));
    await world.leave();
    await world.wait(10 * minuteMs);
    expect(isReader(world)).toBe(false);
    expect(world.leaveProofs()).toEqual([]);
  });
});

const packageWish = {
  kind: "package",
  package: { kind: "id", id: operator },
  policy: { kind: "name", name: "Direct" },
  expires: null,
} as const;
