import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { eventAbout } from "../support/small-world.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { dayMs } from "../support/fixtures.ts";

const ben = person(1);

test.each(["readMemberships", "listMemberOf", "find"])(
  "consent to read groups is gone at home (%s), and users can still be read: Ben, who is disabled, is out",
  async (call) => {
    const world = await settledReaders(tenPeople);
    world.source.always(call, () => Promise.reject(graphFailure(403)));
    world.source.users.set(ben, { ...world.userOf(ben), enabled: false });
    await world.deliver(eventAbout(ben, world.now()));
    await world.pass(2 * dayMs);
    expect(world.inside()).not.toContain(ben);
  },
);
