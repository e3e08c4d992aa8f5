import { expect, test } from "vitest";
import { scopes, scopeScene, type ScopeScene } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs, minuteMs } from "../support/fixtures.ts";

/*
 * The lists of requests and of assignments come from different replicas (decision 18): an assignment that Muster's request has brought may
 * show before the request does, beside an older request of somebody else's. Of a grant Muster waits until every replica must know of
 * its own request before it gives it up; of a scope it does not.
 */

/** Somebody else gave Ana the package some time ago, and took it away again. */
function hadItOnce(world: ScopeScene): void {
  world.source.packages.give(scopes.first, ana);
  world.source.packages.end(scopes.first.package, ana);
}

/** The list of requests is behind by so long, and all pages of it are there. */
function requestsBehind(world: ScopeScene, ms: number): void {
  const { packages } = world.source;
  const papers = packages.papers;
  packages.papers = (account) => {
    const all = papers(account);
    const requests = all.requests.filter(
      ({ createdDateTime }) => Date.parse(createdDateTime ?? "") <= world.now() - ms,
    );
    return { ...all, requests };
  };
}

test("a scope that Muster asked for is Muster's, although its request shows a minute after the assignment: who leaves is out", async () => {
  const world = scopeScene("first");
  hadItOnce(world);
  await world.pass(5 * dayMs);
  requestsBehind(world, minuteMs);
  await world.join();
  await world.live(2 * hourMs);
  expect(world.states()).toEqual(["live"]);
  await world.leave();
  await world.live(dayMs);
  expect.soft(world.isInScope()).toBe(false);
  expect.soft(world.states()).not.toContain("live");
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("nor is it somebody else's when she leaves before her request shows", async () => {
  const world = scopeScene("first");
  hadItOnce(world);
  await world.pass(5 * dayMs);
  requestsBehind(world, minuteMs);
  await world.join();
  await world.pass(20_000);
  await world.leave();
  await world.live(dayMs);
  expect.soft(world.isInScope()).toBe(false);
  expect.soft(world.states()).not.toContain("live");
  expect(world.proofs("leave").length).toBeGreaterThan(0);
});

test("the same without anybody else's request, or with lists that agree: she is out", async () => {
  const alone = scopeScene("first");
  requestsBehind(alone, minuteMs);
  const agreeing = scopeScene("first");
  hadItOnce(agreeing);
  for (const world of [alone, agreeing]) {
    await world.pass(5 * dayMs);
    await world.join();
    await world.live(2 * hourMs);
    await world.leave();
    await world.live(dayMs);
    expect([world.isInScope(), world.states()]).toEqual([false, ["recycled"]]);
  }
});
