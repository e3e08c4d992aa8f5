import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import type { OnDeniedReview, OnExternalRemoval, Policy } from "../../shared/policy/policy.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
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

type Rules = { readonly onExternalRemoval?: OnExternalRemoval; readonly onDeniedReview?: OnDeniedReview };

function ruled(rules: Rules, mode: "full" | "add-only" = "full"): Policy {
  const policy = smallPolicy();
  return { ...policy, targets: policy.targets.map((target) => ({ ...target, ...rules, mode })) };
}

const { group } = readers.grant;
const key = grantKey(readers.grant);

/** Ana has been a reader for a day. */
async function scene(rules: Rules = {}, mode?: "full" | "add-only") {
  const world = smallWorld();
  world.setPolicy(ruled(rules, mode));
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  const account = () => [...world.contoso.accounts.keys()][0] ?? "";
  let asked = 0;
  world.contoso.always("readDenial", (ask) => {
    asked += 1;
    return ask();
  });
  const remove = () => void world.contoso.members.get(group)?.delete(account());
  return {
    ...world,
    account,
    remove,
    asked: () => asked,
    isReader: () => world.contoso.members.get(group)?.has(account()) === true,
    /** A review is over, and what it denied is carried out. */
    deny(id = "i1"): void {
      world.contoso.denials.set(`${group} ${account()}`, {
        id,
        review: { id: "d1", name: "Quarterly" },
        by: "Rita",
        decidedAt: world.now(),
        at: world.now(),
        why: "Left the team.",
      });
      remove();
    },
    /** Another role comes or goes, so the target is looked at. */
    async look(to: "in" | "out" = "in"): Promise<void> {
      await world.change(ana, respondersAtHome, to);
      await world.wait(10 * minuteMs);
    },
    told: () => world.parked.map(({ reason }) => reason),
  };
}

describe("what an access review has denied", () => {
  test("stays denied, and people hear once who decided, and what in the source ends it", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    await world.wait(2 * dayMs);
    expect(world.isReader()).toBe(false);
    expect(world.parked).toHaveLength(1);
    const [said] = world.parked;
    expect(said?.reason).toContain(
      'contoso: the access review "Quarterly" (d1) denied a0000000-0000-4000-8000-000000000001@source.example group 01, which Muster gave; Rita decided on 2026-11-21T12:00:00Z ("Left the team.")',
    );
    expect(said?.advice).toContain(
      `take them out of the group group 11 (${readersAtHome}) in the source tenant, which makes them reader`,
    );
    expect(said?.advice).toContain("give it back in the target tenant");
    expect((await world.pairOf(contosoTenant, ana))?.denials[key]?.id).toBe("i1");
  });

  test("is read once, however often the target is looked at", async () => {
    const world = await scene();
    world.deny();
    for (let round = 0; round < 5; round += 1) await world.look(round % 2 === 0 ? "in" : "out");
    await world.wait(2 * dayMs);
    expect([world.asked(), world.isReader()]).toEqual([1, false]);
  });

  test("is not asked for as long as nothing is missing", async () => {
    const world = await scene();
    await world.look();
    await world.look("out");
    expect(world.asked()).toBe(0);
  });

  test("is told of instead of a removal by somebody unknown, where a person is asked about those", async () => {
    const world = await scene({ onExternalRemoval: "hold" });
    world.deny();
    await world.look();
    expect(world.told()).toEqual([expect.stringContaining("Quarterly")]);
  });

  test("is given again where the policy says so, and nobody asks the reviews", async () => {
    const world = await scene({ onDeniedReview: "restore" });
    world.deny();
    await world.look();
    expect([world.isReader(), world.asked(), world.told()]).toEqual([true, 0, []]);
  });

  test("and the policy gives back by a later edit is Muster's to give once more, and a later denial counts", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    world.setPolicy(ruled({ onDeniedReview: "restore" }));
    await world.look("out");
    expect(world.isReader()).toBe(true);
    world.setPolicy(ruled({}));
    await world.wait(hourMs);
    await world.look();
    expect([world.isReader(), (await world.pairOf(contosoTenant, ana))?.denials]).toEqual([true, {}]);
    world.deny("i2");
    await world.look("out");
    expect(world.isReader()).toBe(false);
  });

  test.each(["full", "add-only"] as const)("is given when the role is given anew: %s", async (mode) => {
    const world = await scene({}, mode);
    world.deny();
    await world.look();
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    expect(world.isReader()).toBe(false);
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(world.isReader()).toBe(true);
    expect(await world.pairOf(contosoTenant, ana)).toMatchObject({ denials: {} });
  });

  test("is denied anew after that, and respected anew", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    world.deny("i2");
    await world.look("out");
    expect(world.isReader()).toBe(false);
  });

  test("and gave back by hand stays, is Muster's as before, and goes when she leaves", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    world.contoso.members.get(group)?.add(world.account());
    await world.wait(2 * dayMs);
    await world.look("out");
    expect([world.isReader(), (await world.pairOf(contosoTenant, ana))?.denials]).toEqual([true, {}]);
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    expect(world.isReader()).toBe(false);
  });

  test("was overruled by giving it back: who takes it away after that did so without a review", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    world.contoso.members.get(group)?.add(world.account());
    await world.wait(2 * dayMs);
    await world.look("out");
    world.remove();
    await world.look();
    expect(world.isReader()).toBe(true);
  });

  test("is not overruled by a replica that shows it once more", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    world.contoso.next("listMemberOf", async () => ({
      items: [group],
      completeness: { kind: "complete" },
    }));
    await world.look("out");
    await world.wait(2 * dayMs);
    await world.look();
    expect(world.isReader()).toBe(false);
  });

  test("is not given to the account that comes after the one to which it was denied", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    const first = world.account();
    world.contoso.accounts.delete(first);
    await world.look("out");
    await world.wait(2 * hourMs);
    expect(world.account()).not.toBe(first);
    expect([world.contoso.accounts.size, world.isReader()]).toEqual([1, false]);
    expect((await world.pairOf(contosoTenant, ana))?.denials[key]?.id).toBe("i1");
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(world.isReader()).toBe(true);
  });

  test("is given when she leaves everything and comes back", async () => {
    const world = await scene();
    world.deny();
    await world.look();
    await world.change(ana, readersAtHome, "out");
    await world.change(ana, respondersAtHome, "out");
    await world.wait(dayMs);
    expect(await world.pairOf(contosoTenant, ana)).toMatchObject({ denials: {}, overruled: {} });
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(world.isReader()).toBe(true);
  });

  test("stays denied while the role is kept because all have lost it at once", async () => {
    const world = await scene();
    for (const id of ["5", "6", "7"]) {
      const other = `a0000000-0000-4000-8000-00000000000${id}` as typeof ana;
      world.addUser(other);
      await world.change(other, readersAtHome, "in");
    }
    await world.wait(hourMs);
    world.deny();
    await world.look();
    const holders = [...(world.source.members.get(readersAtHome) ?? [])];
    world.source.members.get(readersAtHome)?.clear();
    for (const id of holders) await world.change(id as typeof ana, readersAtHome, "out");
    await world.wait(hourMs);
    for (const id of holders) await world.change(id as typeof ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(world.isReader()).toBe(false);
  });
});

describe("access reviews that cannot be read", () => {
  test.each([403, 404, 400])(
    "with %i leave it to what is done of removals by others, and nobody is told",
    async (status) => {
      const world = await scene();
      world.contoso.always("readDenial", async () => {
        throw graphFailure(status);
      });
      world.deny();
      await world.look();
      expect([world.isReader(), world.told()]).toEqual([true, []]);
    },
  );

  test.each([
    ["that Graph stumbles", () => graphFailure(500)],
    ["that Graph asks to wait", () => graphFailure(429, { retryAfterMs: 5 * minuteMs })],
    ["that not all of it was said", () => new Error("not all that access reviews say could be read")],
  ])("for the reason %s are read again, and nothing is given or proven until then", async (_why, failure) => {
    const world = await scene();
    let fails = true;
    world.contoso.always("readDenial", async (ask) => {
      if (fails) throw failure();
      return ask();
    });
    world.deny();
    const proofs = () =>
      world.entries.filter(({ kind, target }) => kind === "proof" && target === "contoso").length;
    const before = proofs();
    await world.look();
    await world.wait(10 * minuteMs);
    expect([world.isReader(), proofs()]).toEqual([false, before]);
    // The rest is done meanwhile.
    expect(world.contoso.writes.filter((one) => one.startsWith("grant"))).toHaveLength(2);
    fails = false;
    await world.wait(hourMs);
    expect([world.isReader(), proofs()]).toEqual([false, before + 1]);
    expect(world.told()).toContainEqual(expect.stringContaining("Quarterly"));
  });

  test("keep a leaver from nothing", async () => {
    const world = await scene();
    world.contoso.always("readDenial", async () => {
      throw graphFailure(500);
    });
    world.deny();
    await world.change(ana, readersAtHome, "out");
    await world.wait(2 * hourMs);
    expect(world.leaveProofs().some(({ target }) => target === "contoso")).toBe(true);
    expect((await world.pairOf(contosoTenant, ana))?.denials ?? {}).toEqual({});
  });
});
