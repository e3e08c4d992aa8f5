import { expect, test } from "vitest";
import { scopes, scopeScene, type ScopeScene } from "../support/scope-scene.ts";
import { ana, dayMs, hourMs } from "../support/fixtures.ts";

/*
 * Whoever may extend an assignment may ask for that in My Access, and take it back again: the request is canceled. Nobody has refused
 * Muster anything, so where the policy says `renew: true` the assignment is renewed before it ends.
 */
function tookBackAnExtension({ source, now }: ScopeScene): void {
  const { packages } = source;
  const papers = packages.papers;
  const request = {
    id: "request-of-hers",
    requestType: "userupdate",
    state: "canceled",
    createdDateTime: new Date(now()).toISOString(),
    completedDateTime: new Date(now()).toISOString(),
    justification: "a week more, please",
    accessPackage: { id: scopes.first.package },
  };
  packages.papers = (account) => {
    const all = papers(account);
    return account === ana ? { ...all, requests: [...all.requests, request] } : all;
  };
}

test.each([
  ["nobody has asked for an extension", () => undefined],
  ["she has asked for an extension, and has taken that back", tookBackAnExtension],
])("a scope that the policy renews does not end when %s", async (_, act) => {
  const world = scopeScene("first", { expires: "P30D", renew: true });
  await world.join();
  await world.live(hourMs);
  act(world);
  let always = true;
  for (const end = world.now() + 40 * dayMs; world.now() < end;) {
    await world.pass(12 * hourMs);
    world.source.packages.expire();
    always = always && world.isInScope();
  }
  expect(always).toBe(true);
});
