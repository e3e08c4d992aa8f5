import { expect, test } from "vitest";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, inGroup, smallPolicy, withGrants, withScopes, withoutRole } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { catchUpPorts, withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  contoso,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responder,
  responders,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";
import { roleNameSchema, type AnalystId } from "../../shared/model/ids.ts";
import { catchUpIfDue, wishCatchUp } from "../../shared/reconcile/events/catch-up.ts";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";

const first = syncScope.scope.group;
const third = groupId(90);
const ben = person(10);

async function settledWithManyGrants(people: readonly AnalystId[]) {
  const world = await settledReaders([]);
  const many = Array.from({ length: 7 }, (_, n) => groupId(20 + n));
  for (const group of many) world.contoso.members.set(group, new Set());
  world.setPolicy(withGrants(responder, (given) => [...given, ...many.map(inGroup)]));
  for (const id of people) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
    await world.change(id, respondersAtHome, "in");
  }
  await world.pass(2 * hourMs);
  return { ...world, sizes: () => many.map((group) => world.contoso.members.get(group)?.size) };
}

test("ten are kept as former responders in two targets; one gets a new scope group and the other takes over its old one: nobody falls out of a scope", async () => {
  const world = await settledReaders([]);
  world.source.members.set(third, new Set());
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, respondersAtHome, "in");
  }
  await world.pass(2 * hourMs);
  const given = withoutRole(responder);
  world.setPolicy(given);
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(10);
  expect(world.fabrikam.members.get(groupId(4))?.size).toBe(10);
  const scopes = new Map(
    withScopes({ contoso: byId(third), fabrikam: byId(first) }).targets.map((one) => [one.name, one.sync]),
  );
  world.setPolicy({
    ...given,
    targets: given.targets.map((one) => ({ ...one, sync: scopes.get(one.name) ?? one.sync })),
  });
  await world.pass(dayMs);
  expect({
    contoso: world.source.members.get(third)?.size,
    fabrikam: world.source.members.get(first)?.size,
  }).toEqual({ contoso: 10, fabrikam: 10 });
});

test("readers came over to another group, and their old one makes the same ten viewers; then viewers are given up and readers are called so: nobody loses what viewers had unseen", async () => {
  const world = await settledReaders(tenPeople);
  const newHome = groupId(70);
  world.source.members.set(newHome, new Set(tenPeople));
  const policy = smallPolicy();
  const moved = {
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group: byId(newHome) } as const } : role,
    ),
  };
  world.setPolicy(moved);
  await world.pass(dayMs);
  const viewer = roleNameSchema.parse("viewer");
  world.setPolicy({
    ...moved,
    roles: [...moved.roles, { name: viewer, holders: { kind: "group", group: byId(readersAtHome) } }],
    targets: moved.targets.map((one) =>
      one.name === contoso
        ? {
            ...one,
            grants: [
              ...one.grants,
              { role: viewer, wishes: [inGroup(responders.grant.group)], sourceGroups: [] },
            ],
          }
        : one,
    ),
  });
  await world.pass(dayMs);
  expect(world.contoso.members.get(responders.grant.group)?.size).toBe(10);
  world.setPolicy({
    ...moved,
    roles: moved.roles.map((role) => (role.name === reader ? { ...role, name: viewer } : role)),
    targets: moved.targets.map((one) => ({
      ...one,
      grants: one.grants.map((grant) => (grant.role === reader ? { ...grant, role: viewer } : grant)),
    })),
  });
  await world.pass(dayMs);
  expect({
    viewers: world.contoso.members.get(responders.grant.group)?.size,
    readers: world.contoso.members.get(readers.grant.group)?.size,
  }).toEqual({ viewers: 10, readers: 10 });
});

test("three of ten were dropped at once, which is refused; in the next days five others join: the three keep what they have until a person looks, or somebody hears of it", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 3));
  await world.pass(dayMs);
  expect(world.inside()).toHaveLength(10);
  const told = world.parked.length;
  for (const n of [11, 12, 13, 14, 15]) {
    world.addUser(person(n));
    await world.change(person(n), readersAtHome, "in");
    await world.pass(dayMs);
  }
  expect({ inside: world.inside().length, told: world.parked.length - told }).toEqual({
    inside: 15,
    told: 0,
  });
});

test("Ana stops being a responder, and her eight grants are more than one run may take, of which people hear; so does Ben a week later: he is out of them, or people hear of him", async () => {
  const world = await settledWithManyGrants(tenPeople);
  expect(world.sizes()[0]).toBe(10);
  await world.change(person(1), respondersAtHome, "out");
  await world.pass(7 * dayMs);
  const told = world.parked.length;
  expect({ told, left: world.sizes()[0] }).toEqual({ told: 1, left: 10 });
  await world.change(ben, respondersAtHome, "out");
  await world.pass(7 * dayMs);
  expect({ left: world.sizes()[0], told: world.parked.length - told }).toEqual({ left: 10, told: 1 });
});

test("a new policy comes into force in the moment in which a catch-up ends: everybody is looked at within ten minutes, not a quarter of an hour later", async () => {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  const ports = catchUpPorts(world);
  const { mark } = ports;
  expect(await catchUpIfDue({ ...ports, send: async () => undefined })).toMatchObject({ why: "first start" });
  await world.until(world.now() + 30 * minuteMs);
  // begins, and the wish is read before and written after its end
  const wishes: Promise<void>[] = [];
  const slow = {
    ...mark,
    async write(...args: Parameters<typeof mark.write>) {
      await ending;
      return mark.write(...args);
    },
  };
  let ended: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => (ended = resolve));
  await catchUpIfDue({
    ...ports,
    async send() {
      if (wishes.length === 0)
        wishes.push(wishCatchUp("new policy", { mark: slow, now: () => world.now() + 1 }));
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  ended();
  await Promise.all(wishes);
  await world.until(world.now() + 6 * minuteMs);
  const did = await catchUpIfDue({ ...ports, policyChanges: async () => 2 });
  expect(did).toMatchObject({ why: "new policy", whom: "everybody" });
});

test("a joiner whose announcement was lost cannot be looked at for a day: somebody hears of it, and no more and more messages go round", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben);
  world.source.members.get(readersAtHome)?.add(ben);
  let looks = 0;
  world.source.always("readUser", async () => {
    looks += 1;
    throw graphFailure(500);
  });
  await pass(dayMs);
  const before = looks;
  await pass(hourMs);
  expect(world.parked.length).toBeGreaterThan(0);
  expect(looks - before).toBeLessThan(60);
});

test("the key that tries for others cannot be looked at for two hours: people hear of the refused loss once", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople.slice(0, 4));
  await world.pass(hourMs);
  expect(world.parked).toHaveLength(1);
  const key = world.parked[0]?.key;
  const probe = key?.kind === "analyst" ? key.analyst : "";
  const read = world.source.reader.readUser;
  Object.assign(world.source.reader, {
    readUser(question: Parameters<typeof read>[0]) {
      if (question.id === probe) return Promise.reject(graphFailure(500));
      return read(question);
    },
  });
  await world.pass(6 * hourMs);
  expect(world.parked.filter(({ reason }) => reason.includes("holders of"))).toHaveLength(1);
});

test("consent to read users is missing at the first start: people hear of it, and no more and more messages go round", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (const id of tenPeople) world.addUser(id);
  world.source.members.set(readersAtHome, new Set(tenPeople));
  let looks = 0;
  const lacks = { yes: true };
  world.source.always("readUser", async (call) => {
    looks += 1;
    if (lacks.yes) throw graphFailure(403);
    return call();
  });
  await pass(2 * dayMs);
  await pass(hourMs);
  expect({ told: world.parked.length, goRound: world.scheduled().length <= 20 }).toEqual({
    told: 1,
    goRound: true,
  });
});

test("a refused loss lasts, and the policy is broken for an hour: people hear of that loss once", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(tenPeople);
  await world.pass(hourMs);
  expect(world.parked).toHaveLength(1);
  const { policy } = world.ports;
  Object.assign(world.ports, {
    policy: () => Promise.reject(new PolicyUnusable("broken", "the policy is broken")),
  });
  await world.wait(hourMs);
  Object.assign(world.ports, { policy });
  await world.pass(6 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});

test("telling people of a trouble fails for two minutes, then ten keys meet it at the same moment: people hear of it once", async () => {
  const world = await settledReaders(tenPeople);
  const { park } = world.ports;
  let fails = true;
  Object.assign(world.ports, {
    park: async (message: Parameters<typeof park>[0]) => {
      if (fails) throw new Error("Service Bus does not answer");
      await park(message);
    },
  });
  world.contoso.members.delete(readers.grant.group);
  const call = (analyst: (typeof tenPeople)[number]) =>
    world.deliver({
      key: { kind: "access", tenant: contosoTenant, analyst },
      cause: "test",
      heardAt: world.now(),
      occasion: "event",
      version: null,
    });
  await call(tenPeople[0]!);
  await world.wait(2 * minuteMs);
  fails = false;
  await Promise.all(tenPeople.slice(1).map(call));
  await world.pass(hourMs);
  expect(world.parked.map(({ reason }) => reason)).toHaveLength(1);
});
