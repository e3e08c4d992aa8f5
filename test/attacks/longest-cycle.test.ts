import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test.each(["goes on", "goes into quarantine"])(
  "the job was restarted, and its first cycle, which saw her in scope, takes two hours: her account, which it makes long after she left, is Muster's, and she is not said to be out while it is enabled (the job then %s)",
  async (then) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    for (let tries = 0; tries < 500; tries += 1)
      world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
    await world.change(ana, readersAtHome, "in");
    await pass(5 * minuteMs);
    world.provisioner.cycleBegan = world.now();
    await pass(5 * minuteMs);
    await world.change(ana, readersAtHome, "out");
    await pass(hourMs);
    expect(world.leaveProofs()).toEqual([]);
    await pass(30 * minuteMs);
    const account = world.contoso.create(ana);
    if (then === "goes on") {
      await pass(30 * minuteMs);
      // Muster has found it by its stamp.
      expect(world.contoso.accounts.get(account)).toMatchObject({ enabled: false });
      // The next cycle does not find her in scope.
      world.provisioner.cycleBegan = world.now();
      world.contoso.recycleAll();
    } else world.provisioner.quarantine = "TooManyDeletes";
    await pass(3 * dayMs);
    const { state, enabled } = world.contoso.accounts.get(account) ?? {};
    expect({
      isIn: state === "live" && enabled === true,
      saidToBeOut: world.leaveProofs().length > 0,
    }).not.toEqual({
      isIn: true,
      saidToBeOut: true,
    });
  },
);
