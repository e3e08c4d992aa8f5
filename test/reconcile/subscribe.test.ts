import { beforeEach, describe, expect, test } from "vitest";
import type { GroupFound } from "../../shared/graph/group-directory.ts";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { keepSubscriptions, type SubscribePorts, type Subscribed } from "../../shared/reconcile/subscribe.ts";
import {
  memoryGraph,
  memoryRows,
  type MemoryGraph,
  type MemoryRows,
} from "../support/memory-subscriptions.ts";
import { dayMs, groupId, minuteMs } from "../support/world.ts";
import { soundPolicy } from "../policy/sound-policy.ts";

const start = Date.UTC(2026, 10, 20, 12);
const week = 7 * dayMs;
const url = "https://muster.example/api/notifications";
const readersGroup = "groups/33333333-3333-4333-8333-333333333333";
const respondersGroup = `groups/${groupId(2)}`;
const everything = ["users", readersGroup, respondersGroup];

/** One app and its source tenant; `secrets` numbers the client states, so that a test can tell them apart. */
let app: {
  now: number;
  graph: MemoryGraph;
  rows: MemoryRows;
  policy: Policy;
  responders: GroupFound;
  secrets: number;
};

beforeEach(() => {
  app = {
    now: start,
    graph: memoryGraph(),
    rows: memoryRows(),
    policy: thePolicy(),
    responders: found(2),
    secrets: 0,
  };
});

const keep = (changes: Partial<SubscribePorts> = {}): Promise<readonly Subscribed[]> =>
  keepSubscriptions({
    policy: app.policy,
    groups: {
      find: async (name) =>
        name.kind === "id" ? { kind: "found", facts: { ...foundFacts, id: name.id } } : app.responders,
    },
    graph: app.graph,
    rows: app.rows,
    notificationUrl: url,
    newClientState: () => `secret ${(app.secrets += 1)}`,
    now: () => app.now,
    ...changes,
  });

const foundFacts = { displayName: "a group", membership: "assigned" } as const;
const found = (number: number): GroupFound => ({
  kind: "found",
  facts: { ...foundFacts, id: groupId(number) },
});
const notFound: GroupFound = {
  kind: "not-found",
  reason: "no group is called that",
  advice: "correct the name",
};

const didWhat = (results: readonly Subscribed[]) =>
  Object.fromEntries(results.map(({ resource, did }) => [resource, did]));
const resources = () => app.graph.kept.map(({ resource }) => resource).toSorted();

/** What Graph has and what Muster remembers are the same: every delivery can be proven. */
function expectProvable(): void {
  const known = [...app.rows.rows.values()].map((row) => `${row.subscriptionId}: ${row.clientState}`);
  const made = app.graph.kept.map(({ id, clientState }) => `${id}: ${clientState}`);
  expect(known.toSorted()).toEqual(made.toSorted());
}

describe("the first time", () => {
  test("one subscription is made for all users and one for each role group, none for roles by attributes", async () => {
    expect(didWhat(await keep())).toEqual(Object.fromEntries(everything.map((one) => [one, "created"])));
    expect(resources()).toEqual(everything.toSorted());
    expectProvable();
  });

  test("each has its own client state, and a week to live", async () => {
    await keep();
    expect(new Set(app.graph.kept.map(({ clientState }) => clientState)).size).toBe(3);
    expect(app.graph.kept.map(({ expiresAt }) => expiresAt - start)).toEqual([week, week, week]);
  });

  test("the client state is on record before Graph can send it", async () => {
    const onRecord: (string | undefined)[] = [];
    const create: MemoryGraph["create"] = (wish) => {
      onRecord.push(app.rows.rows.get(wish.resource)?.clientState);
      expect(onRecord.at(-1)).toBe(wish.clientState);
      return app.graph.create(wish);
    };
    await keep({ graph: { ...app.graph, create } });
    expect(onRecord).toHaveLength(3);
  });
});

describe("a subscription that lives", () => {
  beforeEach(async () => {
    await keep();
    app.graph.calls.length = 0;
  });

  test("is left alone for the first half of its life, without a call to Graph", async () => {
    app.now = start + week / 2 - 1;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["nothing"]));
    expect(app.graph.calls).toEqual([]);
  });

  test("is renewed from the half of its life on, for another week", async () => {
    app.now = start + week / 2;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    expect(app.graph.kept.map(({ expiresAt }) => expiresAt)).toEqual(everything.map(() => app.now + week));
    expectProvable();
  });

  test("is renewed when Graph has asked for it", async () => {
    for (const row of app.rows.rows.values()) await app.rows.put({ ...row, expiresAt: 0 });
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    expectProvable();
  });

  test("is made anew when Graph does not know it any more", async () => {
    app.graph.kept.length = 0;
    app.now = start + week / 2;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["created"]));
    expectProvable();
  });

  test("is made anew when Graph has said that it is gone", async () => {
    app.graph.kept.length = 0;
    for (const row of app.rows.rows.values())
      await app.rows.put({ ...row, expiresAt: 0, subscriptionId: null });
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["created"]));
    expectProvable();
  });

  test("is replaced when the notification URL changes: nothing is left at the old one", async () => {
    const notificationUrl = "https://new.example/api/notifications";
    expect(new Set(Object.values(didWhat(await keep({ notificationUrl }))))).toEqual(new Set(["created"]));
    expect(app.graph.kept.map((one) => one.notificationUrl)).toEqual(everything.map(() => notificationUrl));
    expectProvable();
  });

  test("is ended when no role needs it any more", async () => {
    const policy = { ...app.policy, roles: app.policy.roles.filter(({ name }) => name !== "responder") };
    expect(didWhat(await keep({ policy }))).toMatchObject({ users: "nothing", [respondersGroup]: "removed" });
    expect(resources()).toEqual(["users", readersGroup].toSorted());
    expectProvable();
  });

  test("is ended also when Graph has forgotten it already", async () => {
    app.graph.kept.length = 0;
    const policy = { ...app.policy, roles: [] };
    expect(didWhat(await keep({ policy }))).toMatchObject({
      [readersGroup]: "removed",
      [respondersGroup]: "removed",
    });
    expect([...app.rows.rows.keys()]).toEqual(["users"]);
  });
});

describe("a role group that cannot be found", () => {
  test("is said, with what to do, and keeps nothing else from being kept", async () => {
    app.responders = notFound;
    const results = await keep();
    expect(didWhat(results)).toEqual({
      "role responder": "failed",
      users: "created",
      [readersGroup]: "created",
    });
    expect(results.find(({ did }) => did === "failed")?.detail).toBe(
      "no group is called that; correct the name",
    );
  });

  test("ends no subscription on the doubt, its own neither", async () => {
    await keep();
    app.responders = notFound;
    const policy = { ...app.policy, roles: app.policy.roles.filter(({ name }) => name !== "reader") };
    await keep({ policy });
    expect(resources()).toEqual(everything.toSorted());
    expectProvable();
  });
});

describe("a subscription that exists although the answer that said so was lost", () => {
  /** Graph made it, and the worker died before it could write the id down. */
  async function loseTheAnswer(): Promise<void> {
    await keep();
    for (const row of app.rows.rows.values())
      await app.rows.put({ ...row, subscriptionId: null, expiresAt: 0 });
  }

  test("is adopted, because its client state is on record", async () => {
    await loseTheAnswer();
    const before = app.graph.kept.map(({ id }) => id);
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    expect(app.graph.kept.map(({ id }) => id)).toEqual(before);
    expectProvable();
  });

  test("is found in whatever case Graph writes its resource", async () => {
    await loseTheAnswer();
    for (const [index, one] of app.graph.kept.entries())
      app.graph.kept[index] = { ...one, resource: one.resource.toUpperCase() };
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    expectProvable();
  });
});

describe("a subscription that exists and that nobody has a record of", () => {
  test("is replaced: nobody could tell its deliveries from forgeries", async () => {
    await keep();
    app.rows.rows.clear();
    const before = new Set(app.graph.kept.map(({ id }) => id));
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["created"]));
    expect(app.graph.kept.filter(({ id }) => before.has(id))).toEqual([]);
    expectProvable();
  });

  test("at another URL is not touched, and a person is told", async () => {
    const elsewhere = "https://old.example/api/notifications";
    await keep({ notificationUrl: elsewhere });
    app.rows.rows.clear();
    const results = await keep();
    expect(new Set(Object.values(didWhat(results)))).toEqual(new Set(["failed"]));
    expect(results[0]?.detail).toContain("delete it by hand");
    expect(app.graph.kept.map(({ notificationUrl }) => notificationUrl)).toEqual(
      everything.map(() => elsewhere),
    );
  });
});

describe("two hosts at once", () => {
  test("end with one subscription a resource, with one client state, on record", async () => {
    await Promise.all([keep(), keep()]);
    expect(resources()).toEqual(everything.toSorted());
    expectProvable();
  });

  test("one that renews and one that finds all well do not disturb each other", async () => {
    await keep();
    app.now = start + week / 2;
    await Promise.all([keep(), keep()]);
    expect(resources()).toEqual(everything.toSorted());
    expectProvable();
  });
});

describe("a subscription that cannot be kept", () => {
  test("does not stop the others, and is tried again the next time", async () => {
    app.graph.refuse.add(readersGroup);
    const results = await keep();
    expect(didWhat(results)).toEqual({
      users: "created",
      [readersGroup]: "failed",
      [respondersGroup]: "created",
    });
    expect(results.find(({ did }) => did === "failed")?.detail).toContain("Graph refuses");
    app.graph.refuse.clear();
    app.now += 10 * minuteMs;
    expect(didWhat(await keep())).toEqual({
      users: "nothing",
      [readersGroup]: "created",
      [respondersGroup]: "nothing",
    });
    expectProvable();
  });

  test("that cannot be ended is tried again the next time", async () => {
    await keep();
    app.graph.refuse.add(readersGroup);
    const policy = { ...app.policy, roles: app.policy.roles.filter(({ name }) => name !== "reader") };
    expect(didWhat(await keep({ policy }))).toMatchObject({ [readersGroup]: "failed", users: "nothing" });
    app.graph.refuse.clear();
    expect(didWhat(await keep({ policy }))).toMatchObject({ [readersGroup]: "removed" });
    expectProvable();
  });
});

function thePolicy(): Policy {
  const parsed = parsePolicy(soundPolicy, "policy.yaml");
  if (parsed.kind !== "ok") throw new Error("the sound policy is not sound");
  return parsed.policy;
}
