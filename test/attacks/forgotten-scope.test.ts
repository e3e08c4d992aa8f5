import { expect, test } from "vitest";
import type { MemoryTarget } from "../support/memory-tenant.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

const enabled = ({ accounts }: MemoryTarget) =>
  [...accounts.values()].filter((account) => account.state === "live" && account.enabled).length;

test("the target throttles for five minutes while somebody leaves who has two accounts: the second one goes as well", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  world.contoso.create(ana);
  await pass(30 * minuteMs);
  world.contoso.next("readAccount", async () => {
    throw graphFailure(429, { retryAfterMs: 5 * minuteMs });
  });
  await world.change(ana, readersAtHome, "out");
  await pass(24 * hourMs);
  expect({ enabled: enabled(world.contoso), parked: world.parked.map(({ reason }) => reason) }).toEqual({
    enabled: 0,
    parked: [],
  });
});

test("who joined by mistake is taken out again; a sync cycle that is two minutes behind makes the account, which shows minutes later: no proof while it is enabled", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let n = 0; n < 20; n += 1) world.provisioner.next(() => ({ kind: "not-in-scope", detail: "" }));
  await world.change(ana, readersAtHome, "in");
  await pass(5 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  const leftAt = world.now();
  // Made 110 seconds after she was out of scope, seen by every replica 120 seconds later.
  await pass(230_000);
  world.contoso.create(ana, { createdAt: leftAt + 110_000 });
  const shownAt = world.now();
  await pass(30 * minuteMs);
  const proofs = world.entries.filter(
    ({ kind, plan, at }) => kind === "proof" && plan.purpose === "leave" && at >= shownAt,
  );
  expect({ enabled: enabled(world.contoso), saidToBeOut: proofs.length }).toEqual({
    enabled: 0,
    saidToBeOut: 1,
  });
});
