import { beforeEach, describe, expect, test } from "vitest";
import type { GroupFound } from "../../shared/graph/group-directory.ts";
import type { GroupMembers } from "../../shared/graph/source-reader.ts";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { noteHeard } from "../../shared/reconcile/events/silence.ts";
import { keepSubscriptions, type SubscribePorts } from "../../shared/reconcile/events/subscribe.ts";
import type { Subscribed } from "../../shared/reconcile/events/subscribed.ts";
import { findings, type Findings } from "../../shared/state/findings.ts";
import {
  subscriptionRows,
  type SubscriptionRow,
  type SubscriptionRows,
} from "../../shared/state/subscription-rows.ts";
import { memoryGraph, type MemoryGraph } from "../support/memory-subscriptions.ts";
import { memoryTable } from "../support/memory-table.ts";
import { dayMs, groupId, hourMs, minuteMs } from "../support/fixtures.ts";
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
  rows: SubscriptionRows;
  findings: Findings;
  policy: Policy;
  responders: GroupFound;
  /** Groups that are in a role group, by its id. */
  nested: Map<string, readonly string[]>;
  listing: GroupMembers["completeness"];
  secrets: number;
  /** Why everybody has to be looked at. */
  wishes: string[];
};

beforeEach(() => {
  app = {
    now: start,
    graph: memoryGraph(),
    rows: subscriptionRows(memoryTable("Subscriptions").client),
    findings: findings(memoryTable("Findings").client),
    policy: thePolicy(),
    responders: found(2),
    nested: new Map(),
    listing: { kind: "complete" },
    secrets: 0,
    wishes: [],
  };
});

type Changes = Partial<Omit<SubscribePorts, "policy">> & { readonly policy?: Policy };

const keep = ({ policy = app.policy, ...changes }: Changes = {}): Promise<readonly Subscribed[]> =>
  keepSubscriptions({
    policy: async () => ({ policy, hash: "a policy", changedAt: start }),
    reader: {
      listMembers: async (group) => ({
        items: [],
        groups: app.nested.get(group) ?? [],
        completeness: app.listing,
      }),
    },
    catchUp: async (why) => void app.wishes.push(why),
    groups: {
      find: async (name) =>
        name.kind === "id" ? { kind: "found", facts: { ...foundFacts, id: name.id } } : app.responders,
    },
    graph: app.graph,
    rows: app.rows,
    findings: app.findings,
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

/** Changes what is remembered of every subscription. */
async function rewrite(change: Partial<SubscriptionRow>): Promise<void> {
  for (const row of await app.rows.list()) await app.rows.put({ ...row, ...change });
}

async function forgetAll(): Promise<void> {
  for (const { resource } of await app.rows.list()) await app.rows.drop(resource);
}

/** What Graph has and what Muster remembers are the same: every delivery can be proven. */
async function expectProvable(): Promise<void> {
  const known = (await app.rows.list()).map((row) => `${row.subscriptionId}: ${row.clientState}`);
  const made = app.graph.kept.map(({ id, clientState }) => `${id}: ${clientState}`);
  expect(known.toSorted()).toEqual(made.toSorted());
}

describe("the first time", () => {
  test("one subscription is made for all users and one for each role group, none for roles by attributes", async () => {
    expect(didWhat(await keep())).toEqual(Object.fromEntries(everything.map((one) => [one, "created"])));
    expect(resources()).toEqual(everything.toSorted());
    await expectProvable();
  });

  test("each has its own client state, and a week to live", async () => {
    await keep();
    expect(new Set(app.graph.kept.map(({ clientState }) => clientState)).size).toBe(3);
    expect(app.graph.kept.map(({ expiresAt }) => expiresAt - start)).toEqual([week, week, week]);
  });

  test("the client state is on record before Graph can send it", async () => {
    const onRecord: (string | undefined)[] = [];
    const create: MemoryGraph["create"] = async (wish) => {
      const row = (await app.rows.list()).find(({ resource }) => resource === wish.resource);
      onRecord.push(row?.clientState);
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
    app.wishes.length = 0;
  });

  test("is left alone for three quarters of an hour: it is only looked whether Graph still has it", async () => {
    app.now = start + 45 * minuteMs - 1;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["nothing"]));
    expect(app.graph.calls.toSorted()).toEqual(everything.map((one) => `get ${one}`).toSorted());
    expect(app.wishes).toEqual([]);
  });

  test.each([
    ["for another week, before it falls silent, although nobody has asked for it", 45 * minuteMs, []],
    [
      "late, and everybody is looked at: it may have been silent",
      60 * minuteMs,
      everything.map(() => "a subscription was renewed late"),
    ],
    [
      "after days without a host, and everybody is looked at",
      week / 2,
      everything.map(() => "a subscription was renewed late"),
    ],
  ])("is renewed %s", async (_, age, wishes) => {
    app.now = start + age;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    expect(app.graph.kept.map(({ expiresAt }) => expiresAt)).toEqual(everything.map(() => app.now + week));
    expect(app.wishes).toEqual(wishes);
    await expectProvable();
  });

  test("is renewed once for all that Graph asks within ten minutes", async () => {
    const did: string[] = [];
    for (const minutes of [5, 10, 14, 15]) {
      await rewrite({ expiresAt: 0 });
      app.now = start + minutes * minuteMs;
      did.push(...new Set(Object.values(didWhat(await keep()))));
    }
    expect(did).toEqual(["renewed", "nothing", "nothing", "renewed"]);
    await expectProvable();
  });

  test("is renewed when Graph has asked for it", async () => {
    await rewrite({ expiresAt: 0 });
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    await expectProvable();
  });

  test.each([
    ["long before its end, without a word from Graph", minuteMs],
    ["when it was to be renewed", week / 2],
  ])("is made anew when Graph does not know it any more, and everybody is looked at: %s", async (_, age) => {
    app.graph.kept.length = 0;
    app.now = start + age;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["recreated"]));
    expect(app.wishes).toEqual(["a subscription was made anew"]);
    await expectProvable();
  });

  test("is made anew when Graph still lists it although its time is over", async () => {
    for (const [index, one] of app.graph.kept.entries()) app.graph.kept[index] = { ...one, expiresAt: start };
    app.now = start + minuteMs;
    const results = await keep();
    expect(results.filter(({ did }) => did === "nothing")).toEqual([]);
    for (const { expiresAt } of app.graph.kept) expect(expiresAt).toBe(app.now + week);
    await expectProvable();
  });

  test("is made anew with the client state on record, so that its first delivery is known", async () => {
    const before = (await app.rows.list()).map(({ clientState }) => clientState);
    app.graph.kept.length = 0;
    await keep();
    expect((await app.rows.list()).map(({ clientState }) => clientState)).toEqual(before);
  });

  test("is made anew when Graph has said that it is gone", async () => {
    app.graph.kept.length = 0;
    await rewrite({ expiresAt: 0, subscriptionId: null });
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["created"]));
    expect(app.wishes).toEqual(["a subscription was made anew"]);
    await expectProvable();
  });

  test("is replaced when the notification URL changes: nothing is left at the old one", async () => {
    const notificationUrl = "https://new.example/api/notifications";
    expect(new Set(Object.values(didWhat(await keep({ notificationUrl }))))).toEqual(new Set(["recreated"]));
    expect(app.graph.kept.map((one) => one.notificationUrl)).toEqual(everything.map(() => notificationUrl));
    expect(app.wishes).toEqual(["a subscription was made anew"]);
    await expectProvable();
  });

  test("is ended when no role needs it any more", async () => {
    const policy = { ...app.policy, roles: app.policy.roles.filter(({ name }) => name !== "responder") };
    expect(didWhat(await keep({ policy }))).toMatchObject({ users: "nothing", [respondersGroup]: "removed" });
    expect(resources()).toEqual(["users", readersGroup].toSorted());
    await expectProvable();
  });

  test("is ended also when Graph has forgotten it already", async () => {
    app.graph.kept.length = 0;
    const policy = { ...app.policy, roles: [] };
    expect(didWhat(await keep({ policy }))).toMatchObject({
      [readersGroup]: "removed",
      [respondersGroup]: "removed",
    });
    expect((await app.rows.list()).map(({ resource }) => resource)).toEqual(["users"]);
  });
});

describe("a group that is in a role group", () => {
  const nested = (...numbers: readonly number[]) => app.nested.set(groupId(2), numbers.map(groupId));

  test("is heard as well: whoever is in it holds the role, and only it announces them", async () => {
    nested(21, 22);
    await keep();
    expect(resources()).toEqual([...everything, `groups/${groupId(21)}`, `groups/${groupId(22)}`].toSorted());
    await expectProvable();
  });

  test("and in two of them is heard once", async () => {
    nested(21);
    app.nested.set("33333333-3333-4333-8333-333333333333", [groupId(21), groupId(2)]);
    await keep();
    expect(resources()).toEqual([...everything, `groups/${groupId(21)}`].toSorted());
  });

  test("no more is not heard any longer", async () => {
    nested(21);
    await keep();
    app.nested.clear();
    expect(didWhat(await keep())).toMatchObject({ [`groups/${groupId(21)}`]: "removed" });
    expect(resources()).toEqual(everything.toSorted());
  });

  test("stays heard while the role group cannot be listed to the end, and that is said", async () => {
    nested(21);
    await keep();
    app.nested.clear();
    app.listing = { kind: "partial", why: "page 2 failed" };
    const results = await keep();
    expect(results.find(({ resource }) => resource === "role responder")).toMatchObject({
      did: "failed",
      detail: "its members could not be listed: page 2 failed",
    });
    expect(resources()).toEqual([...everything, `groups/${groupId(21)}`].toSorted());
  });
});

describe("more groups than one application may subscribe to", () => {
  const many = Array.from({ length: 95 }, (_, index) => groupId(100 + index));

  test("are heard as far as that goes, and the others are named", async () => {
    app.nested.set(groupId(2), many);
    const results = await keep();
    expect(resources()).toHaveLength(91);
    const unheard = results.filter(({ did }) => did === "left out");
    expect(unheard).toHaveLength(7);
    for (const { detail } of unheard) expect(detail).toContain("noticed within 15 minutes only");
    await expectProvable();
  });

  test("do not push out the role groups themselves", async () => {
    app.nested.set("33333333-3333-4333-8333-333333333333", many);
    await keep();
    expect(resources()).toEqual(expect.arrayContaining(everything));
  });

  test("make room for each other: what is not wanted any more is unsubscribed", async () => {
    app.nested.set(groupId(2), many);
    await keep();
    app.nested.set(groupId(2), many.slice(50));
    await keep();
    expect(resources()).toHaveLength(1 + 2 + 45);
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
    await expectProvable();
  });
});

describe("a subscription that exists although the answer that said so was lost", () => {
  /** Graph made it, and the worker died before it could write the id down. */
  async function loseTheAnswer(): Promise<void> {
    await keep();
    await rewrite({ subscriptionId: null, expiresAt: 0 });
  }

  test("is adopted, because its client state is on record", async () => {
    await loseTheAnswer();
    const before = app.graph.kept.map(({ id }) => id);
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    expect(app.graph.kept.map(({ id }) => id)).toEqual(before);
    await expectProvable();
  });

  test("is found in whatever case Graph writes its resource", async () => {
    await loseTheAnswer();
    for (const [index, one] of app.graph.kept.entries())
      app.graph.kept[index] = { ...one, resource: one.resource.toUpperCase() };
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["renewed"]));
    await expectProvable();
  });
});

describe("a subscription that exists and that nobody has a record of", () => {
  test("is replaced: nobody could tell its deliveries from forgeries", async () => {
    await keep();
    await forgetAll();
    const before = new Set(app.graph.kept.map(({ id }) => id));
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["created"]));
    expect(app.graph.kept.filter(({ id }) => before.has(id))).toEqual([]);
    await expectProvable();
  });

  test("at another URL is not touched, and a person is told", async () => {
    const elsewhere = "https://old.example/api/notifications";
    await keep({ notificationUrl: elsewhere });
    await forgetAll();
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
    await expectProvable();
  });

  test("one that renews and one that finds all well do not disturb each other", async () => {
    await keep();
    app.now = start + week / 2;
    await Promise.all([keep(), keep()]);
    expect(resources()).toEqual(everything.toSorted());
    await expectProvable();
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
    await expectProvable();
  });

  test("that cannot be ended is tried again the next time", async () => {
    await keep();
    app.graph.refuse.add(readersGroup);
    const policy = { ...app.policy, roles: app.policy.roles.filter(({ name }) => name !== "reader") };
    expect(didWhat(await keep({ policy }))).toMatchObject({ [readersGroup]: "failed", users: "nothing" });
    app.graph.refuse.clear();
    expect(didWhat(await keep({ policy }))).toMatchObject({ [readersGroup]: "removed" });
    await expectProvable();
  });
});

const month = 30 * dayMs;
const secretOf = async (resource: string) => (await rowFor(resource)).clientState;

async function rowFor(resource: string): Promise<SubscriptionRow> {
  const row = (await app.rows.list()).find((one) => one.resource === resource);
  if (row === undefined) throw new Error(`there is no row for ${resource}`);
  return row;
}

/** As in the life of the app: the timer comes every five minutes. */
async function keepFor(ms: number): Promise<void> {
  for (const end = app.now + ms; app.now < end; app.now += 5 * minuteMs) await keep();
}

describe("a client state", () => {
  /** A month has passed, and all three are as old as that. */
  async function inUseForAMonth(): Promise<void> {
    await keep();
    await rewrite({ renewedAt: start + month });
    for (const [index, one] of app.graph.kept.entries())
      app.graph.kept[index] = { ...one, expiresAt: start + month + week };
    app.now = start + month + minuteMs;
    app.wishes.length = 0;
  }

  test("is in use for a month", async () => {
    await inUseForAMonth();
    app.now = start + month;
    expect(new Set(Object.values(didWhat(await keep())))).toEqual(new Set(["nothing"]));
  });

  test("is changed after that, one a run, and everybody is looked at who changed meanwhile", async () => {
    await inUseForAMonth();
    const before = await Promise.all(everything.map(secretOf));
    const changed: number[] = [];
    for (let runs = 0; runs < 4; runs += 1) {
      await keep();
      const after = await Promise.all(everything.map(secretOf));
      changed.push(after.filter((secret) => !before.includes(secret)).length);
    }
    expect(changed).toEqual([1, 2, 3, 3]);
    expect(app.wishes).toEqual(everything.map(() => "a subscription was made anew"));
    await expectProvable();
  });

  test("is not changed while anything is wrong", async () => {
    await inUseForAMonth();
    app.graph.refuse.add(readersGroup);
    const before = await secretOf("users");
    await keep();
    expect(await secretOf("users")).toBe(before);
  });

  test("that was replaced is remembered for as long as Graph tries to deliver", async () => {
    await inUseForAMonth();
    const { subscriptionId, clientState } = await rowFor("users");
    for (const _ of everything) await keep();
    const until = app.now + 4 * hourMs;
    expect((await rowFor("users")).former).toEqual([{ subscriptionId, clientState, until }]);
  });

  test.each([
    ["before the old one is ended", "remove"],
    ["before there is a new one", "create"],
  ] as const)("is changed all the same when the host dies %s", async (_, call) => {
    await inUseForAMonth();
    const dead = async () => {
      throw new Error("the host died");
    };
    await keep({ graph: { ...app.graph, [call]: dead } });
    await keep();
    await expectProvable();
    expect(resources()).toEqual(everything.toSorted());
    expect(app.wishes).toContain("a subscription was made anew");
  });
});

describe("a subscription that announces nothing of what is found to have changed", () => {
  const missed = (times: number) => rewriteOne("users", { missed: times });
  const rewriteOne = async (resource: string, change: Partial<SubscriptionRow>) =>
    app.rows.put({ ...(await rowFor(resource)), ...change });
  const open = async () => (await app.findings.all()).filter(({ over }) => over === null);

  beforeEach(async () => {
    await keep();
    await keepFor(65 * minuteMs);
    app.wishes.length = 0;
  });

  test("is given two catch-ups: a notification is lost now and then", async () => {
    await missed(2);
    expect(didWhat(await keep())).toMatchObject({ users: "nothing" });
    expect(await open()).toEqual([]);
  });

  test("is made anew at the third, everybody is looked at, and people are told until it announces something", async () => {
    await missed(3);
    expect(didWhat(await keep())).toMatchObject({ users: "recreated", [readersGroup]: "nothing" });
    expect(app.wishes).toEqual(["a subscription was made anew"]);
    expect(await open()).toMatchObject([{ kind: "silent-subscription", subject: "subscriptions" }]);
    await expectProvable();
    await keepFor(30 * minuteMs);
    expect(await open()).toHaveLength(1);
    await noteHeard("users", { subscriptions: app.rows });
    await keep();
    expect(await open()).toEqual([]);
  });

  test("is made anew at most once an hour, and it stays the same finding", async () => {
    await missed(3);
    await keep();
    const [first] = await open();
    await missed(3);
    await keepFor(55 * minuteMs);
    expect((await rowFor("users")).missed).toBe(3);
    await keepFor(15 * minuteMs);
    expect((await rowFor("users")).missed).toBe(0);
    expect(await open()).toMatchObject([{ id: first?.id, since: first?.since }]);
  });
});

describe("what nothing announces", () => {
  const open = async () =>
    (await app.findings.all())
      .filter(({ over }) => over === null)
      .map(({ kind, found }) => `${kind}: ${found}`);

  test("is a finding from the first refusal until there is a subscription", async () => {
    app.graph.refuse.add(readersGroup);
    await keep();
    expect(await open()).toEqual([
      `unsubscribed: nothing announces changes of ${readersGroup}: Graph refuses create of ${readersGroup}`,
    ]);
    app.graph.refuse.clear();
    app.now += 5 * minuteMs;
    await keep();
    expect(await open()).toEqual([]);
  });

  test("is none while a subscription that cannot be looked at is still in force", async () => {
    await keep();
    app.graph.refuse.add("users");
    app.now = start + 50 * minuteMs;
    expect(didWhat(await keep())).toMatchObject({ users: "failed" });
    expect(await open()).toEqual([]);
    app.now = start + 60 * minuteMs;
    await keep();
    expect(await open()).toHaveLength(1);
  });

  test("is a finding for each group that there is no room for", async () => {
    app.nested.set(
      groupId(2),
      Array.from({ length: 90 }, (_, index) => groupId(100 + index)),
    );
    await keep();
    expect(await open()).toHaveLength(2);
  });
});

function thePolicy(): Policy {
  const parsed = parsePolicy(soundPolicy, "policy.yaml");
  if (parsed.kind !== "ok") throw new Error("the sound policy is not sound");
  return parsed.policy;
}
