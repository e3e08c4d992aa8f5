import { describe, expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { scopeScene, type ScopeName, type ScopeScene } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

/** The names of the calls that read each kind of scope, give it and take it. */
const calls = {
  package: { read: "readPapers", give: "assign", take: "unassign" },
  appRole: { read: "readAppRoles", give: "assignRole", take: "unassignRole" },
  group: { read: "listMemberOf", give: "joinScope", take: "leaveScope" },
} as const;

const kinds = [
  ["first", calls.package],
  ["appRole", calls.appRole],
  ["group", calls.group],
] as const;

const written = ({ source, contoso }: ScopeScene) => source.writes.length + contoso.writes.length;
const isIn = { scope: true, reader: true, accounts: ["live"], told: [] };
const isOut = { scope: false, reader: false, accounts: ["recycled"], told: [] };
const shownOf = (world: ScopeScene) => ({
  scope: world.isInScope(),
  reader: world.isReader(),
  accounts: world.states(),
  told: world.told(),
});

describe.each(kinds)("a scope by %s", (kind, { read, give, take }) => {
  test("is given and taken once, and later looks write nothing", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.live(2 * hourMs);
    expect(shownOf(world)).toEqual(isIn);
    expect(world.proofs("join").length).toBeGreaterThan(0);
    const joined = written(world);
    await world.look();
    await world.live(dayMs);
    expect(written(world)).toBe(joined);
    await world.leave();
    await world.live(2 * hourMs);
    expect(shownOf(world)).toEqual(isOut);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
    const left = written(world);
    await world.look();
    await world.live(2 * dayMs);
    expect(written(world)).toBe(left);
  });

  test.each(["before", "after"])(
    "whose giving broke off %s Graph had done it is given, and taken",
    async (when) => {
      const world = scopeScene(kind);
      world.source.next(give, async (call) => {
        if (when === "after") await call();
        throw graphFailure(504);
      });
      await world.join();
      await world.live(hourMs);
      expect(shownOf(world)).toEqual(isIn);
      await world.leave();
      await world.live(2 * hourMs);
      expect(shownOf(world)).toEqual(isOut);
    },
  );

  test.each(["before", "after"])(
    "whose taking broke off %s Graph had done it is taken, and proven",
    async (when) => {
      const world = scopeScene(kind);
      await world.join();
      await world.live(hourMs);
      world.source.next(take, async (call) => {
        if (when === "after") await call();
        throw graphFailure(504);
      });
      await world.leave();
      await world.live(2 * hourMs);
      expect(shownOf(world)).toEqual(isOut);
      expect(world.proofs("leave").length).toBeGreaterThan(0);
    },
  );

  test("of somebody who leaves after seconds, and comes back, follows", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.pass(3_000);
    await world.leave();
    await world.live(3 * hourMs);
    expect(shownOf(world)).toMatchObject({ scope: false, reader: false, told: [] });
    await world.join();
    await world.live(3 * hourMs);
    expect(shownOf(world)).toEqual(isIn);
  });

  test("that a replica shows two minutes late is taken all the same, and not proven before", async () => {
    const world = scopeScene(kind);
    let shown: unknown;
    let isBehind = false;
    world.source.always(read, async (call) => (isBehind ? shown : (shown = await call())));
    await world.look();
    await world.pass(10 * minuteMs);
    isBehind = true;
    await world.join();
    await world.pass(10_000);
    await world.leave();
    await world.pass(110_000);
    expect(world.proofs("leave")).toEqual([]);
    isBehind = false;
    await world.live(2 * hourMs);
    expect(shownOf(world)).toMatchObject({ scope: false, reader: false, told: [] });
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("goes with a source user who is deleted, comes back with them, and goes if they come back without their role", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.live(hourMs);
    const user = world.userOf(ana);
    for (const roles of ["kept", "lost"]) {
      world.source.users.set(ana, "soft-deleted");
      await world.look();
      await world.live(3 * hourMs);
      expect(shownOf(world)).toEqual(isOut);
      if (roles === "lost") world.source.members.get(readersAtHome)?.delete(ana);
      world.source.users.set(ana, user);
      await world.look();
      await world.live(3 * hourMs);
      expect(shownOf(world)).toEqual(roles === "kept" ? isIn : isOut);
    }
  });

  test("of a source user who is purged goes", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.live(hourMs);
    world.source.users.delete(ana);
    await world.look();
    await world.live(3 * hourMs);
    expect(shownOf(world)).toEqual(isOut);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });
});

const moves: readonly (readonly [ScopeName, ScopeName])[] = [
  ["group", "first"],
  ["first", "group"],
  ["first", "second"],
  ["appRole", "group"],
  ["group", "appRole"],
  ["appRole", "first"],
  ["first", "appRole"],
];
const isPackage = (name: ScopeName) => name === "first" || name === "second";

/** So long, and at no time out of scope or without the account. */
async function staysIn(world: ScopeScene, ms: number): Promise<void> {
  const end = world.now() + ms;
  while (world.now() < end) {
    await world.live(20 * minuteMs);
    expect({ ...shownOf(world), told: [] }).toEqual(isIn);
  }
}

describe.each(moves)("a policy that names another scope, %s before and %s after,", (from, to) => {
  test("moves who stays without a gap, and who leaves then is out of both", async () => {
    const world = scopeScene(from);
    await world.join();
    await world.live(hourMs);
    world.move(to);
    await staysIn(world, 6 * hourMs);
    expect(world.has(to)).toBe(true);
    // One app role, one assignment.
    const isShared = [from, to].includes("appRole") && [from, to].includes("first");
    expect(world.has(from)).toBe(isShared);
    expect(world.told()).toEqual([]);
    const moved = written(world);
    await world.look();
    await world.live(dayMs);
    expect(written(world)).toBe(moved);
    await world.leave();
    await world.live(3 * hourMs);
    expect(shownOf(world)).toEqual(isOut);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("and is taken back in the middle keeps who stays in scope, whatever is approved later", async () => {
    const world = scopeScene(from);
    await world.join();
    await world.live(hourMs);
    if (isPackage(to)) world.source.packages.become("approval");
    world.move(to);
    await staysIn(world, 20 * minuteMs);
    world.move(from);
    await staysIn(world, 20 * minuteMs);
    if (isPackage(to)) world.source.packages.decide("delivered");
    await staysIn(world, 4 * hourMs);
    expect(world.has(from)).toBe(true);
    await world.leave();
    await world.live(3 * hourMs);
    expect(shownOf(world)).toMatchObject({ scope: false, reader: false, accounts: ["recycled"] });
  });
});

test.each(moves.filter(([, to]) => isPackage(to)))(
  "whoever waits for days until somebody approves of the new scope stays in the old one, %s before and %s after",
  async (from, to) => {
    const world = scopeScene(from);
    await world.join();
    await world.live(hourMs);
    world.source.packages.become("approval");
    world.move(to);
    await staysIn(world, 2 * dayMs);
    expect(world.told()).toEqual([]);
    world.source.packages.decide("delivered");
    await staysIn(world, 6 * hourMs);
    await world.leave();
    await world.live(3 * hourMs);
    expect(shownOf(world)).toEqual(isOut);
  },
);
