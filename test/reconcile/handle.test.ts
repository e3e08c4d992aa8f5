import { beforeEach, describe, expect, test } from "vitest";
import { GraphError, type GraphFailure } from "../../shared/graph/error.ts";
import type { PairRecord } from "../../shared/model/pair.ts";
import { analystIdSchema } from "../../shared/model/ids.ts";
import {
  sessionOf,
  type AccessMessage,
  type AnalystMessage,
  type ParkedMessage,
  type WorkKey,
} from "../../shared/queue/keys.ts";
import { handle } from "../../shared/reconcile/run/handle.ts";
import type { HandlePorts, Run, Work } from "../../shared/reconcile/run/handling.ts";
import { nextAccessLook, nextSourceLook } from "../../shared/reconcile/run/next-look.ts";
import { outcomeOf, type Outcome, type Parked } from "../../shared/reconcile/run/outcome.ts";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { ClaimLost, type KeyClock, type KeyTable } from "../../shared/state/key-state.ts";
import { findings, sourcePartition } from "../../shared/state/findings.ts";
import { pairRow, pairs } from "../../shared/state/pairs.ts";
import { roleKeyRow, roleKeys } from "../../shared/state/role-keys.ts";
import { troubles, type Troubles } from "../../shared/state/troubles.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { ana, ben, contosoTenant } from "../support/fixtures.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const start = Date.UTC(2026, 10, 20, 12);

const done: Outcome = { kind: "done" };
const retry: Outcome = { kind: "retry", why: "Graph did not answer" };
const again = (at: number): Outcome => ({ kind: "again", at, why: "not visible yet" });
const parked = (reason: string, cause: string | null = null): Parked => ({
  kind: "parked",
  reason,
  advice: "consent again",
  cause,
  finding: "refused-call",
  about: cause ?? "",
});
const noConsent = parked("no consent in contoso", "token");

const pair = { kind: "access", tenant: contosoTenant, analyst: ana } as const;
const bensPair = { ...pair, analyst: ben };
const analyst = { kind: "analyst", analyst: ana } as const;

type AccessKey = AccessMessage["key"];
type SourceKey = AnalystMessage["key"];

/** An event; about a pair, it is news unless it says for which version it is. */
function event(key: WorkKey, heardAt = worker.now, version: number | null = null): Work {
  const common = { cause: "test", heardAt, occasion: "event" } as const;
  return key.kind === "access" ? { key, ...common, version } : { key, ...common };
}

/** A worker with a clock that only the test moves; what it scheduled comes back when `until` passes it. */
type Worker = {
  now: number;
  tables: Readonly<Record<"pairs" | "roleKeys" | "troubles" | "findings", MemoryTable>>;
  troubles: Troubles;
  /** What the next runs come to, in order; after that, all of them are done. */
  outcomes: (readonly Outcome[] | Error)[];
  /** What happens during the next run. */
  during: (() => Promise<unknown>) | null;
  runs: (Run & { readonly at: number; readonly key: string })[];
  sent: Work[];
  scheduled: { readonly message: Work; readonly at: number }[];
  parked: ParkedMessage[];
  logged: string[];
  scheduling: "works" | "fails once" | "fails";
  parking: "works" | "fails once";
};
let worker: Worker;

beforeEach(() => {
  const tables = {
    pairs: memoryTable("Pairs"),
    roleKeys: memoryTable("RoleKeys"),
    troubles: memoryTable("Troubles"),
    findings: memoryTable("Findings"),
  };
  worker = {
    now: start,
    tables,
    troubles: troubles(tables.troubles.client),
    outcomes: [],
    during: null,
    runs: [],
    sent: [],
    scheduled: [],
    parked: [],
    logged: [],
    scheduling: "works",
    parking: "works",
  };
});

const edges = {
  async schedule(message: Work, at: number) {
    const { scheduling } = worker;
    if (scheduling === "fails once") worker.scheduling = "works";
    if (scheduling !== "works") throw new Error("Service Bus does not answer");
    worker.scheduled.push({ message, at });
  },
  async send(messages: readonly Work[]) {
    worker.sent.push(...messages);
  },
  async park(message: ParkedMessage) {
    const { parking } = worker;
    worker.parking = "works";
    if (parking !== "works") throw new Error("Service Bus does not answer");
    worker.parked.push(message);
  },
  now: () => worker.now,
  log: (level: string, message: string) => void worker.logged.push(`${level}: ${message}`),
};

const pairTable = () => pairs(worker.tables.pairs.client);
const keyTable = () => roleKeys(worker.tables.roleKeys.client);

function pairPorts({ tenant, analyst: id }: AccessKey, version: number | null): HandlePorts<PairRecord> {
  return {
    ...edges,
    troubles: worker.troubles,
    findings: {
      table: findings(worker.tables.findings.client),
      tenant,
      subject: id,
      names: async () => ({ person: null, place: null }),
      unproven: (value) => value.unproven,
    },
    partition: tenant,
    claim: (begin) => pairTable().claim(pairRow(tenant, id), begin),
    isNothing: () => false,
    isLeaving: ({ leftAt }) => leftAt !== null,
    lookFor: ({ clock, value }, now, occasion) =>
      nextAccessLook(clock, now, {
        occasion,
        served: version !== null && value.served >= version ? "yes" : "no",
      }),
    waiting: async (trouble) =>
      (await pairTable().list(tenant)).flatMap(({ rowKey, state }) =>
        state.clock.waitsFor.includes(trouble) ? [{ ...pair, analyst: analystIdSchema.parse(rowKey) }] : [],
      ),
  };
}

function sourcePorts(key: SourceKey): HandlePorts<null> {
  return {
    ...edges,
    troubles: worker.troubles,
    findings: {
      table: findings(worker.tables.findings.client),
      tenant: sourcePartition,
      subject: sessionOf(key),
      names: async () => ({ person: null, place: null }),
      unproven: () => null,
    },
    partition: "role",
    claim: (begin) => keyTable().claim(roleKeyRow(sessionOf(key)), begin),
    isNothing: () => false,
    isLeaving: () => false,
    lookFor: ({ clock }, now, occasion) => nextSourceLook(clock, now, occasion),
    waiting: async () => [],
  };
}

async function run(key: WorkKey, info: Run): Promise<readonly Outcome[]> {
  worker.runs.push({ ...info, at: worker.now, key: sessionOf(key) });
  const { during } = worker;
  worker.during = null;
  await during?.();
  const outcomes = worker.outcomes.shift() ?? [done];
  if (outcomes instanceof Error) throw outcomes;
  return outcomes;
}

async function deliver(message: Work): Promise<void> {
  if (!("version" in message)) {
    return handle<null>(message, sourcePorts(message.key), (_, info) => run(message.key, info));
  }
  const { key, version } = message;
  await handle<PairRecord>(message, pairPorts(key, version), async (claim, info) => {
    const outcomes = await run(key, info);
    claim.set({ value: { ...claim.state().value, served: version ?? 0 } });
    return outcomes;
  });
}

/** Delivers what was sent, and what is scheduled, in order and on time, until this time has come. */
async function until(end: number): Promise<void> {
  for (;;) {
    const sent = worker.sent.shift();
    if (sent !== undefined) {
      await deliver(sent);
      continue;
    }
    const next = worker.scheduled.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at > end) break;
    worker.scheduled = worker.scheduled.filter((one) => one !== next);
    worker.now = Math.max(worker.now, next.at);
    await deliver(next.message);
  }
  worker.now = Math.max(worker.now, end);
}

async function clockOf(key: WorkKey): Promise<KeyClock | undefined> {
  const state =
    key.kind === "access"
      ? await pairTable().read(pairRow(key.tenant, key.analyst))
      : await keyTable().read(roleKeyRow(sessionOf(key)));
  return state?.clock;
}

const looksAt = (key?: WorkKey) =>
  worker.runs.filter((one) => key === undefined || one.key === sessionOf(key)).map(({ at }) => at - start);

/** Another run takes the key over, as it does when a link drops and a second worker gets the session. */
const takeOver = (key: AccessKey) => {
  const table: KeyTable<PairRecord> = pairTable();
  return table.claim(pairRow(key.tenant, key.analyst), (state) => state);
};

describe("done", () => {
  test("settles a pair: nothing is scheduled, and every event that was heard has been looked at", async () => {
    await deliver(event(pair));
    expect(worker.scheduled).toEqual([]);
    expect(await clockOf(pair)).toMatchObject({
      heard: 1,
      looked: 1,
      lookedAt: start,
      dueAt: 0,
      attempts: 0,
      told: [],
    });
  });

  test("makes a key of the source be looked at again soon, after a minute and after five, and then no more", async () => {
    await deliver(event(analyst));
    await until(start + hour);
    expect(looksAt()).toEqual([0, 4 * second, minute, 5 * minute]);
    expect(worker.scheduled).toEqual([]);
  });

  test("makes news of a version that was acted on cost nothing", async () => {
    for (const version of [2, 2, 1]) await deliver(event(pair, start, version));
    expect(worker.runs).toHaveLength(1);
    await deliver(event(pair, start, 3));
    expect(worker.runs).toHaveLength(2);
  });

  test("forgets failures and what people were told", async () => {
    worker.outcomes = [[parked("no consent")]];
    await deliver(event(pair));
    await until(start + 5 * minute);
    expect(await clockOf(pair)).toMatchObject({ attempts: 0, told: [], dueAt: 0 });
  });
});

describe("again", () => {
  test("comes back at the time asked for, by a reminder, and nothing counts as failed", async () => {
    worker.outcomes = [[again(start + 40 * second)]];
    await deliver(event(pair));
    expect(worker.scheduled).toEqual([
      { message: { ...event(pair, start + 40 * second), occasion: "wake" }, at: start + 40 * second },
    ]);
    await until(start + minute);
    expect(looksAt()).toEqual([0, 40 * second]);
    expect(worker.runs[1]?.attempts).toBe(0);
    expect(worker.parked).toEqual([]);
  });

  test("in the past comes back at once", async () => {
    worker.outcomes = [[again(start - 1)]];
    await deliver(event(pair));
    await until(start);
    expect(worker.runs).toHaveLength(2);
  });

  test("neither counts as a failure nor makes one forgotten", async () => {
    worker.outcomes = [[retry], [again(start + 10 * second)], [retry]];
    await deliver(event(pair));
    await until(start + 15 * second);
    expect(worker.runs.map(({ attempts }) => attempts)).toEqual([0, 1, 1, 2]);
  });
});

describe("retry", () => {
  test("comes back later each time, and after five minutes at the latest", async () => {
    worker.outcomes = Array.from({ length: 14 }, () => [retry]);
    await deliver(event(pair));
    await until(start + hour);
    const looks = looksAt();
    const pauses = looks.slice(1).map((at, index) => (at - (looks[index] ?? 0)) / second);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]);
    expect(worker.runs.map(({ attempts }) => attempts)).toEqual(
      Array.from({ length: 15 }, (_, index) => index),
    );
  });

  test("tells people after eight failures in a row, once", async () => {
    worker.outcomes = Array.from({ length: 12 }, () => [retry]);
    await deliver(event(pair));
    await until(start + 2 * minute);
    expect(worker.parked).toEqual([]);
    await until(start + hour);
    expect(worker.parked).toHaveLength(1);
    expect(worker.parked[0]).toMatchObject({ key: pair });
    expect(worker.parked[0]?.reason).toContain("failing for 8 runs: Graph did not answer");
  });

  test("starts to count anew after a run that worked, and then tells people anew", async () => {
    const failures = Array.from({ length: 8 }, () => [retry]);
    worker.outcomes = [...failures, [done], ...failures];
    await deliver(event(pair));
    await until(start + hour);
    expect(worker.parked).toHaveLength(1);
    await deliver(event(pair));
    await until(start + 2 * hour);
    expect(worker.parked).toHaveLength(2);
    expect(await clockOf(pair)).toMatchObject({ attempts: 0, told: [] });
  });

  test("of a key of the source is not forgotten for the looks that its event asks for", async () => {
    worker.outcomes = [[retry], [retry], [retry]];
    await deliver(event(analyst));
    await until(start + 10 * minute);
    expect(looksAt().at(-1)).toBe(5 * minute);
    expect(await clockOf(analyst)).toMatchObject({ attempts: 0, dueAt: 0 });
  });
});

describe("parked", () => {
  test("tells people the reason and the advice, and is tried again all the same, later each time", async () => {
    worker.outcomes = Array.from({ length: 7 }, () => [parked("the group is dynamic")]);
    await deliver(event(pair));
    expect(worker.parked).toEqual([
      { key: pair, reason: "the group is dynamic", advice: "consent again", parkedAt: start },
    ]);
    await until(start + 5 * hour);
    const looks = looksAt();
    const pauses = looks.slice(1).map((at, index) => (at - (looks[index] ?? 0)) / minute);
    expect(pauses).toEqual([5, 10, 20, 40, 60, 60, 60]);
    expect(worker.parked).toHaveLength(1);
  });

  test("is tried again every ten minutes for somebody who has left, however long it lasts", async () => {
    const claim = await takeOver(pair);
    await claim.write({ value: { ...claim.state().value, leftAt: start } });
    worker.outcomes = Array.from({ length: 50 }, () => [parked("the account may not be blocked")]);
    await deliver(event(pair));
    await until(start + 5 * hour);
    expect(looksAt().slice(0, 4)).toEqual([0, 5 * minute, 15 * minute, 25 * minute]);
    expect(looksAt().at(-1)).toBe(4 * hour + 55 * minute);
    expect(worker.parked).toHaveLength(1);
  });

  test("tells the same reason once, whatever request it happened to", async () => {
    worker.outcomes = ["11-aa", "22-bb", "33-cc"].map((id) => [parked(`403 (request ${id})`)]);
    await deliver(event(pair));
    await until(start + hour);
    expect(worker.parked).toHaveLength(1);
  });

  const waits = (): Outcome => ({ kind: "wait", at: worker.now + 10 * minute, why: "throttled" });
  test.each<readonly [string, () => readonly (readonly Outcome[])[]]>([
    ["it is throttled", () => Array.from({ length: 18 }, () => [waits()])],
    [
      "the target's consent is gone",
      () => Array.from({ length: 36 }, () => [{ ...noConsent, stops: "yes" }]),
    ],
    ["no host is there", () => []],
  ])("does not tell the same anew after three hours in which %s", async (_, meanwhile) => {
    worker.outcomes = [[parked("the group is dynamic")]];
    await deliver(event(pair));
    for (const outcomes of meanwhile()) {
      worker.outcomes = [outcomes];
      worker.now += 5 * minute;
      await deliver(event(pair));
    }
    worker.now = start + 3 * hour;
    worker.outcomes = [[parked("the group is dynamic")]];
    await deliver(event(pair));
    expect(worker.parked.filter(({ reason }) => reason === "the group is dynamic")).toHaveLength(1);
  });

  test("tells the same anew when it is met again hours after a run that got past it", async () => {
    worker.outcomes = [[parked("the group is dynamic")], [again(start + 30 * hour)]];
    await deliver(event(pair));
    await until(start + 29 * hour);
    worker.outcomes = [[parked("the group is dynamic")]];
    await until(start + 31 * hour);
    expect(worker.parked).toHaveLength(2);
  });

  test("tells another reason", async () => {
    worker.outcomes = [[parked("no consent")], [parked("the group is dynamic")]];
    await deliver(event(pair));
    await until(start + hour);
    expect(worker.parked.map(({ reason }) => reason)).toEqual(["no consent", "the group is dynamic"]);
  });

  test("tells each reason once also when they come in turns", async () => {
    const turns = [parked("no consent"), parked("the group is dynamic")];
    worker.outcomes = Array.from({ length: 8 }, (_, index) => turns.slice(index % 2, (index % 2) + 1));
    await deliver(event(pair));
    await until(start + 7 * hour);
    expect(worker.runs.length).toBeGreaterThan(8);
    expect(worker.parked.map(({ reason }) => reason)).toEqual(["no consent", "the group is dynamic"]);
  });

  test("tells each of several reasons of one run", async () => {
    worker.outcomes = [[parked("one"), parked("two"), done]];
    await deliver(event(pair));
    expect(worker.parked.map(({ reason }) => reason)).toEqual(["one", "two"]);
  });

  test("tells the same reason again when it was repaired in between", async () => {
    worker.outcomes = [[parked("no consent")], [done], [parked("no consent")]];
    await deliver(event(pair));
    await until(start + 20 * minute);
    await deliver(event(pair));
    expect(worker.parked).toHaveLength(2);
  });

  test("does not tell it again because the key had to wait in between", async () => {
    worker.outcomes = [[parked("no consent")], [again(start + 6 * minute)], [parked("no consent")]];
    await deliver(event(pair));
    await until(start + 6 * minute);
    expect(worker.runs).toHaveLength(3);
    expect(worker.parked).toHaveLength(1);
  });
});

describe("a run that ends in several ways at once", () => {
  test("comes back for the first of them, tells people what needs them, and counts as a failure", async () => {
    worker.outcomes = [[again(start + 20 * second), parked("the group is dynamic"), done]];
    await deliver(event(pair));
    expect(worker.parked).toHaveLength(1);
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([20 * second]);
    expect(await clockOf(pair)).toMatchObject({ attempts: 1 });
  });

  test("does not wait for a person with what passes by itself", async () => {
    worker.outcomes = [[parked("the group is dynamic"), retry]];
    await deliver(event(pair));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([second]);
  });

  test("does not hide a failure behind a trouble of the whole tenant", async () => {
    worker.outcomes = [[noConsent, retry]];
    await deliver(event(pair));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([second]);
    expect(await clockOf(pair)).toMatchObject({ attempts: 1 });
  });
});

const graph = (changes: Partial<GraphFailure>) =>
  new GraphError({
    status: 500,
    code: "unknown",
    message: "no error text came back",
    method: "GET",
    template: "/users/{id}",
    tenantId: "t",
    requestId: null,
    clientRequestId: "c",
    retryAfterMs: null,
    ...changes,
  });

describe("a trouble of a whole tenant", () => {
  const analysts = Array.from({ length: 50 }, (_, index) =>
    analystIdSchema.parse(`a0000000-0000-4000-8000-${String(index).padStart(12, "0")}`),
  );
  const keys = analysts.map((id) => ({ ...pair, analyst: id }));
  const strike = async (some: readonly AccessKey[]) => {
    worker.outcomes = some.map(() => [noConsent]);
    for (const key of some) await deliver(event(key));
  };

  test("is one entry for people, however many it hits", async () => {
    await strike(keys);
    expect(worker.parked).toEqual([
      { key: keys[0], reason: "no consent in contoso", advice: "consent again", parkedAt: start },
    ]);
    expect(await worker.troubles.list(contosoTenant)).toHaveLength(1);
  });

  test("is tried by the first it hit, every five minutes, and by nobody else", async () => {
    await strike(keys.slice(0, 3));
    worker.outcomes = Array.from({ length: 5 }, () => [noConsent]);
    await until(start + 29 * minute);
    const tries = looksAt(keys[0]);
    expect(tries.map((at) => at / minute)).toEqual([0, 5, 10, 15, 20, 25]);
    for (const key of keys.slice(1, 3)) expect(looksAt(key)).toEqual([0]);
    expect(worker.parked).toHaveLength(1);
  });

  test("is no failure of the keys it hits", async () => {
    await strike(keys.slice(0, 2));
    for (const key of keys.slice(0, 2)) expect(await clockOf(key)).toMatchObject({ attempts: 0 });
  });

  test("that is over makes everybody be looked at who waited, twenty a second", async () => {
    await strike(keys);
    await until(start + 5 * minute + 10 * second);
    const [probe, ...others] = keys;
    expect(looksAt(probe)).toEqual([0, 5 * minute]);
    const calls = others.map((key) => looksAt(key)[1] ?? 0).toSorted((a, b) => a - b);
    expect(calls).toEqual(others.map((_, index) => 5 * minute + Math.floor(index / 20) * second));
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
    expect(worker.scheduled).toEqual([]);
  });

  test.each([
    ["before an hour has passed is the same one", 50, 1],
    ["later is told again", 70, 2],
  ])("that comes again %s", async (_, minutes, told) => {
    await strike(keys.slice(0, 1));
    await until(start + minutes * minute);
    await strike(keys.slice(1, 2));
    expect(worker.parked).toHaveLength(told);
  });

  test("keeps nobody from acting on news of their own", async () => {
    await strike(keys.slice(0, 2));
    worker.now += minute;
    await deliver(event(keys[1] ?? pair));
    expect(looksAt(keys[1])).toEqual([0, minute]);
    expect(await clockOf(keys[1] ?? pair)).toMatchObject({ waitsFor: [] });
  });

  test("that gives way to another one is over, and the other is told", async () => {
    await strike(keys.slice(0, 2));
    const missing = parked('no group is called "SOC Readers"', "no group");
    worker.outcomes = [[missing], [missing]];
    await until(start + 6 * minute);
    expect(worker.parked.map(({ reason }) => reason)).toEqual([
      "no consent in contoso",
      'no group is called "SOC Readers"',
    ]);
    expect((await worker.troubles.list(contosoTenant)).map(({ reason }) => reason)).toEqual([
      'no group is called "SOC Readers"',
    ]);
    expect(looksAt(keys[1])).toEqual([0, 5 * minute]);
  });

  test("that its probe cannot try for passing reasons goes on, and so does the probe", async () => {
    await strike(keys.slice(0, 2));
    worker.outcomes = [[noConsent, retry]];
    await until(start + 5 * minute);
    expect(await worker.troubles.list(contosoTenant)).toHaveLength(1);
    expect(await clockOf(keys[0] ?? pair)).toMatchObject({ waitsFor: [] });
    expect((await clockOf(keys[0] ?? pair))?.probes).toHaveLength(1);
  });

  test.each<[string, readonly Outcome[] | Error]>([
    ["Graph did not answer", [retry]],
    ["Graph throttled it", [{ kind: "wait", at: start + 6 * minute, why: "throttled" }]],
    ["it met another trouble before", graph({ status: 403 })],
    ["the policy is broken", new PolicyUnusable("broken", "the policy cannot be read")],
  ])("whose probe could not try it, because %s, is not over: another one tries", async (_, outcome) => {
    await strike(keys.slice(0, 3));
    worker.outcomes = [outcome, [noConsent]];
    await until(start + 5 * minute);
    const troubles = await worker.troubles.list(contosoTenant);
    expect(troubles.map(({ reason }) => reason)).toContain("no consent in contoso");
    const tried = keys.slice(1, 3).flatMap((key) => looksAt(key).filter((at) => at > 0));
    expect(tried).toHaveLength(1);
    await until(start + 15 * minute);
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
    for (const key of keys.slice(1, 3)) expect(looksAt(key).length).toBeGreaterThan(1);
  });

  test("whose probe has a lasting trouble of its own is over when somebody who waits finds it over", async () => {
    await strike(keys.slice(0, 3));
    worker.outcomes = [[retry], [done], [retry], [retry]];
    await until(start + 6 * minute);
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
    for (const key of keys.slice(1, 3)) expect(looksAt(key).length).toBeGreaterThan(1);
  });

  test("is told by the next one whom it hits when the first could not tell it", async () => {
    worker.parking = "fails once";
    worker.outcomes = [[noConsent]];
    await deliver(event(keys[0] ?? pair)).catch(() => undefined);
    expect(worker.parked).toEqual([]);
    await until(start + 2 * minute);
    await strike(keys.slice(1, 3));
    expect(worker.parked).toHaveLength(1);
  });

  test("does not hide a second one of the same run, and the key waits for both", async () => {
    const dynamic = parked("the scope is a dynamic group", "dynamic");
    worker.outcomes = [[noConsent, dynamic], [noConsent, dynamic], [dynamic]];
    await deliver(event(keys[0] ?? pair));
    await deliver(event(keys[1] ?? pair));
    expect(worker.parked.map(({ reason }) => reason)).toEqual([
      "no consent in contoso",
      "the scope is a dynamic group",
    ]);
    expect((await clockOf(keys[1] ?? pair))?.waitsFor).toHaveLength(2);
    await until(start + 5 * minute);
    expect((await worker.troubles.list(contosoTenant)).map(({ reason }) => reason)).toEqual([
      "the scope is a dynamic group",
    ]);
    await until(start + 60 * minute);
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
    expect((await clockOf(keys[1] ?? pair))?.waitsFor).toEqual([]);
  });

  test("whose probe has nothing to do there any more is tried by another", async () => {
    await strike(keys.slice(0, 3));
    worker.outcomes = [[done], [noConsent], [noConsent]];
    await until(start + 6 * minute);
    const [trouble, ...more] = await worker.troubles.list(contosoTenant);
    expect(more).toEqual([]);
    expect(trouble?.probe).not.toBe(JSON.stringify(keys[0]));
    await until(start + 12 * minute);
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
    for (const key of keys.slice(0, 3))
      expect(await clockOf(key)).toMatchObject({ waitsFor: [], probes: [] });
  });

  test("is told once also when many keys meet it at the same moment, whoever meets it later", async () => {
    worker.outcomes = keys.map(() => [noConsent]);
    await Promise.all(keys.slice(0, 6).map((key) => deliver(event(key))));
    expect(worker.parked).toHaveLength(1);
    worker.now += 2 * minute;
    await strike(keys.slice(6, 9));
    expect(worker.parked).toHaveLength(1);
    const clocks = await Promise.all(keys.slice(0, 9).map(clockOf));
    expect(clocks.filter((clock) => clock?.probes.length === 1)).toHaveLength(1);
  });

  test("of a trouble and of one's own, both are told", async () => {
    worker.outcomes = [[noConsent, parked("the group is dynamic")]];
    await deliver(event(pair));
    expect(worker.parked.map(({ reason }) => reason).toSorted()).toEqual([
      "no consent in contoso",
      "the group is dynamic",
    ]);
  });
});

describe("what many keys have to say at the same time", () => {
  const people = Array.from({ length: 6 }, (_, index) =>
    analystIdSchema.parse(`b0000000-0000-4000-8000-00000000000${index}`),
  );
  const keysOf = (ids: readonly AccessKey["analyst"][]) => ids.map((id) => ({ ...pair, analyst: id }));
  const refusedAlone: Outcome = { ...parked("403 to PATCH /users/{id}"), refused: "perhaps to one" };

  /** These keys meet the same, a minute after each other, and again and again for some hours. */
  async function meet(keys: readonly AccessKey[], outcome: Outcome, hours = 5): Promise<void> {
    worker.outcomes = Array.from({ length: 2_000 }, () => [outcome]);
    for (const key of keys) {
      await deliver(event(key));
      await until(worker.now + minute);
    }
    await until(worker.now + hours * hour);
  }

  test("because their tenant answers nobody is said by one of them, however long it lasts", async () => {
    const silent: Outcome = { kind: "retry", why: "503 (request 1)", silent: "the source" };
    await meet(keysOf(people.slice(0, 4)), silent);
    await meet(keysOf(people.slice(4)), silent);
    expect(worker.parked.map(({ reason }) => reason)).toEqual([
      "tenant the source answers nobody: 503 (request 1)",
    ]);
  });

  test("because a call about one person was refused to each of them is said by one of them", async () => {
    await meet(keysOf(people), refusedAlone);
    expect(worker.parked).toHaveLength(1);
    expect(worker.logged.filter((line) => line.includes("needs a person")).length).toBeGreaterThan(6);
  });

  test("because a call of theirs can never work is said by each of them: their calls may differ", async () => {
    await meet(keysOf(people), { ...parked("400 to POST /jobs/{id}/provisionOnDemand"), stops: "yes" });
    expect(worker.parked).toHaveLength(6);
  });

  test("is said by another one when the first is over it", async () => {
    const [first, second] = keysOf(people);
    if (first === undefined || second === undefined) throw new Error("there are people");
    await meet([first, second], refusedAlone, 0);
    for (let hours = 0; hours < 4; hours += 1) {
      worker.now += hour;
      worker.outcomes = [[done], [refusedAlone]];
      await deliver(event(first));
      await deliver(event(second));
    }
    expect(worker.parked.map(({ key }) => key)).toEqual([first, second]);
  });

  test("is said by each of them when they meet it at different times", async () => {
    for (const key of keysOf(people.slice(0, 3))) await meet([key], refusedAlone);
    expect(worker.parked).toHaveLength(3);
  });

  test("is said of each who has left", async () => {
    for (const key of keysOf(people)) {
      const claim = await takeOver(key);
      await claim.write({ value: { ...claim.state().value, leftAt: start } });
    }
    await meet(keysOf(people), refusedAlone);
    expect(worker.parked).toHaveLength(6);
  });

  test("and concerns a whole tenant is said once, also when it is met from the source and from a target", async () => {
    worker.outcomes = Array.from({ length: 200 }, () => [noConsent]);
    await deliver(event(pair));
    await deliver(event(analyst));
    await until(start + 5 * hour);
    expect(worker.parked).toHaveLength(1);
  });
});

describe("an error in a run", () => {
  test("that nobody foresaw is a failure to retry, not a message for Service Bus to redeliver", async () => {
    worker.outcomes = [new TypeError("x is not a function")];
    await deliver(event(pair));
    expect(worker.scheduled).toMatchObject([{ at: start + second }]);
  });

  test.each([
    ["a passing one is retried", graph({ status: 503 }), "retry"],
    ["something that is not there is read again", graph({ status: 404 }), "retry"],
    ["a throttled one comes back when Graph says", graph({ status: 429, retryAfterMs: 7_000 }), "wait"],
    ["a refusal needs a person", graph({ status: 403 }), "parked"],
    ["what is no error at all is retried", "a string", "retry"],
  ])("of Graph: %s", (_, error, kind) => {
    expect(outcomeOf(error, start).kind).toBe(kind);
  });

  test("of Graph's throttling says when to come back", () => {
    expect(outcomeOf(graph({ status: 429, retryAfterMs: 7_000 }), start)).toMatchObject({
      at: start + 7_000,
    });
  });

  test("of Graph's consent is the whole tenant's trouble; of one person's account it is that person's own", () => {
    expect(outcomeOf(graph({ status: 403 }), start)).toMatchObject({
      cause: expect.stringContaining("403 to reads"),
    });
    expect(outcomeOf(graph({ status: 403, method: "PATCH" }), start)).toMatchObject({ cause: null });
  });

  test.each([
    ["broken: people have to mend it", "broken", minute],
    ["behind: another host has a newer one", "behind", 15 * second],
  ] as const)("of a policy that is %s, and the key comes back", async (_, kind, ms) => {
    worker.outcomes = [new PolicyUnusable(kind, "nothing can be decided")];
    await deliver(event(pair));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([ms]);
    expect(await clockOf(pair)).toMatchObject({ attempts: 0 });
    expect(worker.parked).toEqual([]);
  });
});

describe("many messages for one key", () => {
  test("two hundred for one analyst in two seconds cost four looks", async () => {
    for (let index = 0; index < 200; index += 1) {
      await until(start + index * 10);
      await deliver(event(analyst));
    }
    await until(start + hour);
    expect(looksAt()).toEqual([0, 1_990 + 4 * second, 1_990 + minute, 1_990 + 5 * minute]);
    expect(await clockOf(analyst)).toMatchObject({ heard: 200, looked: 200 });
  });

  test("do not double a reminder that is under way and early enough", async () => {
    await deliver(event(analyst));
    const before = worker.scheduled.length;
    await deliver(event(analyst));
    await deliver(event(analyst));
    expect(worker.scheduled).toHaveLength(before);
  });

  test("bring a reminder forward that is under way for later", async () => {
    worker.outcomes = [[again(start + 10 * minute)], [retry]];
    await deliver(event(pair));
    worker.now = start + minute;
    await deliver(event(pair));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([10 * minute, minute + second]);
  });

  test("for two keys do not know of each other", async () => {
    await deliver(event(pair));
    await deliver(event(bensPair));
    expect(worker.runs).toHaveLength(2);
  });

  test("a new event during a wait for a pair is acted on at once", async () => {
    worker.outcomes = [[again(start + 40 * minute)]];
    await deliver(event(pair));
    worker.now = start + minute;
    await deliver(event(pair));
    expect(looksAt()).toEqual([0, minute]);
  });
});

describe("a check", () => {
  const check = (key: WorkKey) => ({ ...event(key), occasion: "check" }) as Work; // an event but for that

  test("is a look of low urgency, and is no event", async () => {
    await deliver(check(analyst));
    expect(worker.runs).toMatchObject([{ urgency: "low" }]);
    expect(await clockOf(analyst)).toMatchObject({ heard: 0, looked: 0, lookedAt: start });
    await until(start + hour);
    expect(worker.runs).toHaveLength(1);
  });

  test("of somebody who was looked at a moment ago costs nothing", async () => {
    await deliver(check(analyst));
    worker.now += 30 * second;
    await deliver(check(analyst));
    expect(worker.runs).toHaveLength(1);
  });

  test("serves the events that were heard before it", async () => {
    worker.outcomes = [[retry]];
    await deliver(event(analyst));
    worker.now += 2 * minute;
    await deliver(check(analyst));
    expect(await clockOf(analyst)).toMatchObject({ heard: 1, looked: 1 });
  });
});

describe("a reminder", () => {
  test("carries the same key and cause, and does not count as an event", async () => {
    worker.outcomes = [[again(start + minute)]];
    await deliver(event(pair));
    await until(start + minute);
    expect(worker.runs[1]).toMatchObject({ cause: "test", heardAt: start, urgency: "now" });
    expect(await clockOf(pair)).toMatchObject({ heard: 1, heardAt: start });
  });

  test("that comes when there is nothing left to do costs nothing", async () => {
    await deliver(event(pair));
    await deliver({ ...event(pair), occasion: "wake" });
    expect(worker.runs).toHaveLength(1);
  });

  test.each([pair, analyst])(
    "that comes a moment early, by this host's clock, is sent again for so much later, and not over and over: %o",
    async (key) => {
      const behind = 3 * second;
      worker.outcomes = [[again(start + minute)]];
      await deliver(event(key));
      // The queue hands it out when it is due by its own clock.
      for (let turns = 0; worker.runs.length < 2; turns += 1) {
        const reminder = worker.scheduled.shift();
        if (reminder === undefined || turns > 3) throw new Error("it goes round in circles");
        worker.now = Math.max(worker.now, reminder.at - behind);
        await deliver(reminder.message);
      }
      expect(worker.now).toBeGreaterThanOrEqual(start + (key.kind === "access" ? minute : 4 * second));
    },
  );

  test("that has not come a minute after its time is not waited for any longer", async () => {
    await deliver(event(analyst));
    worker.scheduled = [];
    worker.now = start + 65 * second;
    await deliver(event(analyst));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([69 * second]);
  });

  test("that comes twice is acted on once", async () => {
    worker.outcomes = [[again(start + minute)]];
    await deliver(event(pair));
    const [reminder] = worker.scheduled;
    await until(start + minute);
    if (reminder !== undefined) await deliver(reminder.message);
    expect(worker.runs).toHaveLength(2);
  });

  test("that comes late is acted on", async () => {
    worker.outcomes = [[again(start + second)]];
    await deliver(event(pair));
    const [reminder] = worker.scheduled;
    worker.now = start + 10 * minute;
    if (reminder !== undefined) await deliver(reminder.message);
    expect(worker.runs).toHaveLength(2);
  });
});

describe("a run", () => {
  test("is told when its time is over: well before the host ends it", async () => {
    await deliver(event(pair));
    expect(worker.runs[0]?.until).toBe(start + 2 * minute);
  });

  test("has looked only when it is over: an event that is heard meanwhile waits for the next look", async () => {
    worker.during = async () => {
      worker.now += 5 * second;
      expect(await clockOf(analyst)).toMatchObject({ heard: 1, looked: 0, lookedAt: 0 });
    };
    await deliver(event(analyst));
    expect(await clockOf(analyst)).toMatchObject({ looked: 1, lookedAt: start });
  });

  test("that fails has looked all the same: what it heard of is tried by the reminder", async () => {
    worker.outcomes = [[retry]];
    await deliver(event(analyst));
    expect(await clockOf(analyst)).toMatchObject({ looked: 1, attempts: 1 });
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([second]);
  });
});

describe("when another run has taken the key over", () => {
  test("the first writes nothing any more and puts its message back, soon and without alarm", async () => {
    worker.during = () => takeOver(pair);
    await deliver(event(pair));
    expect(worker.scheduled).toEqual([{ message: event(pair, start), at: start + 3 * second }]);
    expect(worker.logged).toEqual(["info: A message could not be handled and is put back."]);
    expect(await clockOf(pair)).toMatchObject({ looked: 0 });
  });

  test("nobody is told anything by the first, and no trouble begins", async () => {
    worker.outcomes = [new ClaimLost("the key")];
    await deliver(event(pair));
    expect(worker.parked).toEqual([]);
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
  });

  test.each([
    ["a trouble of its own", parked("the group is dynamic")],
    ["a trouble of the whole tenant", noConsent],
  ])("and finds %s, the first tells nobody", async (_, outcome) => {
    worker.during = () => takeOver(pair);
    worker.outcomes = [[outcome]];
    await deliver(event(pair));
    expect(worker.parked).toEqual([]);
    expect(await worker.troubles.list(contosoTenant)).toEqual([]);
  });

  test("the first ends no trouble that the second one may still have", async () => {
    worker.outcomes = [[noConsent]];
    await deliver(event(pair));
    worker.now += 5 * minute;
    worker.during = () => takeOver(pair);
    await deliver(event(pair));
    expect(await worker.troubles.list(contosoTenant)).toHaveLength(1);
  });

  test("the loss is no failure, however many there were before: nobody is told of it", async () => {
    worker.outcomes = [...Array.from({ length: 7 }, () => [retry]), new ClaimLost("the key")];
    await deliver(event(pair));
    await until(start + 2 * minute);
    expect(await clockOf(pair)).toMatchObject({ attempts: 7 });
    worker.during = () => takeOver(pair);
    await until(start + 2 * minute + 8 * second);
    expect(worker.runs).toHaveLength(8);
    expect(worker.parked).toEqual([]);
  });

  test("the message that was put back is looked at, whatever the other run had heard", async () => {
    worker.during = () => takeOver(pair);
    await deliver(event(pair));
    await until(start + minute);
    expect(looksAt()).toEqual([0, 3 * second]);
    expect(await clockOf(pair)).toMatchObject({ heard: 2, looked: 2 });
  });

  test("two deliveries of one message end as one", async () => {
    const both = [deliver(event(pair, start, 1)), deliver(event(pair, start, 1))];
    await Promise.all(both);
    await until(start + minute);
    expect(await clockOf(pair)).toMatchObject({ dueAt: 0, attempts: 0 });
    expect(worker.runs.length).toBeLessThanOrEqual(3);
    expect(worker.scheduled).toEqual([]);
  });
});

describe("when the state tables do not answer", () => {
  test("the message is put back for later, and nothing is decided", async () => {
    worker.tables.pairs.fail("read");
    await deliver(event(pair));
    expect(worker.runs).toEqual([]);
    expect(worker.scheduled).toEqual([{ message: event(pair, start), at: start + 15 * second }]);
    expect(worker.logged).toEqual(["error: A message could not be handled and is put back."]);
  });

  test("a message that is put back is still an event when it comes again", async () => {
    worker.tables.pairs.fail("write");
    await deliver(event(pair));
    await until(start + minute);
    expect(looksAt()).toEqual([15 * second]);
  });

  test("after a run, the key is run again rather than forgotten", async () => {
    worker.during = async () => worker.tables.pairs.fail("write");
    await deliver(event(pair));
    await until(start + minute);
    expect(looksAt()).toEqual([0, 15 * second]);
  });

  test("for a trouble, the key is run again, and people are told then", async () => {
    worker.outcomes = [[noConsent], [noConsent]];
    worker.tables.troubles.fail("read");
    await deliver(event(pair));
    expect(worker.parked).toEqual([]);
    await until(start + minute);
    expect(worker.parked).toHaveLength(1);
  });
});

describe("when the queue does not answer", () => {
  test("for a reminder, the message is put back and the key is run again", async () => {
    worker.outcomes = [[again(start + minute)]];
    worker.scheduling = "fails once";
    await deliver(event(pair));
    expect(worker.scheduled).toEqual([{ message: event(pair, start), at: start + 15 * second }]);
    await until(start + minute);
    expect(worker.runs).toHaveLength(2);
  });

  test("for parking, people are told when the key comes again", async () => {
    worker.outcomes = [[parked("no consent")], [parked("no consent")]];
    worker.parking = "fails once";
    await deliver(event(pair));
    expect(worker.parked).toEqual([]);
    await until(start + minute);
    expect(worker.parked).toHaveLength(1);
  });

  test("at all, it throws, so that Service Bus keeps the message", async () => {
    worker.tables.pairs.fail("read");
    worker.scheduling = "fails";
    await expect(deliver(event(pair))).rejects.toThrow("Service Bus does not answer");
  });

  test("at all, a run that worked needs no queue: it is done", async () => {
    worker.scheduling = "fails";
    await expect(deliver(event(pair))).resolves.toBeUndefined();
    expect(await clockOf(pair)).toMatchObject({ lookedAt: start });
  });
});
