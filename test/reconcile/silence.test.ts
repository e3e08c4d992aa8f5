import { beforeEach, expect, test } from "vitest";
import type { AnalystId } from "../../shared/model/ids.ts";
import { noteHeard, noteSilence } from "../../shared/reconcile/events/silence.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { subscriptionRow } from "../support/delivery.ts";
import { person } from "../support/crowd.ts";
import { ana, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

/** Ana and others are readers, and the world has come to rest. */
let world: SmallWorld;
let pass: (ms: number) => Promise<void>;
const readersGroup = `groups/${readersAtHome}`;
const others = [person(31), person(32)] as const;

beforeEach(async () => {
  world = smallWorld();
  pass = withCatchUp(world);
  for (const resource of ["users", readersGroup, `groups/${respondersAtHome}`])
    await world.state.subscriptions.put(subscriptionRow({ resource, subscriptionId: resource }));
  for (const id of others) world.addUser(id);
  for (const id of [ana, ...others]) await world.change(id, readersAtHome, "in");
  await pass(26 * hourMs);
  for (const row of await world.state.subscriptions.list())
    await world.state.subscriptions.put({ ...row, missed: 0 });
});

const missed = async () =>
  Object.fromEntries((await world.state.subscriptions.list()).map((row) => [row.resource, row.missed]));
const rename = (id: AnalystId) =>
  world.addUser(id, { ...world.userOf(id), displayName: `${id} ${world.now()}` });

test("nothing counts against a subscription while nothing changes", async () => {
  await pass(3 * hourMs);
  expect(Object.values(await missed())).toEqual([0, 0, 0]);
});

test("a change of a user that was announced does not count", async () => {
  rename(ana);
  await world.deliver(eventAbout(ana, world.now()));
  await pass(2 * hourMs);
  expect(Object.values(await missed())).toEqual([0, 0, 0]);
});

test("changes of users that nobody announced count once a catch-up, however many they are, and however often they are told", async () => {
  for (const id of [ana, ...others]) rename(id);
  await pass(2 * hourMs);
  expect(await missed()).toMatchObject({ users: 1, [readersGroup]: 0 });
  rename(ana);
  await pass(2 * hourMs);
  expect(await missed()).toMatchObject({ users: 2, [readersGroup]: 0 });
});

test("a leaver whom only the comparison of the role group finds counts against its subscription, and is out all the same", async () => {
  world.source.members.get(readersAtHome)?.delete(ana);
  await pass(hourMs);
  expect(await missed()).toMatchObject({ users: 0, [readersGroup]: 1, [`groups/${respondersAtHome}`]: 0 });
  expect(world.leaveProofs().length).toBeGreaterThan(0);
});

test("who is in the group for good and no analyst does not count", async () => {
  world.addUser(person(33), { ...world.userOf(ana), id: person(33), enabled: false });
  world.source.members.get(readersAtHome)?.add(person(33));
  await pass(2 * hourMs);
  expect(await missed()).toMatchObject({ [readersGroup]: 0 });
});

test("a comparison that a notification asked for counts nothing", async () => {
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.deliver({
    key: { kind: "role-group", group: readersAtHome },
    cause: "notification: group",
    heardAt: world.now(),
    occasion: "event",
  });
  await pass(10 * minuteMs);
  expect(await missed()).toMatchObject({ [readersGroup]: 0 });
});

test("a group without members of its own is not silent when those in it announce again", async () => {
  const { subscriptions } = world.state;
  const [role, team, other] = ["groups/role", "groups/team", "groups/other"] as const;
  for (const resource of [role, team, other])
    await subscriptions.put(
      subscriptionRow({ resource, subscriptionId: resource, silentSince: 1, missed: 2 }),
    );
  const silent = async () =>
    (await subscriptions.list())
      .flatMap((row) => (row.silentSince === null ? [] : [row.resource]))
      .toSorted();
  await noteSilence([role, team, other, "groups/not-subscribed"], { subscriptions });
  await noteHeard(team, { subscriptions });
  // Nobody knows whether it was the other one or the role group that kept silent.
  expect(await silent()).toEqual([other, role]);
  expect(await missed()).toMatchObject({ [role]: 3, [team]: 0, [other]: 3 });
  await noteSilence([role, other], { subscriptions });
  await noteHeard(other, { subscriptions });
  expect(await silent()).toEqual([]);
  expect(await missed()).toMatchObject({ [role]: 0, [team]: 0, [other]: 0 });
});

test("one that nothing was missed of but by itself stays silent whatever others announce", async () => {
  const { subscriptions } = world.state;
  await noteSilence([readersGroup], { subscriptions });
  await noteHeard(`groups/${respondersAtHome}`, { subscriptions });
  expect(await missed()).toMatchObject({ [readersGroup]: 1 });
});
