import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, inGroup, smallPolicy, withGrants, withScopes, withoutRole } from "../support/small-policy.ts";
import { pairRow } from "../../shared/state/pairs.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contoso,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  reader,
  readersAtHome,
  responder,
  responders,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";
import { roleNameSchema, type AnalystId, type GroupId } from "../../shared/model/ids.ts";

const ben = person(10);
const accessOf = (analyst: AnalystId, heardAt: number) =>
  ({
    key: { kind: "access", tenant: contosoTenant, analyst },
    cause: "test",
    heardAt,
    occasion: "event",
    version: null,
  }) as const;
const first = syncScope.scope.group;
const second = groupId(8);

test("three of ten were dropped at once, which is refused; three others a day later, which is refused as well: somebody hears of them", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.dropAtOnce(tenPeople.slice(3, 6));
  await world.pass(dayMs);
  const isSilent = world.parked.length === told;
  expect({ inside: world.inside().length, isSilent }).not.toEqual({ inside: 10, isSilent: true });
});

test("no loss passes without a person; one of ten was dropped, and people heard of it: of Ben, dropped a day later, somebody hears as well", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(smallPolicy({ guardrails: { removals: { perRun: 0, share: 1 } } }));
  await world.pass(hourMs);
  await world.change(person(2), readersAtHome, "out");
  await world.pass(dayMs);
  expect(world.parked).toHaveLength(1);
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  expect({ inside: world.inside().length, told: world.parked.length }).toEqual({ inside: 10, told: 2 });
});

test("three of ten were dropped, refused and given back; half an hour later all ten are dropped: somebody hears of it", async () => {
  const world = await settledReaders(tenPeople);
  const three = tenPeople.slice(0, 3);
  await world.dropAtOnce(three);
  await world.pass(30 * minuteMs);
  for (const id of three) await world.change(id, readersAtHome, "in");
  await world.pass(20 * minuteMs);
  expect({ inside: world.inside().length, told: world.parked.length }).toEqual({ inside: 10, told: 1 });
  await world.dropAtOnce(tenPeople);
  await world.pass(dayMs);
  expect({ inside: world.inside().length, told: world.parked.length }).toEqual({ inside: 10, told: 2 });
});

test("three of ten were dropped, which is refused; the policy gives up the role: people hear of that edit once, not once for each of the seven", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  const told = world.parked.length;
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  expect(world.parked.slice(told).map(({ reason }) => reason)).toHaveLength(1);
});

/** Ten who are readers and responders alike, for an hour. */
async function settledInBoth() {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  /** Takes these people out of the responders' group at once; then the events about them come in. */
  const dropResponders = async (dropped: readonly AnalystId[]) => {
    for (const id of dropped) world.source.members.get(respondersAtHome)?.delete(id);
    for (const id of dropped) await world.deliver(eventAbout(id, world.now()));
  };
  const respondersLeft = () => world.contoso.members.get(responders.grant.group)?.size;
  return { ...world, dropResponders, respondersLeft };
}

test("Ben was dropped from the readers with two others, which is refused, and three more from the responders; days later he alone leaves the responders: he is out of them", async () => {
  const world = await settledInBoth();
  await world.dropAtOnce([person(8), person(9), ben]);
  await world.pass(dayMs);
  await world.dropResponders(tenPeople.slice(0, 3));
  await world.pass(2 * dayMs);
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.respondersLeft()).toBe(9);
});

test("the same when the three are dropped from the responders first, and Ben and his two from the readers after them", async () => {
  const world = await settledInBoth();
  await world.dropResponders(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  await world.dropAtOnce([person(8), person(9), ben]);
  await world.pass(dayMs);
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.respondersLeft()).toBe(9);
});

test("the policy gave up readers, which is refused, and three of ten were dropped from the responders: all ten leave the responders as one, and nobody loses anything", async () => {
  const world = await settledInBoth();
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  await world.dropResponders(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  await world.dropResponders(tenPeople.slice(3));
  await world.pass(dayMs);
  expect(world.respondersLeft()).toBe(10);
});

test("the policy gave up readers, which is refused; Ben is dropped from the responders alone: he is no responder, or somebody hears of him", async () => {
  const world = await settledInBoth();
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  const left = world.respondersLeft();
  expect({ left, isSilent: world.parked.length === told }).not.toEqual({ left: 10, isSilent: true });
});

test("the same: Ben has lost what responders were given and nothing else, and is out of the target where readers were given nothing", async () => {
  const world = await settledInBoth();
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect(world.respondersLeft()).toBe(9);
  expect(world.inside()).toHaveLength(10);
  const inFabrikam = [...world.fabrikam.accounts.values()].filter(({ stamp }) => stamp === ben);
  expect(inFabrikam.map(({ state, enabled }) => ({ state, enabled }))).toEqual([
    { state: "recycled", enabled: false },
  ]);
  expect(world.source.members.get(first)?.has(ben)).toBe(true);
  expect(world.source.members.get(second)?.has(ben)).toBe(false);
});

test("the same when readers were given what responders were given as well: Ben keeps it, and people hear of that once; when they have taken it from him, he does not get it back", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withGrants(reader, (given) => [...given, inGroup(responders.grant.group)]));
  for (const id of tenPeople) await world.change(id, respondersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const told = world.parked.length;
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  const members = world.contoso.members.get(responders.grant.group);
  expect(members?.size).toBe(10);
  expect(world.parked.slice(told)).toEqual([
    expect.objectContaining({
      reason: expect.stringContaining("an analyst any more, and they keep what reader gave"),
    }),
  ]);
  const account = [...world.contoso.accounts.values()].find(({ stamp }) => stamp === ben)?.id ?? "";
  members?.delete(account);
  await world.pass(dayMs);
  expect(members?.size).toBe(9);
  expect(world.parked).toHaveLength(told + 1);
});

test("the policy gave up readers, which is refused, and then takes what it gave from the responders: they lose it, and stay responders elsewhere", async () => {
  const world = await settledInBoth();
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const given = withoutRole(reader);
  world.setPolicy({
    ...given,
    targets: given.targets.map((target) => (target.name === contoso ? { ...target, grants: [] } : target)),
  });
  await world.pass(dayMs);
  expect(world.respondersLeft()).toBe(0);
  expect(world.inside()).toHaveLength(10);
  expect(world.fabrikam.members.get(groupId(4))?.size).toBe(10);
});

test("an older version forgot what readers were given; Ben is dropped from the responders: he keeps it, and people hear of that", async () => {
  const world = await settledInBoth();
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const claim = await world.state.pairs.claim(pairRow(contosoTenant, ben), (state) => state);
  const { value } = claim.state();
  await claim.write({ value: { ...value, gave: {} } });
  await world.pass(hourMs);
  await world.deliver(accessOf(ben, world.now()));
  const told = world.parked.length;
  await world.change(ben, respondersAtHome, "out");
  await world.pass(dayMs);
  expect({ left: world.respondersLeft(), told: world.parked.length - told }).toEqual({ left: 10, told: 1 });
});

test("readers go by an attribute now, which five of ten have not, and that is refused; a day later Ben, one of the five, is dropped from their old group: he is out, or somebody hears of him", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople.slice(0, 5)) {
    const user = world.userOf(id);
    world.source.users.set(id, { ...user, attributes: { department: "SOC" } });
  }
  const policy = smallPolicy();
  const holders = { kind: "attributes", attributes: { department: "SOC" } } as const;
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) => (role.name === reader ? { ...role, holders } : role)),
  });
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  const told = world.parked.length;
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  const isSilent = world.parked.length === told;
  expect({ isIn: world.inside().includes(ben), isSilent }).not.toEqual({ isIn: true, isSilent: true });
});

test("the policy gave up readers, which is refused; then two targets change their scope groups: nobody loses an account, and nobody gets one", async () => {
  const world = await settledReaders(tenPeople);
  world.setPolicy(withoutRole(reader));
  await world.pass(dayMs);
  const { targets } = withScopes({ contoso: byId(second), fabrikam: byId(first) });
  const policy = withoutRole(reader);
  const scopes = new Map(targets.map(({ name, sync }) => [name, sync]));
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) => ({ ...target, sync: scopes.get(target.name) ?? target.sync })),
  });
  await world.pass(dayMs);
  // What the next cycles of both jobs go by.
  expect({
    contoso: world.source.members.get(second)?.size,
    fabrikam: world.source.members.get(first)?.size,
  }).toEqual({ contoso: 10, fabrikam: 0 });
});

/** Ten readers for an hour, whose group the policy knows by its name. */
async function settledByName() {
  const world = await settledReaders([]);
  const policy = smallPolicy();
  const holders = { kind: "group", group: { kind: "name", name: "group 11" } } as const;
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) => (role.name === reader ? { ...role, holders } : role)),
  });
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.pass(hourMs);
  expect(world.inside()).toHaveLength(10);
  return {
    ...world,
    /** The group is deleted, and an hour later there is one of the same name with these people in it. */
    async remakeGroup(group: GroupId, people: readonly AnalystId[]) {
      world.source.members.delete(readersAtHome);
      world.source.members.delete(groupId(111));
      await world.pass(hourMs);
      world.source.members.set(group, new Set(people));
      await world.pass(dayMs);
    },
  };
}

const told = ({ parked }: Pick<SmallWorld, "parked">) =>
  parked.map(({ reason }) => reason).filter((reason) => reason.includes("holders of"));

test("a group with readers is deleted and made anew with its name; eight of ten are put back: of the other two, nobody says that they were all", async () => {
  const world = await settledByName();
  await world.remakeGroup(groupId(111), tenPeople.slice(0, 8));
  expect(world.parked.filter(({ reason }) => reason.startsWith("2 of 2 holders"))).toEqual([]);
});

test("the same with five of ten: people hear that five of ten have lost it, and all ten keep it", async () => {
  const world = await settledByName();
  await world.remakeGroup(groupId(111), tenPeople.slice(0, 5));
  expect(told(world)).toEqual([expect.stringContaining("5 of 10 holders of reader")]);
  expect(world.inside()).toHaveLength(10);
});

test("the same when it is made anew twice, and three of ten are missing the second time: people hear that they are three of ten, and all ten keep it", async () => {
  const world = await settledByName();
  await world.remakeGroup(groupId(111), tenPeople);
  await world.remakeGroup(groupId(211), tenPeople.slice(0, 7));
  expect(told(world)).toEqual([expect.stringContaining("3 of 10 holders of reader")]);
  expect(world.inside()).toHaveLength(10);
});

test("five of ten were not put back into the new group, which was refused; then four of them are: of the last one, nobody says that they were more, and they are out", async () => {
  const world = await settledByName();
  await world.remakeGroup(groupId(111), tenPeople.slice(0, 5));
  for (const id of tenPeople.slice(5, 9)) await world.change(id, groupId(111), "in");
  await world.pass(dayMs);
  expect(told(world)).toHaveLength(1);
  expect(world.inside()).not.toContain(ben);
});

test("readers came over to an attribute long ago, and their old group makes others viewers now: who leaves the viewers is out", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople)
    world.source.users.set(id, { ...world.userOf(id), attributes: { department: "SOC" } });
  const policy = smallPolicy();
  const holders = { kind: "attributes", attributes: { department: "SOC" } } as const;
  const roles = policy.roles.map((role) => (role.name === reader ? { ...role, holders } : role));
  world.setPolicy({ ...policy, roles });
  await world.pass(dayMs);
  world.source.members.get(readersAtHome)?.clear();
  const viewer = roleNameSchema.parse("viewer");
  const target = { role: viewer, wishes: [inGroup(responders.grant.group)], sourceGroups: [] };
  world.setPolicy({
    ...policy,
    roles: [...roles, { name: viewer, holders: { kind: "group", group: byId(readersAtHome) } }],
    targets: policy.targets.map((one) => ({ ...one, grants: [...one.grants, target] })),
  });
  const viewers = [person(11), person(12)];
  for (const id of viewers) world.addUser(id);
  for (const id of viewers) await world.change(id, readersAtHome, "in");
  await world.pass(dayMs);
  await world.change(person(11), readersAtHome, "out");
  await world.pass(hourMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(1);
  expect(world.inside()).toHaveLength(10);
});

/** Ana, a reader for an hour; and the policy with other names for the stamp with the roles. */
async function stampedReader() {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  const pass = withCatchUp(world);
  await pass(hourMs);
  const calledStamp = (name: string | null) => {
    const policy = smallPolicy();
    const stamps = policy.source.stamps.flatMap((stamp) => {
      if (stamp.name !== "socRoles") return [stamp];
      return name === null ? [] : [{ ...stamp, name, property: stamp.property.replace("socRoles", name) }];
    });
    return { ...policy, source: { ...policy.source, stamps } };
  };
  return {
    ...world,
    pass,
    calledStamp,
    /** How many of Ana's properties say so. */
    saying: (value: string) => Object.values(world.userOf(ana).stamps).filter((one) => one === value).length,
  };
}

test("the stamp with the roles gets another name: who leaves after that carries no role in the old one", async () => {
  const world = await stampedReader();
  world.setPolicy(world.calledStamp("roles"));
  await world.pass(30 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await world.pass(dayMs);
  expect(world.saying(reader)).toBe(0);
});

test("the stamp gets another name twice, and Ana another role: none of the old ones says the role that she had", async () => {
  const world = await stampedReader();
  for (const name of ["roles", "jobs"]) {
    world.setPolicy(world.calledStamp(name));
    await world.pass(30 * minuteMs);
  }
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "out");
  await world.pass(dayMs);
  expect({ reader: world.saying(reader), responder: world.saying(responder) }).toEqual({
    reader: 0,
    responder: 1,
  });
});

test("the policy gives the stamp up, or gives it its old name back: it says nothing, or what is true", async () => {
  const world = await stampedReader();
  world.setPolicy(world.calledStamp(null));
  await world.pass(hourMs);
  expect(world.saying(reader)).toBe(0);
  world.setPolicy(smallPolicy());
  await world.pass(hourMs);
  expect(world.saying(reader)).toBe(1);
});

test("whose account it is stays in the old property when that stamp gets another name: it is still true", async () => {
  const world = await stampedReader();
  const policy = smallPolicy();
  const stamps = policy.source.stamps.map((stamp) =>
    stamp.name === "socSourceId" ? { ...stamp, name: "id", property: `${stamp.property}2` } : stamp,
  );
  world.setPolicy({ ...policy, source: { ...policy.source, stamps } });
  await world.pass(hourMs);
  expect(world.saying(ana)).toBe(2);
});

test("the old property cannot be cleared for a while, or not be written at first: it is cleared all the same", async () => {
  const world = await stampedReader();
  world.setPolicy(world.calledStamp("roles"));
  await world.pass(30 * minuteMs);
  // The answer is lost, so nobody knows whether it is written.
  world.source.next("stamp", async (call) => {
    await call();
    throw graphFailure(503);
  });
  await world.change(ana, respondersAtHome, "in");
  world.setPolicy(world.calledStamp("jobs"));
  for (let n = 0; n < 3; n += 1) world.source.next("clearStamp", () => Promise.reject(graphFailure(503)));
  await world.pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await world.change(ana, respondersAtHome, "out");
  await world.pass(dayMs);
  const values = Object.values(world.userOf(ana).stamps).filter((value) => value !== ana);
  expect(values).toEqual(["none", "none", "none"]);
});

test("where Muster only observes, it clears nothing that others wrote, also when it does more later", async () => {
  const world = await stampedReader();
  world.addUser(ben, { stamps: { ...world.userOf(ana).stamps } });
  const observing = smallPolicy();
  const mode = "observe" as const;
  world.setPolicy({ ...observing, targets: observing.targets.map((target) => ({ ...target, mode })) });
  await world.change(ben, readersAtHome, "in");
  await world.pass(hourMs);
  world.setPolicy(world.calledStamp("roles"));
  await world.pass(hourMs);
  await world.change(ben, readersAtHome, "out");
  await world.pass(dayMs);
  expect(Object.values(world.userOf(ben).stamps)).toContain(reader);
});
