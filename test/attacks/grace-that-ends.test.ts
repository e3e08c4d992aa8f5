import { expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import { eligibleFor, smallPolicy, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const { group } = hunters.grant;

const withGrace = (graceMs: number, policy: Policy = smallPolicy()): Policy => ({
  ...policy,
  movers: { order: "add-first", graceMs },
});

/** Ana, who was a reader, has become a responder a minute ago. */
async function moved(policy = withGrace(8 * hourMs)) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.change(ana, respondersAtHome, "in");
  await pass(minuteMs);
  const account = () => [...world.contoso.accounts.keys()][0] ?? "";
  return {
    ...world,
    pass,
    account,
    has: ({ grant }: typeof readers) => world.contoso.members.get(grant.group)?.has(account()) === true,
    edit: async (next: Policy) => {
      world.setPolicy(next);
      await world.deliver(eventAbout(ana, world.now()));
      await pass(10 * minuteMs);
    },
  };
}

test("a grace that an edit ends, ends then", async () => {
  const world = await moved();
  expect(world.has(readers)).toBe(true);
  await world.edit(withGrace(0));
  expect(world.has(readers)).toBe(false);
});

test("a grace that an edit makes shorter counts from the same moment", async () => {
  const world = await moved();
  await world.pass(hourMs);
  await world.edit(withGrace(2 * hourMs));
  expect(world.has(readers)).toBe(true);
  await world.pass(hourMs);
  expect(world.has(readers)).toBe(false);
});

test("a grace whose reminder is lost ends with the catch-up", async () => {
  const world = await moved();
  world.forgetScheduled();
  await world.pass(9 * hourMs);
  expect(world.has(readers)).toBe(false);
});

test("a grace that ends while the target cannot be reached ends when it can", async () => {
  const world = await moved();
  world.contoso.always("readAccount", () => Promise.reject(new Error("the target is down")));
  await world.pass(9 * hourMs);
  expect(world.has(readers)).toBe(true);
  world.contoso.always("readAccount", (go) => go());
  await world.pass(3 * hourMs);
  expect([world.has(readers), world.has(responders)]).toEqual([false, true]);
});

test("what somebody else takes during a grace is not given back", async () => {
  const world = await moved();
  world.contoso.members.get(readers.grant.group)?.clear();
  await world.edit(withGrace(9 * hourMs));
  await world.pass(dayMs);
  expect(world.has(readers)).toBe(false);
});

test("what ends by itself before the grace does is said to last until then, and is not renewed", async () => {
  const eligible = withGrants(reader, (given) => [...given, eligibleFor(group, "P1D")]);
  const world = await moved(withGrace(3 * dayMs, eligible));
  const endsAt = world.contoso.eligible.get(group)?.get(world.account()) ?? expect.fail();
  const said = world.entries.flatMap(({ plan }) => plan.notes).filter(({ kind }) => kind === "grace");
  expect(said).toContainEqual(
    expect.objectContaining({ name: "group 03", until: new Date(endsAt).toISOString().replace(".000", "") }),
  );
  await world.pass(2 * dayMs);
  expect(world.contoso.eligible.get(group)?.has(world.account())).toBe(false);
  expect(world.has(readers)).toBe(true);
});

test("who loses the last role in this target during a grace has none", async () => {
  const world = await moved();
  await world.change(ana, respondersAtHome, "out");
  await world.pass(10 * minuteMs);
  expect([world.has(readers), world.has(responders)]).toEqual([false, false]);
});
