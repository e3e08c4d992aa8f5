import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("said to be out, and a late cycle of sync makes another account: when that one is ended as well, it is said anew", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  const late = world.contoso.create(ana);
  await pass(2 * hourMs);
  expect(world.contoso.accounts.get(late)).toMatchObject({ state: "recycled" });
  const ended = world.entries.findLastIndex(({ steps }) =>
    steps.some(({ step }) => step.kind === "delete-account"),
  );
  const said = world.entries.findLastIndex(({ kind, plan }) => kind === "proof" && plan.purpose === "leave");
  expect(said).toBeGreaterThan(ended);
});
