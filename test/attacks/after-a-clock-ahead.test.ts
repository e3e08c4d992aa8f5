import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { eventAbout } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { hourMs, minuteMs } from "../support/fixtures.ts";

test.each([60, 180])(
  "a host whose clock is %i min ahead has looked at everybody; 40 min later all are dropped at once, and nobody loses anything",
  async (minutes) => {
    const world = await settledReaders(tenPeople);
    const pass = withCatchUp(world);
    await pass(hourMs);
    let wrongBy = minutes * minuteMs;
    const now = world.ports.now;
    Object.assign(world.ports, { now: () => now() + wrongBy });
    for (const id of tenPeople) await world.deliver(eventAbout(id, now()));
    wrongBy = 0;
    await pass(40 * minuteMs);
    await world.dropAtOnce(tenPeople);
    await pass(2 * hourMs);
    expect(new Set(world.inside())).toEqual(new Set(tenPeople));
  },
);
