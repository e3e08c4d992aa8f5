import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { ana, contoso, contosoTenant, hourMs, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test("a target is taken out of the policy when everybody has left it, as advised: nobody is told that people have access there", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(2 * hourMs);
  expect(world.entries.at(-1)).toMatchObject({ kind: "proof", plan: { purpose: "leave" } });
  const policy = world.policy();
  world.setPolicy({ ...policy, targets: policy.targets.filter(({ name }) => name !== contoso) });
  await pass(24 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
  // And nobody tries every five minutes, for ever, whether it is over.
  expect(await world.state.troubles.list(contosoTenant)).toEqual([]);
});
