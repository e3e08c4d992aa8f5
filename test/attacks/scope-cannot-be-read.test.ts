import { describe, expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { scopes, scopeScene, type ScopeScene } from "../support/scope-scene.ts";
import { ana, ben, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

/** Consent for one kind of scope is missing in the source, until it is given. */
function refuses(world: ScopeScene, names: readonly string[]): () => void {
  let isRefused = true;
  for (const name of names)
    world.source.always(name, (call) => (isRefused ? Promise.reject(graphFailure(403)) : call()));
  return () => void (isRefused = false);
}

describe.each([
  ["first", ["readPapers", "assign", "unassign"]],
  ["appRole", ["readAppRoles", "assignRole", "unassignRole"]],
] as const)("a scope by %s that Graph refuses to show", (kind, names) => {
  test("keeps nobody in a target whom no role leads there any more; and that is told, and not proven", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.pass(hourMs);
    const policy = world.policy();
    const withoutResponders = {
      ...policy,
      targets: policy.targets.map((target) =>
        target.name === "contoso"
          ? { ...target, grants: target.grants.filter(({ role }) => role !== "responder") }
          : target,
      ),
    };
    world.setPolicy(withoutResponders);
    await world.change(ana, respondersAtHome, "in");
    await world.pass(hourMs);
    const allow = refuses(world, names);
    await world.leave();
    await world.pass(hourMs);
    // She stays a responder elsewhere.
    expect([(await world.recordOf(ana))?.leaving, world.isReader(), world.states()]).toEqual([
      null,
      false,
      ["recycled"],
    ]);
    expect(world.told()).toEqual([expect.stringContaining("403")]);
    expect(world.proofs("leave")).toEqual([]);
    allow();
    await world.live(2 * hourMs);
    expect(world.isInScope()).toBe(false);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("keeps no leaver's access alive; and that is told, and not proven", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.pass(hourMs);
    const allow = refuses(world, names);
    await world.leave();
    await world.pass(hourMs);
    expect([world.isReader(), world.isInScope(), world.states()]).toEqual([false, true, ["recycled"]]);
    expect(world.told()).toEqual([expect.stringContaining("403")]);
    expect(world.proofs("leave")).toEqual([]);
    allow();
    await world.live(2 * hourMs);
    expect(world.isInScope()).toBe(false);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  });

  test("keeps no leaver's account from being deleted on its day, however many leave meanwhile", async () => {
    const world = scopeScene(kind, {}, { deleteAfterMs: 3 * hourMs });
    world.addUser(ben);
    await world.join();
    await world.change(ben, readersAtHome, "in");
    await world.pass(hourMs);
    refuses(world, names);
    await world.leave();
    await world.pass(10 * minuteMs);
    await world.change(ben, readersAtHome, "out");
    await world.pass(10 * minuteMs);
    expect(world.states()).toEqual(["blocked", "blocked"]);
    await world.pass(4 * hourMs);
    expect(world.states()).toEqual(["recycled", "recycled"]);
    expect([world.told().length, world.proofs("leave")]).toEqual([1, []]);
  });

  test("and that the policy does not name any more keeps nobody from the new one, and is left when it shows", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.live(hourMs);
    const allow = refuses(world, names);
    world.move("group");
    await world.change(ana, respondersAtHome, "in");
    await world.live(2 * hourMs);
    expect([world.has("group"), world.has(kind), world.states()]).toEqual([true, true, ["live"]]);
    expect(world.told()).toEqual([expect.stringContaining("403")]);
    allow();
    await world.live(2 * hourMs);
    expect([world.has("group"), world.has(kind), world.states()]).toEqual([true, false, ["live"]]);
  });

  test("keeps nobody who stays from losing what a lost role gave", async () => {
    const world = scopeScene(kind);
    await world.join();
    await world.change(ana, respondersAtHome, "in");
    await world.live(hourMs);
    refuses(world, names);
    await world.leave();
    await world.live(hourMs);
    expect([world.isReader(), world.states(), world.isInScope()]).toEqual([false, ["live"], true]);
    expect(world.told()).toEqual([expect.stringContaining("403")]);
  });

  test("gives a joiner nothing, which is told, and all when it shows", async () => {
    const world = scopeScene(kind);
    const allow = refuses(world, names);
    await world.join();
    await world.live(hourMs);
    expect([world.isInScope(), world.states()]).toEqual([false, []]);
    expect(world.told()).toEqual([expect.stringContaining("403")]);
    allow();
    await world.live(hourMs);
    expect([world.isInScope(), world.isReader()]).toEqual([true, true]);
  });
});

test("an application of a synchronization that is deleted keeps no leaver in, and they are proven out", async () => {
  const world = scopeScene("appRole");
  await world.join();
  await world.live(hourMs);
  world.source.appRoles.remove(scopes.appRole);
  await world.change(ana, respondersAtHome, "in");
  await world.pass(hourMs);
  expect(world.told()).toEqual([expect.stringContaining("no such app role")]);
  await world.change(ana, respondersAtHome, "out");
  await world.leave();
  await world.live(3 * hourMs);
  expect([world.isReader(), world.states()]).toEqual([false, ["recycled"]]);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});
