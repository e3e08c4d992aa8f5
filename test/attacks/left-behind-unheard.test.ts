import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { withoutRole } from "../support/small-policy.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eventAbout } from "../support/small-world.ts";
import { dayMs, hourMs, minuteMs, reader, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

/** The policy gave readers up, which was refused, so ten people keep what readers had. Who then loses their last role has left. */

const ben = person(10);

async function tenRespondersKeptAsReaders() {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(withoutRole(reader));
  await world.pass(hourMs);
  world.source.members.delete(readersAtHome);
  await world.pass(dayMs);
  return {
    ...world,
    async dropResponders(ids: typeof tenPeople) {
      for (const id of ids) world.source.members.get(respondersAtHome)?.delete(id);
      for (const id of ids) await world.deliver(eventAbout(id, world.now()));
    },
    fateOf: (id: typeof ben, told: number) => ({
      isIn: world.inside().includes(id),
      isSilent: world.parked.length === told,
    }),
  };
}

const keptInSilence = { isIn: true, isSilent: true };

test("Ben loses his last role while the table Journal does not answer once: he is out, or somebody hears of him", async () => {
  const world = await tenRespondersKeptAsReaders();
  const told = world.parked.length;
  world.failJournal("run");
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.fateOf(ben, told)).not.toEqual(keptInSilence);
});

test("the same while Service Bus does not take the first word about him", async () => {
  const world = await tenRespondersKeptAsReaders();
  const told = world.parked.length;
  const { park } = world.ports;
  let fails = 1;
  Object.assign(world.ports, {
    park: async (message: Parameters<typeof park>[0]) => {
      if (fails-- > 0) throw new Error("Service Bus does not answer");
      await park(message);
    },
  });
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.fateOf(ben, told)).not.toEqual(keptInSilence);
});

test("three lose their last role at once, which is refused; a person raises the limit, as they were advised to: the three are out, or somebody hears of them", async () => {
  const world = await tenRespondersKeptAsReaders();
  await world.dropResponders(tenPeople.slice(0, 3));
  await world.pass(hourMs);
  const told = world.parked.length;
  const policy = withoutRole(reader);
  world.setPolicy({ ...policy, guardrails: { ...policy.guardrails, removals: { perRun: 5, share: 0.3 } } });
  await world.pass(dayMs);
  expect(world.fateOf(tenPeople[0] ?? ben, told)).not.toEqual(keptInSilence);
});

test("three seem to lose their last role at once, and a minute later two have it again: the third is out, or somebody hears of them", async () => {
  const world = await tenRespondersKeptAsReaders();
  const told = world.parked.length;
  await world.dropResponders([ben, ...tenPeople.slice(0, 2)]);
  await world.wait(minuteMs);
  for (const id of tenPeople.slice(0, 2)) await world.change(id, respondersAtHome, "in");
  await world.pass(dayMs);
  expect(world.fateOf(ben, told)).not.toEqual(keptInSilence);
});

test("a script empties the readers, and their owner puts all ten back within half a minute; Ben stopped being a responder meanwhile: nobody says that nothing makes him an analyst", async () => {
  const world = await settledReaders(tenPeople);
  await world.change(ben, respondersAtHome, "in");
  await world.pass(hourMs);
  await world.dropAtOnce(tenPeople);
  await world.change(ben, respondersAtHome, "out");
  await world.wait(20_000);
  for (const id of tenPeople) await world.change(id, readersAtHome, "in");
  await world.pass(dayMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
});

test("Ben was left behind, and people heard of him; a day later Graph fails once when he is looked at: nobody says that this has failed for long", async () => {
  const world = await tenRespondersKeptAsReaders();
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  const told = world.parked.length;
  world.source.next("readUser", () => Promise.reject(graphFailure(503)));
  await world.deliver(eventAbout(ben, world.now()));
  await world.wait(minuteMs);
  await world.pass(dayMs);
  expect(world.parked.length - told).toBe(0);
});
