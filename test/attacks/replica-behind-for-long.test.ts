import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { complete } from "../support/memory-tenant.ts";
import { smallWorld } from "../support/small-world.ts";
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
  syncScope,
} from "../support/fixtures.ts";

test.each([3, 5, 10, 40])(
  "one of the target's replicas is behind for an hour: who loses a role and gets it back %i min later has it",
  async (minutes) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, respondersAtHome, "in");
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    await world.change(ana, readersAtHome, "out");
    await pass(minutes * minuteMs);
    world.contoso.next("listMemberOf", async () =>
      complete([readers, responders].map(({ grant }) => grant.group)),
    );
    await world.change(ana, readersAtHome, "in");
    await pass(dayMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  },
);

test("every look for three hours meets the replica that is behind: she has her role back all the same, and it is written once", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  const until = world.now() + 3 * hourMs;
  const stale = complete([readers, responders].map(({ grant }) => grant.group));
  world.contoso.always("listMemberOf", async (go) => (world.now() < until ? stale : go()));
  const before = world.entries.length;
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
  const written = world.entries.slice(before).flatMap(({ steps }) => steps);
  expect(written.filter(({ step }) => step.kind === "grant")).toHaveLength(1);
});

test("somebody puts her back by hand after she lost the role, then she gets the role and loses it once more: what was given by hand stays", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const [account] = world.contoso.members.get(readers.grant.group) ?? [];
  if (account === undefined) throw new Error("she is no reader");
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  world.contoso.members.get(readers.grant.group)?.add(account);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});

test("leaves and is back after ten minutes, while the source's replica that the target's worker reads is behind for a quarter of an hour: she is in scope, so that sync does not delete her account", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  const until = world.now() + 5 * minuteMs;
  const read = world.source.reader.readMemberships;
  Object.assign(world.source.reader, {
    readMemberships: async (question: Parameters<typeof read>[0]) =>
      // The worker of a target asks for no role groups.
      question.groups.length === 0 && world.now() < until
        ? { direct: complete([readersAtHome, syncScope.scope.group]), confirmed: new Set() }
        : read(question),
  });
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs);
  expect(world.source.members.get(syncScope.scope.group)?.size).toBe(1);
});

test("blocked for ten minutes, and back: one of the target's replicas still shows her account enabled, and she can work all the same", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  world.contoso.next("readAccount", async (go) => {
    const read = (await go()) as { account: object };
    return { ...read, account: { ...read.account, enabled: true } };
  });
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "live", enabled: true }]);
});
