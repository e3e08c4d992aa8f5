import { beforeEach, describe, expect, test } from "vitest";
import { GraphError, type GraphFailure } from "../../shared/graph/error.ts";
import { sessionOf, type Message, type ParkedMessage } from "../../shared/queue/keys.ts";
import { handle, outcomeOf, type HandlePorts, type Run } from "../../shared/reconcile/handle.ts";
import type { Outcome } from "../../shared/reconcile/outcome.ts";
import { memoryClocks, type MemoryClocks } from "../support/memory-clocks.ts";
import { ana, ben, contoso } from "../support/world.ts";

const second = 1_000;
const minute = 60 * second;
const start = Date.UTC(2026, 10, 20, 12);

const done: Outcome = { kind: "done" };
const retry: Outcome = { kind: "retry", why: "Graph did not answer" };
const again = (at: number): Outcome => ({ kind: "again", at, why: "not visible yet" });
const parked = (reason: string): Outcome => ({ kind: "parked", reason, advice: "consent again" });

const pair = { kind: "access", target: contoso, analyst: ana } as const;
const analyst = { kind: "analyst", analyst: ana } as const;
const event = (key: Message["key"], heardAt: number): Message =>
  ({ key, cause: "test", heardAt, occasion: "event" }) as Message; // a key and its queue always match here

/** A worker with a clock that only the test moves; what it scheduled comes back when `until` passes it. */
type Worker = {
  now: number;
  clocks: MemoryClocks;
  outcomes: (Outcome | Error)[];
  runs: (Run & { readonly at: number })[];
  scheduled: { readonly message: Message; readonly at: number }[];
  parked: ParkedMessage[];
  logged: string[];
  scheduling: "works" | "fails once" | "fails";
  parking: "works" | "fails once";
};
let worker: Worker;

beforeEach(() => {
  worker = {
    now: start,
    clocks: memoryClocks(),
    outcomes: [],
    runs: [],
    scheduled: [],
    parked: [],
    logged: [],
    scheduling: "works",
    parking: "works",
  };
});

const ports: HandlePorts = {
  clocks: {
    get: (session) => worker.clocks.get(session),
    put: (session, row) => worker.clocks.put(session, row),
  },
  async schedule(message, at) {
    const { scheduling } = worker;
    if (scheduling === "fails once") worker.scheduling = "works";
    if (scheduling !== "works") throw new Error("Service Bus does not answer");
    worker.scheduled.push({ message, at });
  },
  async park(message) {
    const { parking } = worker;
    worker.parking = "works";
    if (parking !== "works") throw new Error("Service Bus does not answer");
    worker.parked.push(message);
  },
  now: () => worker.now,
  log: (level, message) => void worker.logged.push(`${level}: ${message}`),
};

async function deliver(message: Message): Promise<void> {
  await handle(message, ports, async (run) => {
    worker.runs.push({ ...run, at: worker.now });
    const outcome = worker.outcomes.shift() ?? done;
    if (outcome instanceof Error) throw outcome;
    return outcome;
  });
}

/** Delivers what is scheduled, in order and on time, until this time has come. */
async function until(end: number): Promise<void> {
  for (;;) {
    const next = worker.scheduled.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at > end) break;
    worker.scheduled = worker.scheduled.filter((one) => one !== next);
    worker.now = Math.max(worker.now, next.at);
    await deliver(next.message);
  }
  worker.now = Math.max(worker.now, end);
}

const rowOf = (key: Message["key"]) => worker.clocks.rows.get(sessionOf(key));
const looksAt = () => worker.runs.map(({ at }) => at - start);

describe("done", () => {
  test("settles a pair: nothing is scheduled, and the clock says when it was read", async () => {
    await deliver(event(pair, start));
    expect(worker.scheduled).toEqual([]);
    expect(rowOf(pair)).toMatchObject({ readAt: start, dueAt: 0, attempts: 0, parked: null });
  });

  test("makes an analyst be looked at again soon and after a minute, and then no more", async () => {
    await deliver(event(analyst, start));
    await until(start + 60 * minute);
    expect(looksAt()).toEqual([0, 4 * second, minute]);
    expect(worker.scheduled).toEqual([]);
  });

  test("makes an event that was heard before the last read cost nothing", async () => {
    worker.now = start + 2 * second;
    await deliver(event(pair, start));
    await deliver(event(pair, start));
    await deliver(event(pair, start + second));
    expect(worker.runs).toHaveLength(1);
  });

  test("forgets failures and what people were told", async () => {
    worker.outcomes = [parked("no consent")];
    await deliver(event(pair, start));
    await until(start + 5 * minute);
    expect(rowOf(pair)).toMatchObject({ attempts: 0, parked: null, dueAt: 0 });
  });
});

describe("again", () => {
  test("comes back at the time asked for, by a reminder, and nothing counts as failed", async () => {
    worker.outcomes = [again(start + 40 * second)];
    await deliver(event(pair, start));
    expect(worker.scheduled).toEqual([
      { message: { ...event(pair, start + 40 * second), occasion: "wake" }, at: start + 40 * second },
    ]);
    await until(start + minute);
    expect(looksAt()).toEqual([0, 40 * second]);
    expect(worker.runs[1]?.attempts).toBe(0);
    expect(worker.parked).toEqual([]);
  });

  test("in the past comes back at once", async () => {
    worker.outcomes = [again(start - 1)];
    await deliver(event(pair, start));
    await until(start);
    expect(worker.runs).toHaveLength(2);
  });
});

describe("retry", () => {
  test("comes back later each time, and after five minutes at the latest", async () => {
    worker.outcomes = Array.from({ length: 14 }, () => retry);
    await deliver(event(pair, start));
    await until(start + 60 * minute);
    const looks = looksAt();
    const pauses = looks.slice(1).map((at, index) => (at - (looks[index] ?? 0)) / second);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]);
    expect(worker.runs.map(({ attempts }) => attempts)).toEqual(
      Array.from({ length: 15 }, (_, index) => index),
    );
  });

  test("tells people after eight failures in a row, once", async () => {
    worker.outcomes = Array.from({ length: 12 }, () => retry);
    await deliver(event(pair, start));
    await until(start + 2 * minute);
    expect(worker.parked).toEqual([]);
    await until(start + 60 * minute);
    expect(worker.parked).toHaveLength(1);
    expect(worker.parked[0]).toMatchObject({ key: pair });
    expect(worker.parked[0]?.reason).toContain("failing for 8 runs: Graph did not answer");
  });

  test("starts to count anew after a run that worked, and then tells people anew", async () => {
    worker.outcomes = [...Array.from({ length: 8 }, () => retry), done, retry];
    await deliver(event(pair, start));
    await until(start + 60 * minute);
    expect(worker.parked).toHaveLength(1);
    await deliver(event(pair, worker.now));
    expect(rowOf(pair)).toMatchObject({ attempts: 1, parked: null });
  });

  test("of an analyst is not forgotten for the looks that their event asks for", async () => {
    worker.outcomes = [retry, retry, retry];
    await deliver(event(analyst, start));
    await until(start + 5 * minute);
    expect(looksAt().at(-1)).toBe(minute);
    expect(rowOf(analyst)).toMatchObject({ attempts: 0, dueAt: 0 });
  });
});

describe("parked", () => {
  test("tells people the reason and the advice, and tries again every five minutes all the same", async () => {
    worker.outcomes = Array.from({ length: 3 }, () => parked("no consent in contoso"));
    await deliver(event(pair, start));
    expect(worker.parked).toEqual([
      { key: pair, reason: "no consent in contoso", advice: "consent again", parkedAt: start },
    ]);
    await until(start + 20 * minute);
    expect(looksAt()).toEqual([0, 5 * minute, 10 * minute, 15 * minute]);
  });

  test("tells the same reason once, whatever request it happened to", async () => {
    worker.outcomes = [
      parked("403 (request 11-aa)"),
      parked("403 (request 22-bb)"),
      parked("403 (request 33-cc)"),
    ];
    await deliver(event(pair, start));
    await until(start + 20 * minute);
    expect(worker.parked).toHaveLength(1);
  });

  test("tells another reason", async () => {
    worker.outcomes = [parked("no consent"), parked("the group is dynamic")];
    await deliver(event(pair, start));
    await until(start + 20 * minute);
    expect(worker.parked.map(({ reason }) => reason)).toEqual(["no consent", "the group is dynamic"]);
  });

  test("tells the same reason again when it was repaired in between", async () => {
    worker.outcomes = [parked("no consent"), done];
    await deliver(event(pair, start));
    await until(start + 20 * minute);
    worker.outcomes = [parked("no consent")];
    await deliver(event(pair, worker.now));
    expect(worker.parked).toHaveLength(2);
  });
});

describe("an error in a run", () => {
  test("that nobody foresaw is a failure to retry, not a message for Service Bus to redeliver", async () => {
    worker.outcomes = [new TypeError("x is not a function")];
    await deliver(event(pair, start));
    expect(worker.scheduled).toMatchObject([{ at: start + second }]);
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

  test.each([
    ["a passing one is retried", graph({ status: 503 }), "retry"],
    ["something that is not there is read again", graph({ status: 404 }), "retry"],
    ["a throttled one comes back when Graph says", graph({ status: 429, retryAfterMs: 7_000 }), "again"],
    ["a refusal needs a person", graph({ status: 403 }), "parked"],
    ["what is no error at all is retried", "a string", "retry"],
  ])("of Graph: %s", (_, error, kind) => {
    expect(outcomeOf(error).kind).toBe(kind);
  });

  test("of Graph's throttling says when to come back", () => {
    const outcome = outcomeOf(graph({ status: 429, retryAfterMs: 7_000 }));
    const wait = outcome.kind === "again" ? outcome.at - Date.now() : 0;
    expect(wait).toBeGreaterThan(6_000);
    expect(wait).toBeLessThanOrEqual(7_000);
  });
});

describe("many messages for one key", () => {
  test("two hundred for one analyst in two seconds cost three looks", async () => {
    for (let index = 0; index < 200; index += 1) {
      await until(start + index * 10);
      await deliver(event(analyst, start + index * 10));
    }
    await until(start + 12 * second);
    expect(worker.runs.length).toBeLessThanOrEqual(3);
    await until(start + 10 * minute);
    expect(looksAt().at(-1)).toBeGreaterThanOrEqual(1_990 + minute);
    expect(worker.runs.length).toBeLessThanOrEqual(4);
  });

  test("do not double a reminder that is under way and early enough", async () => {
    await deliver(event(analyst, start));
    const before = worker.scheduled.length;
    await deliver(event(analyst, start));
    await deliver(event(analyst, start));
    expect(worker.scheduled).toHaveLength(before);
  });

  test("bring a reminder forward that is under way for later", async () => {
    worker.outcomes = [again(start + 10 * minute), retry];
    await deliver(event(pair, start));
    worker.now = start + minute;
    await deliver(event(pair, start + minute));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([10 * minute, minute + second]);
  });

  test("for two keys do not know of each other", async () => {
    await deliver(event(pair, start));
    await deliver(event({ ...pair, analyst: ben }, start));
    expect(worker.runs).toHaveLength(2);
  });

  test("a new event during a wait for a pair is acted on at once", async () => {
    worker.outcomes = [again(start + 40 * minute)];
    await deliver(event(pair, start));
    worker.now = start + minute;
    await deliver(event(pair, start + minute));
    expect(looksAt()).toEqual([0, minute]);
  });
});

describe("a reminder", () => {
  test("carries the same key and cause, and does not count as an event", async () => {
    worker.outcomes = [again(start + minute)];
    await deliver(event(pair, start));
    await until(start + minute);
    expect(worker.runs[1]).toMatchObject({ cause: "test", heardAt: start });
    expect(rowOf(pair)?.heardAt).toBe(start);
  });

  test("that comes when there is nothing left to do costs nothing", async () => {
    await deliver(event(pair, start));
    await deliver({ ...event(pair, start), occasion: "wake" });
    expect(worker.runs).toHaveLength(1);
  });

  test.each([pair, analyst])(
    "that comes a moment early, by another host's clock, is sent again: %o",
    async (key) => {
      worker.outcomes = [again(start + second)];
      await deliver(event(key, start));
      const [reminder] = worker.scheduled;
      worker.scheduled = [];
      worker.now = start + second - 10;
      if (reminder !== undefined) await deliver(reminder.message);
      expect(worker.scheduled).toEqual([reminder]);
      await until(start + second);
      expect(worker.runs).toHaveLength(2);
    },
  );

  test("that has not come a minute after its time is not waited for any longer", async () => {
    await deliver(event(analyst, start));
    worker.scheduled = [];
    worker.now = start + 65 * second;
    await deliver(event(analyst, worker.now));
    expect(worker.scheduled.map(({ at }) => at - start)).toEqual([69 * second]);
  });

  test("that comes twice is acted on once", async () => {
    worker.outcomes = [again(start + minute)];
    await deliver(event(pair, start));
    const [reminder] = worker.scheduled;
    await until(start + minute);
    if (reminder !== undefined) await deliver(reminder.message);
    expect(worker.runs).toHaveLength(2);
  });

  test("that comes late is acted on", async () => {
    worker.outcomes = [again(start + second)];
    await deliver(event(pair, start));
    const [reminder] = worker.scheduled;
    worker.now = start + 10 * minute;
    if (reminder !== undefined) await deliver(reminder.message);
    expect(worker.runs).toHaveLength(2);
  });
});

describe("when the state tables do not answer", () => {
  test("the message is put back for later, and nothing is decided", async () => {
    worker.clocks.fail("get");
    await deliver(event(pair, start));
    expect(worker.runs).toEqual([]);
    expect(worker.scheduled).toEqual([{ message: event(pair, start), at: start + 15 * second }]);
    expect(worker.logged).toEqual(["error: A message could not be handled and is put back."]);
  });

  test("a message that is put back is still an event when it comes again", async () => {
    worker.clocks.fail("get");
    await deliver(event(pair, start));
    await until(start + minute);
    expect(looksAt()).toEqual([15 * second]);
  });

  test("after a run, the key is run again rather than forgotten", async () => {
    worker.clocks.fail("put");
    await deliver(event(pair, start));
    await until(start + minute);
    expect(looksAt()).toEqual([0, 15 * second]);
  });
});

describe("when the queue does not answer", () => {
  test("for a reminder, the message is put back and the key is run again", async () => {
    worker.outcomes = [again(start + minute)];
    worker.scheduling = "fails once";
    await deliver(event(pair, start));
    expect(worker.scheduled).toEqual([{ message: event(pair, start), at: start + 15 * second }]);
    await until(start + minute);
    expect(worker.runs).toHaveLength(2);
  });

  test("for parking, people are told when the key comes again", async () => {
    worker.outcomes = [parked("no consent"), parked("no consent")];
    worker.parking = "fails once";
    await deliver(event(pair, start));
    expect(worker.parked).toEqual([]);
    await until(start + minute);
    expect(worker.parked).toHaveLength(1);
  });

  test("at all, it throws, so that Service Bus keeps the message", async () => {
    worker.clocks.fail("get");
    worker.scheduling = "fails";
    await expect(deliver(event(pair, start))).rejects.toThrow("Service Bus does not answer");
  });

  test("at all, a run that worked needs no queue: it is done", async () => {
    worker.scheduling = "fails";
    await expect(deliver(event(pair, start))).resolves.toBeUndefined();
    expect(rowOf(pair)?.readAt).toBe(start);
  });
});
