import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

// https://learn.microsoft.com/graph/api/user-update: a user who holds an administrator's role may be blocked by few.
test.each([2, 5, 9])(
  "she left %i hours ago and could not be blocked, because her account held a role in the target; within minutes after that is taken away, she is",
  async (hours) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    let holdsRole = true;
    for (const name of ["block", "delete"])
      world.contoso.always(name, async (go) => {
        if (holdsRole) throw graphFailure(403, { method: "PATCH", template: "/users/{id}" });
        return go();
      });
    world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
    await world.deliver(eventAbout(ana, world.now()));
    await pass(hours * hourMs);
    expect(world.parked).toHaveLength(1);
    holdsRole = false;
    const from = world.now();
    const isIn = () =>
      [...world.contoso.accounts.values()].some(({ enabled, state }) => enabled && state === "live");
    while (isIn() && world.now() < from + dayMs) await pass(minuteMs);
    expect((world.now() - from) / minuteMs).toBeLessThan(20);
  },
);
