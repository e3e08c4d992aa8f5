import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { pullPolicy, pullScene } from "../support/pull-scene.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs } from "../support/fixtures.ts";

/*
 * Sync made the account because Muster had put her in scope; then the target invites, and sync has been switched off. Entitlement
 * management does not end an account that it has not invited (graph.md 8.7), no cycle deletes it, and Muster does neither: she left,
 * can sign in, and the journal says that she is out, without a word of the account.
 */
test.each([
  ["at once", 0],
  ["after thirty days", 30 * dayMs],
])(
  "who leaves a target that invites by now, and whose account sync had made for Muster, to go %s: blocked, gone, or told of",
  async (_, deleteAfterMs) => {
    const world = pullScene();
    const pass = withCatchUp(world, "seldom");
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs } }));
    await world.join();
    await pass(hourMs);
    const policy = pullPolicy();
    world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs } });
    await pass(3 * hourMs);
    expect(world.accounts()).toMatchObject([{ state: "live", enabled: true }]);
    await world.leave();
    await pass(32 * dayMs);
    const left = world.accounts().filter(({ state, enabled }) => state === "live" && enabled).length;
    const words = world.proofs("leave").flatMap(({ plan }) => plan.notes);
    expect({ left, told: world.told().length + words.length }).not.toEqual({ left: 1, told: 0 });
  },
);
