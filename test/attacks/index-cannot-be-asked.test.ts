import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/** Who else carries the stamp is asked of an index; everything else of this target answers. */
const silentIndex = (world: SmallWorld, status: number, retryAfterMs: number | null) =>
  world.contoso.always("findByStamp", async () => {
    throw graphFailure(status, { template: "/users", retryAfterMs });
  });

test.each([
  ["throttles", 429, 5 * minuteMs],
  ["does not answer", 503, null],
  ["refuses the filter", 400, null],
])(
  "the target %s when it is asked for other accounts with her stamp, and does all else: who leaves loses the access that is known within minutes",
  async (_, status, retryAfterMs) => {
    const world = smallWorld();
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
    const pass = withCatchUp(world);
    const account = world.contoso.create(ana, { createdAt: 0 });
    await world.change(ana, readersAtHome, "in");
    await pass(dayMs);
    expect(world.contoso.members.get(readers.grant.group)?.has(account)).toBe(true);
    silentIndex(world, status, retryAfterMs);
    await world.change(ana, readersAtHome, "out");
    await pass(6 * hourMs);
    expect(world.contoso.members.get(readers.grant.group)?.has(account)).toBe(false);
  },
);
