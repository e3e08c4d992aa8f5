import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, readersAtHome } from "../support/fixtures.ts";

test.each([
  ["sync makes the account without its stamp, and on-demand provisioning does not name it", "unnamed"],
  ["a scoping filter of the job leaves the joiner out", "not-in-scope"],
] as const)("%s: after two days people have been told once", async (_, kind) => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  if (kind === "unnamed") world.contoso.create(ana, { stamp: null });
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() =>
      kind === "unnamed" ? { kind } : { kind, detail: "the user does not pass the scoping filter" },
    );
  await world.change(ana, readersAtHome, "in");
  await pass(2 * dayMs);
  expect(world.parked).toHaveLength(1);
});
