import { expect, test } from "vitest";
import { complete } from "../support/memory-tenant.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

/** One host's clock is right, the other's is wrong; which one is at work, the test says. */
function twoHosts() {
  const world = smallWorld();
  let wrongBy = 0;
  Object.assign(world.ports, { now: () => world.now() + wrongBy });
  return { ...world, clockWrongBy: (minutes: number) => void (wrongBy = minutes * minuteMs) };
}

// Hosts go by Graph's clock as soon as it has answered; what is left are the first moments of a process.
test.each([0, -1])(
  "Ana loses a role and gets it back half a minute later, by hosts whose clocks differ by %i min; a target's replica is behind",
  async (minutes) => {
    const world = twoHosts();
    const pass = withCatchUp(world);
    await world.change(ana, respondersAtHome, "in");
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    world.clockWrongBy(minutes);
    await world.change(ana, readersAtHome, "out");
    await world.until(world.now());
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
    world.clockWrongBy(0);
    await world.wait(30_000);
    // What was true half a minute ago.
    const before = complete([readers, responders].map(({ grant }) => grant.group));
    world.contoso.next("listMemberOf", async () => before);
    await world.change(ana, readersAtHome, "in");
    await pass(dayMs);
    expect(world.entries.findLast(({ kind }) => kind === "proof")?.evidence).toMatchObject({
      grants: expect.arrayContaining([{ kind: "group", name: "group 01", seen: "present" }]),
    });
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  },
);

test.each([0, -1])(
  "Ana becomes an analyst on a host whose clock is wrong by %i min; ten seconds later a replica does not know yet",
  async (minutes) => {
    const world = twoHosts();
    world.clockWrongBy(minutes);
    await world.change(ana, readersAtHome, "in");
    await world.wait(10_000);
    world.clockWrongBy(0);
    const before = { direct: complete<string>([]), confirmed: new Set<string>() };
    world.source.next("readMemberships", async () => before);
    world.source.next("listMembers", async () => ({ ...complete<string>([]), groups: [] }));
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(5_000);
    expect(world.contoso.writes.filter((write) => /revoke|block|delete/.test(write))).toEqual([]);
    expect(world.source.writes).not.toContain(`revokeSessions ${ana}`);
  },
);
