import { expect, test } from "vitest";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { pairRow } from "../../shared/state/pairs.ts";
import { ana, ben, contosoTenant, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { withoutConsent } from "../support/consent.ts";

/** Once, between what Ben's run reads of the trouble and what it writes down, Ana's run comes and finds it over. */
function endWhileMet(world: SmallWorld, end: () => void): () => boolean {
  let raced = false;
  const { report } = world.ports.troubles;
  Object.assign(world.ports.troubles, {
    report: async (trouble: Parameters<typeof report>[0]) => {
      const answer = await report(trouble);
      if (trouble.probe.includes(ben) && !raced) {
        raced = true;
        end();
        const key = { kind: "access", tenant: contosoTenant, analyst: ana } as const;
        await world.deliver({ key, cause: "test", heardAt: world.now(), occasion: "event", version: null });
      }
      return answer;
    },
  });
  return () => raced;
}

/** Once, right after people were told, the host dies. */
function dieAfterTelling(world: SmallWorld): void {
  const { park } = world.ports;
  let dies = true;
  Object.assign(world.ports, {
    park: async (message: Parameters<typeof park>[0]) => {
      await park(message);
      if (!dies) return;
      dies = false;
      throw new Error("the host dies here; the message comes again");
    },
  });
}

const accountOf = (world: SmallWorld, id: string) =>
  [...world.contoso.accounts.values()].find(({ stamp }) => stamp === id)?.id ?? "none";

test("a joiner meets a trouble in the moment in which it ends", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben);
  world.contoso.members.delete(readers.grant.group);
  await world.change(ana, readersAtHome, "in");
  await pass(6 * minuteMs);
  const raced = endWhileMet(world, () => world.contoso.members.set(readers.grant.group, new Set()));
  await world.change(ben, readersAtHome, "in");
  await pass(48 * hourMs);
  expect(raced()).toBe(true);
  expect(await world.state.troubles.list(contosoTenant)).toEqual([]);
  const clock = (await world.state.pairs.read(pairRow(contosoTenant, ben)))?.clock;
  expect({
    belongs: world.contoso.members.get(readers.grant.group)?.has(accountOf(world, ben)),
    waitsFor: clock?.waitsFor,
  }).toEqual({ belongs: true, waitsFor: [] });
});

test("telling people of a trouble fails once: they hear of it all the same", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const { park } = world.ports;
  let fails = true;
  Object.assign(world.ports, {
    park: async (message: Parameters<typeof park>[0]) => {
      if (fails) {
        fails = false;
        throw new Error("Service Bus does not answer");
      }
      await park(message);
    },
  });
  world.contoso.members.delete(readers.grant.group);
  await world.change(ana, readersAtHome, "in");
  await pass(48 * hourMs);
  expect(world.parked).toHaveLength(1);
});

test("the host dies between telling of a trouble and writing down that this key tries; soon the trouble is over", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben);
  world.contoso.members.delete(readers.grant.group);
  dieAfterTelling(world);
  await world.change(ana, readersAtHome, "in");
  await world.change(ben, readersAtHome, "in");
  await world.wait(10_000);
  world.contoso.members.set(readers.grant.group, new Set());
  await pass(48 * hourMs);
  expect({
    ana: world.contoso.members.get(readers.grant.group)?.has(accountOf(world, ana)),
    ben: world.contoso.members.get(readers.grant.group)?.has(accountOf(world, ben)),
    troubles: (await world.state.troubles.list(contosoTenant)).length,
  }).toEqual({ ana: true, ben: true, troubles: 0 });
});

test.each(["lives", "dies"])(
  "an outage of ten seconds while a host %s; weeks later one of two hours, in which Ben leaves",
  async (host) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    world.addUser(ben);
    await world.change(ben, readersAtHome, "in");
    await pass(30 * minuteMs);
    const account = accountOf(world, ben);
    const consent = withoutConsent(world.contoso);
    if (host === "dies") dieAfterTelling(world);
    await world.change(ana, readersAtHome, "in");
    await world.wait(10_000);
    consent.given = true;
    await pass(24 * hourMs);
    world.parked.length = 0;
    consent.given = false;
    await world.change(ben, readersAtHome, "out");
    await pass(2 * hourMs);
    const told = world.parked.length;
    consent.given = true;
    await pass(24 * hourMs);
    expect({
      told,
      grant: world.contoso.members.get(readers.grant.group)?.has(account),
      enabled: world.contoso.accounts.get(account)?.enabled,
    }).toEqual({ told: 1, grant: false, enabled: false });
  },
);
