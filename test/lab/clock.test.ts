import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { paceClock } from "../../lab/pace.ts";
import { restOf, type Rest } from "../../lab/rest.ts";

const second = 1_000;
const minute = 60 * second;

type Scene = {
  readonly clock: LabClock;
  readonly rest: Rest;
  /** What the lab is doing at the moment; tests put in and take out. */
  readonly going: Set<string>;
  readonly working: Set<string>;
  /** What the app does while it is let to breathe. */
  readonly breathing: Set<() => void>;
  /** What has happened, with the minute or second of virtual time since the start. */
  readonly log: string[];
  readonly note: (what: string) => () => void;
  readonly passed: () => number;
  /** Resolves when it has been looked often enough for the clock to move on, if it were to. */
  readonly looked: () => Promise<void>;
};

/** A clock that stands still unless it is moved, and the lab's pace over it. */
function scene(): Scene {
  const start = Date.parse("2026-11-20T08:00:00Z");
  const clock = startClock(() => start);
  const [going, working] = [new Set<string>(), new Set<string>()];
  const breathing = new Set<() => void>();
  let looks = 0;
  const look = <T>(found: T) => {
    looks++;
    return found;
  };
  const rest = restOf({
    clock,
    going: () => look([...going]),
    working: () => [...working],
    breath: async () => {
      for (const work of breathing) work();
      await turn();
    },
  });
  const awaited = () => look(clock.expected()[0]?.at);
  const pace = paceClock({ clock, rest, awaited, isWaitedFor: () => false });
  onTestFinished(() => {
    pace.stop();
    clock.stop();
  });
  const log: string[] = [];
  const passed = () => (clock.now() - start) / second;
  return {
    clock,
    rest,
    going,
    working,
    breathing,
    log,
    note: (what) => () => void log.push(`${passed()} s: ${what}`),
    passed,
    async looked() {
      const enough = looks + 30;
      await vi.waitUntil(() => looks >= enough, { interval: 5, timeout: 5_000 });
    },
  };
}

describe("what the lab waits for", () => {
  test("comes by itself, after everything that falls due on the way, in order", async () => {
    const { clock, log, note, rest } = scene();
    clock.at(clock.now() + 40 * second, "timer", note("timer"));
    clock.at(clock.now() + 20 * second, "cycle", note("cycle"));
    clock.expect(clock.now() + 50 * second, "replica", note("replica"));
    expect(await rest.complete(5_000)).toEqual([]);
    expect(log).toEqual(["20 s: cycle", "40 s: timer", "50 s: replica"]);
  });

  test("is not all that is to come: the clock stays where nothing is waited for", async () => {
    const { clock, log, note, passed, looked } = scene();
    clock.at(clock.now() + minute, "timer", note("timer"));
    await looked();
    expect([passed(), log]).toEqual([0, []]);
  });

  test("waits while something is going on, or the app works", async () => {
    const { clock, going, working, log, note, rest, looked } = scene();
    going.add("a request");
    clock.expect(clock.now() + minute, "replica", note("replica"));
    await looked();
    working.add("an invocation");
    going.clear();
    await looked();
    expect(log).toEqual([]);
    working.clear();
    await rest.complete(5_000);
    expect(log).toEqual(["60 s: replica"]);
  });

  test("is named as long as it has not come, and so is what goes on", async () => {
    const { clock, going, rest, note } = scene();
    going.add("a request");
    clock.expect(clock.now() + minute, "a replica catches up", note("replica"));
    expect(await rest.complete(20)).toEqual(["a request", "a replica catches up"]);
    expect(await rest.still(20)).toEqual(["a request"]);
  });

  test("may be called off", async () => {
    const { clock, rest, passed, note, log } = scene();
    clock.expect(clock.now() + minute, "replica", note("replica")).cancel();
    expect(await rest.complete(1_000)).toEqual([]);
    expect([passed(), log]).toEqual([0, []]);
  });
});

describe("a held answer", () => {
  test("is given at its moment, and costs hardly any real time", async () => {
    const { clock, passed, working } = scene();
    working.add("an invocation that waits for the answer");
    const startedAt = performance.now();
    await clock.hold(15 * second, "an answer");
    expect(passed()).toBe(15);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("is not waited for while others still work: what stirs tells", async () => {
    const { clock, passed, working, breathing, looked } = scene();
    working.add("one invocation that waits").add("another that works");
    let answered = false;
    const answer = clock.hold(15 * second, "an answer").then(() => (answered = true));
    const work = () => clock.stir();
    breathing.add(work);
    await looked();
    expect([answered, passed()]).toEqual([false, 0]);
    breathing.delete(work);
    await answer;
    expect(passed()).toBe(15);
  });

  test("of no time at all is given at once", async () => {
    const { clock, passed } = scene();
    await clock.hold(0, "an answer");
    expect(passed()).toBe(0);
  });

  test("does not keep an advance: each stop waits for all but what waits for the clock", async () => {
    const { clock, rest, working, log, note } = scene();
    working.add("an invocation that waits for the answer");
    void clock.hold(90 * second, "an answer").then(() => {
      working.clear();
      note("answer")();
    });
    clock.at(clock.now() + minute, "timer", note("timer"));
    await clock.advance(2 * minute, async () => void (await rest.still(5_000)));
    expect(log).toEqual(["60 s: timer", "90 s: answer"]);
  });

  test("that a run waits for does not keep the clock from reaching it", async () => {
    const { clock, rest, working, log, note } = scene();
    clock.at(clock.now() + minute, "timer", async () => {
      working.add("timer");
      await clock.hold(10 * second, "an answer");
      working.delete("timer");
      note("timer has ended")();
    });
    await clock.advance(2 * minute, async () => void (await rest.still(5_000)));
    expect(log).toEqual(["70 s: timer has ended"]);
  });
});

describe("advancing", () => {
  test("lets the lab come to rest at every stop, and at the end", async () => {
    const { clock, note, log } = scene();
    for (const at of [1, 2]) clock.at(clock.now() + at * minute, "timer", note("timer"));
    await clock.advance(3 * minute, async () => note("rest")());
    expect(log).toEqual([
      "0 s: rest",
      "60 s: timer",
      "60 s: rest",
      "120 s: timer",
      "120 s: rest",
      "180 s: rest",
    ]);
  });

  test("without rest waits for nothing, so that what falls due overlaps with what runs", async () => {
    const { clock, note, log, passed } = scene();
    const gate = Promise.withResolvers<void>();
    clock.at(clock.now() + minute, "timer", async () => {
      note("timer begins")();
      await gate.promise;
      note("timer ends")();
    });
    clock.at(clock.now() + 2 * minute, "cycle", note("cycle"));
    await clock.advance(3 * minute, "no rest");
    expect([passed(), log]).toEqual([180, ["60 s: timer begins", "120 s: cycle"]]);
    gate.resolve();
    await vi.waitFor(() => expect(log.at(-1)).toBe("180 s: timer ends"));
  });

  test("twice at a time is one after the other", async () => {
    const { clock, passed } = scene();
    const rest = () => Promise.resolve();
    await Promise.all([clock.advance(minute, rest), clock.advance(minute, rest)]);
    expect(passed()).toBe(120);
  });

  test("past a stop at which nothing happens costs no looks", async () => {
    const { clock, rest } = scene();
    await rest.still(1_000);
    for (let n = 1; n <= 1_000; n++) clock.at(clock.now() + n * minute, "cycle", () => undefined);
    const startedAt = performance.now();
    await clock.advance(1_000 * minute, async () => void (await rest.still(1_000)));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
