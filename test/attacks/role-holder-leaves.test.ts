import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test.each([0, dayMs])(
  "who leaves holds an Entra role in the target: people hear once whose account it is and what to do, and it ends by itself when they have done it (deleteAfter %i)",
  async (deleteAfterMs) => {
    const world = smallWorld();
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs } }));
    const pass = withCatchUp(world);
    await world.change(ana, readersAtHome, "in");
    await pass(30 * minuteMs);
    const [account] = world.contoso.accounts.keys();
    let holdsRole = true;
    for (const [call, method] of [
      ["block", "PATCH"],
      ["delete", "DELETE"],
    ] as const)
      world.contoso.always(call, async (go) => {
        if (holdsRole) throw graphFailure(403, { method, template: "/users/{id}" });
        return go();
      });
    await world.change(ana, readersAtHome, "out");
    await pass(5 * hourMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
    expect(world.leaveProofs()).toEqual([]);
    expect(world.parked.map(({ reason, advice }) => `${reason}; ${advice}`)).toEqual([
      expect.stringMatching(`^contoso: .*block or delete the account ${account} of .*Entra role`),
    ]);
    holdsRole = false;
    await pass(hourMs);
    expect(world.contoso.accounts.get(account ?? expect.fail())).toMatchObject(
      deleteAfterMs === 0 ? { state: "recycled" } : { state: "live", enabled: false },
    );
    expect(world.leaveProofs()).toHaveLength(1);
    expect(world.parked).toHaveLength(1);
  },
);
