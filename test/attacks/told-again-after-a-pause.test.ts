import { expect, test } from "vitest";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

/** She left, and her account may not be blocked because it holds a role in the target; people have been told. */
async function notBlocked() {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  for (const name of ["block", "delete"])
    world.contoso.always(name, async () => {
      throw graphFailure(403, { method: "PATCH", template: "/users/{id}" });
    });
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(2 * hourMs);
  expect(world.parked).toHaveLength(1);
  return { world, pass };
}

test("her account cannot be blocked, and then the policy is broken for four hours: people are not told once more", async () => {
  const { world, pass } = await notBlocked();
  const { policy } = world.ports;
  const until = world.now() + 4 * hourMs;
  Object.assign(world.ports, {
    policy: async () => {
      if (world.now() < until) throw new PolicyUnusable("broken", "the policy is broken");
      return policy();
    },
  });
  const passed = async (ms: number) => {
    for (let n = 0; n < ms / minuteMs; n += 1) await world.wait(minuteMs);
  };
  await passed(4 * hourMs);
  await pass(4 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("her account cannot be blocked, and then the target asks to be left alone for three hours: people are not told once more", async () => {
  const { world, pass } = await notBlocked();
  const until = world.now() + 3 * hourMs;
  for (const name of ["readAccount", "findByStamp", "listMemberOf"])
    world.contoso.always(name, async (go) => {
      if (world.now() < until) throw graphFailure(429, { retryAfterMs: 10 * minuteMs });
      return go();
    });
  await pass(7 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("her account cannot be blocked, and then the target's consent is gone for three hours: people are told of that, and not of the other once more", async () => {
  const { world, pass } = await notBlocked();
  const until = world.now() + 3 * hourMs;
  for (const name of ["readAccount", "findByStamp", "listMemberOf"])
    world.contoso.always(name, async (go) => {
      if (world.now() < until) throw graphFailure(403);
      return go();
    });
  await pass(7 * hourMs);
  const reasons = world.parked.map(({ reason }) => reason);
  expect(reasons.toSorted()).toEqual([...new Set(reasons)].toSorted());
});
