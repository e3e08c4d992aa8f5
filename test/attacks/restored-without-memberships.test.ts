import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";

/** Graph's answer about what is not there. */
const missing = {
  result: "missing",
  appliedBefore: "no",
  trace: { clientRequestId: "c", requestId: "r", status: 404, ms: 1, tries: 1 },
} as const;
const nothing = { items: [], completeness: { kind: "complete" } } as const;

test("sync deleted her account just before Muster's revokes (404); it is restored, and a replica shows it for a minute without its memberships: the role that she did not get back is taken", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  const user = world.userOf(ana);
  const binned = async () => {
    world.contoso.recycleAll();
    return missing;
  };
  world.contoso.next("revoke", binned);
  world.contoso.next("revoke", binned);
  world.source.users.set(ana, "soft-deleted");
  await world.deliver(eventAbout(ana, world.now()));
  await pass(3 * hourMs);
  world.source.members.get(respondersAtHome)?.delete(ana);
  world.source.users.set(ana, user);
  const until = world.now() + minuteMs;
  world.contoso.always("listMemberOf", async (go) => {
    const shown = await go();
    return world.now() < until ? nothing : shown;
  });
  await world.deliver(eventAbout(ana, world.now()));
  await pass(24 * hourMs);
  const sizes = [readers, responders].map(({ grant }) => world.contoso.members.get(grant.group)?.size);
  expect(sizes).toEqual([1, 0]);
});

test.each([
  ["and stays disabled", false],
  ["and enabled, without her role", true],
])(
  "disabled, and deleted just before Muster takes her out of scope (404); restored, %s, and a replica shows her for a minute without her memberships: she is out of scope",
  async (_, enabled) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, readersAtHome, "in");
    await pass(30 * minuteMs);
    const user = world.userOf(ana);
    world.source.next("leaveScope", async () => {
      world.source.users.set(ana, "soft-deleted");
      return missing;
    });
    world.source.users.set(ana, { ...user, enabled: false });
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(1_000);
    await world.deliver(eventAbout(ana, world.now()));
    await pass(3 * hourMs);
    world.source.members.get(readersAtHome)?.delete(ana);
    world.source.users.set(ana, { ...user, enabled });
    const until = world.now() + minuteMs;
    world.source.always("readMemberships", async (go) => {
      const shown = await go();
      return world.now() < until ? { direct: nothing, confirmed: new Set() } : shown;
    });
    world.source.always("listMemberOf", async (go) => {
      const shown = await go();
      return world.now() < until ? nothing : shown;
    });
    await world.deliver(eventAbout(ana, world.now()));
    await pass(24 * hourMs);
    expect(world.source.members.get(syncScope.scope.group)?.size).toBe(0);
  },
);
