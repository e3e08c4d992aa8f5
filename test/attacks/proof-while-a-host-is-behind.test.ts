import { expect, test } from "vitest";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

test("while a new version is deployed, an old host takes the news that Ana is disabled, and puts it back: nobody proves her access before somebody has looked", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const proofs = () => world.entries.filter(({ kind }) => kind === "proof").length;
  const before = proofs();
  // She gets another role; the messages to the targets are on their way.
  await world.change(ana, respondersAtHome, "in");
  // For a minute an old host has Ana's key, and a new one those of her targets.
  const { policy } = world.ports;
  const oldUntil = world.now() + minuteMs;
  let isOld = false;
  for (const [table, old] of [
    [world.ports.analysts, true],
    [world.ports.pairs, false],
  ] as const) {
    const { claim } = table as { claim: (...args: unknown[]) => unknown };
    Object.assign(table, {
      claim: (...args: unknown[]) => {
        isOld = old && world.now() < oldUntil;
        return claim(...args);
      },
    });
  }
  Object.assign(world.ports, {
    policy: () =>
      isOld ? Promise.reject(new PolicyUnusable("behind", "a newer policy is being deployed")) : policy(),
  });
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await world.until(oldUntil - 1);
  expect(proofs() - before).toBe(0);
});

test("Graph asks to be left alone for a minute when the news is looked at that Ana is disabled: nobody proves her access before somebody has looked", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const proofs = () => world.entries.filter(({ kind }) => kind === "proof").length;
  const before = proofs();
  await world.change(ana, respondersAtHome, "in");
  const throttledUntil = world.now() + minuteMs;
  world.source.always("readUser", async (call) => {
    if (world.now() < throttledUntil) throw graphFailure(429, { retryAfterMs: minuteMs });
    return call();
  });
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await world.until(throttledUntil - 1);
  expect(proofs() - before).toBe(0);
});
