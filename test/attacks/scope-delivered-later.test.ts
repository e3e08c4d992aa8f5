import { expect, test } from "vitest";
import { scopes, scopeScene, scopedBy, wishFor, type ScopeName } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs, minuteMs, respondersAtHome } from "../support/fixtures.ts";

/** On-demand provisioning makes no account, so that only a cycle of sync does. */
function withoutOnDemand(world: ReturnType<typeof scopeScene>): void {
  for (let times = 0; times < 40; times += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
}

/** A leaver whose account nobody has seen, and whose removal from the scope is being delivered. */
async function leaverOnTheWayOut() {
  const world = scopeScene("first");
  withoutOnDemand(world);
  world.source.packages.become("slow to go");
  await world.join();
  await world.pass(10_000);
  await world.leave();
  return world;
}

test("a removal that is delivered hours later: a cycle of sync that began before that proves nothing of an account that nobody saw", async () => {
  const world = await leaverOnTheWayOut();
  await world.pass(6 * hourMs);
  world.provisioner.cycleBegan = world.now() - hourMs;
  world.source.packages.decide("delivered");
  await world.pass(30 * minuteMs);
  expect(world.isInScope()).toBe(false);
  expect(world.proofs("leave")).toEqual([]);
  world.provisioner.cycleBegan = world.now();
  await world.pass(3 * hourMs);
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("a removal that is delivered days later: the account that sync made meanwhile is Muster's, and goes", async () => {
  const world = await leaverOnTheWayOut();
  await world.pass(2 * dayMs);
  expect(world.proofs("leave")).toEqual([]);
  world.contoso.create(ana);
  await world.pass(2 * hourMs);
  world.source.packages.decide("delivered");
  await world.pass(3 * hourMs);
  expect(world.states()).toEqual(["recycled"]);
  expect(world.contoso.writes.some((write) => write.startsWith("delete"))).toBe(true);
});

test("a target is not taken out of the policy unheard while a removal from its scope is being delivered", async () => {
  const world = scopeScene("first");
  await world.join();
  await world.live(hourMs);
  world.source.packages.become("slow to go");
  const policy = world.policy();
  world.setPolicy({ ...policy, targets: policy.targets.map((target) => ({ ...target, retire: true })) });
  await world.live(hourMs);
  world.setPolicy({ ...policy, targets: policy.targets.filter(({ name }) => name !== "contoso") });
  await world.look();
  await world.pass(hourMs);
  expect(world.told()).toContainEqual(expect.stringMatching(/^contoso .* is not in the policy any more/));
});

test("where all accounts go, a leaver whom somebody else has asked a package for is not proven out before that has come to its end", async () => {
  const world = scopeScene("first");
  world.move("first", {}, { leavers: { deleteAfterMs: 0, accounts: "all" } });
  world.source.packages.become("approval");
  world.source.packages.give(scopes.first, ana);
  await world.join();
  await world.live(hourMs);
  await world.leave();
  await world.live(2 * hourMs);
  expect(world.proofs("leave")).toEqual([]);
  expect(world.told()).toEqual([expect.stringMatching(/waits for approval$/)]);
  world.source.packages.decide("delivered");
  await world.live(3 * hourMs);
  expect(world.isInScope()).toBe(false);
  expect(world.states()).not.toContain("live");
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test.each(["delivered", "denied"] as const)(
  "a leaver whose request is %s hours after they left is told of, and proven out after that alone",
  async (end) => {
    const world = scopeScene("first");
    world.source.packages.become("approval");
    await world.join();
    await world.live(10 * minuteMs);
    await world.leave();
    await world.live(3 * hourMs);
    expect(world.proofs("leave")).toEqual([]);
    expect(world.told()).toEqual([expect.stringMatching(/request-1 waits for approval$/)]);
    world.source.packages.decide(end);
    world.cycle();
    await world.live(4 * hourMs);
    expect([world.isInScope(), world.states()]).toEqual([false, end === "denied" ? [] : ["recycled"]]);
    expect(world.proofs("leave").length).toBeGreaterThan(0);
  },
);

test("two targets that exchange their packages keep everybody in both, and a leaver is out of both", async () => {
  const world = scopeScene("first");
  world.scopes["fabrikam"] = [scopes.first, scopes.second];
  const say = (contoso: ScopeName, fabrikam: ScopeName) => {
    const policy = scopedBy(wishFor(contoso), { leavers: { deleteAfterMs: 0 } });
    world.setPolicy({
      ...policy,
      targets: policy.targets.map((target) =>
        target.name === "fabrikam" && target.topology === "push"
          ? { ...target, sync: { ...target.sync, scope: wishFor(fabrikam) } }
          : target,
      ),
    });
  };
  say("first", "second");
  await world.change(ana, respondersAtHome, "in");
  await world.live(2 * hourMs);
  say("second", "first");
  for (let looks = 0; looks < 15; looks += 1) {
    await world.live(20 * minuteMs);
    expect([world.has("first"), world.has("second"), world.states()]).toEqual([true, true, ["live"]]);
  }
  await world.change(ana, respondersAtHome, "out");
  await world.live(3 * hourMs);
  expect([world.has("first"), world.has("second"), world.states()]).toEqual([false, false, ["recycled"]]);
  expect(world.told()).toEqual([]);
});
