import { expect, test } from "vitest";
import { scopes, scopeScene, type ScopeScene } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs } from "../support/fixtures.ts";

/*
 * Requests are listed for three months, so one for an extension that was refused outlives the assignment that it was about. Of the
 * assignment that came later it says nothing, and where the policy says `renew: true` that one is renewed.
 */

/** Ana asked in My Access for an extension of what she had then, and took it back, or an approver said no. */
function askedForExtension({ source, now }: ScopeScene, state: "canceled" | "denied"): void {
  const at = new Date(now()).toISOString();
  const { packages } = source;
  const papers = packages.papers;
  const request = {
    id: "request-of-hers",
    requestType: "userupdate",
    state,
    createdDateTime: at,
    completedDateTime: at,
    accessPackage: { id: scopes.first.package },
  };
  packages.papers = (account) => {
    const all = papers(account);
    return account === ana ? { ...all, requests: [...all.requests, request] } : all;
  };
}

/** Time goes on by the hour, and what has run its time ends; whether she was in scope all the time. */
async function staysIn(world: ScopeScene, ms: number): Promise<boolean> {
  let always = true;
  for (const end = world.now() + ms; world.now() < end;) {
    await world.pass(12 * hourMs);
    world.source.packages.expire();
    always = always && world.isInScope();
  }
  return always;
}

test.each(["canceled", "denied"] as const)(
  "an extension that was %s before she left is not held against what she is given when she is back",
  async (state) => {
    const world = scopeScene("first", { expires: "P30D", renew: true });
    await world.join();
    await world.live(hourMs);
    askedForExtension(world, state);
    await world.live(hourMs);
    await world.leave();
    await world.live(2 * dayMs);
    expect(world.isInScope()).toBe(false);
    await world.join();
    await world.live(2 * hourMs);
    expect([world.isInScope(), world.states()]).toEqual([true, ["live"]]);
    expect(await staysIn(world, 40 * dayMs)).toBe(true);
  },
);

test("without it, what she is given when she is back is renewed", async () => {
  const world = scopeScene("first", { expires: "P30D", renew: true });
  await world.join();
  await world.live(2 * hourMs);
  await world.leave();
  await world.live(2 * dayMs);
  await world.join();
  await world.live(2 * hourMs);
  expect(await staysIn(world, 40 * dayMs)).toBe(true);
});
