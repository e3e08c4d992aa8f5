import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hear, nextAccessLook, nextSourceLook } from "../../shared/reconcile/next-look.ts";
import type { KeyClock } from "../../shared/state/clocks.ts";

const second = 1_000;
const minute = 60 * second;
/** Any time will do; small numbers in the tests are seconds after it. */
const start = Date.UTC(2026, 10, 20, 12);

const quiet: KeyClock = { heardAt: 0, burstAt: 0, readAt: 0, dueAt: 0, wakeAt: 0, attempts: 0, parked: null };

/** A clock with times in seconds after the start. */
function clock(times: Partial<Record<"heardAt" | "burstAt" | "readAt" | "dueAt", number>>): KeyClock {
  const shifted = Object.entries(times).map(([name, seconds]) => [name, start + seconds * second]);
  return { ...quiet, ...Object.fromEntries(shifted) };
}

/** A look in seconds after the start. */
function inSeconds(look: ReturnType<typeof nextSourceLook>) {
  return look.kind === "at" ? (look.at - start) / second : look.kind;
}

describe("hearing of an event", () => {
  test.each([
    ["the first one of a key begins a burst", {}, 0, { heardAt: 0, burstAt: 0 }],
    [
      "one shortly after another belongs to its burst",
      { heardAt: 0, burstAt: 0 },
      2,
      { heardAt: 2, burstAt: 0 },
    ],
    [
      "one after a pause begins a burst",
      { heardAt: 0, burstAt: 0 },
      4.001,
      { heardAt: 4.001, burstAt: 4.001 },
    ],
    ["the same one again changes nothing", { heardAt: 5, burstAt: 3 }, 5, { heardAt: 5, burstAt: 3 }],
    ["an older one changes nothing", { heardAt: 5, burstAt: 3 }, 1, { heardAt: 5, burstAt: 3 }],
  ])("%s", (_, before, at, after) => {
    expect(hear(clock(before), start + at * second)).toEqual(clock(after));
  });
});

describe("a key of the source", () => {
  test.each([
    ["that nobody ever heard of is not looked at", {}, 100, "no"],
    ["is looked at as soon as something is heard", { heardAt: 0, burstAt: 0 }, 0, "now"],
    [
      "is looked at at once by an event after a pause, also shortly after a look",
      { heardAt: 5, burstAt: 5, readAt: 4 },
      5,
      "now",
    ],
    [
      "is looked at again four seconds after the event, however soon the first look was",
      { heardAt: 0, burstAt: 0, readAt: 0 },
      0,
      4,
    ],
    [
      "that was looked at late is still looked at four seconds after the event",
      { heardAt: 0, burstAt: 0, readAt: 3.9 },
      3.9,
      4,
    ],
    [
      "that was looked at four seconds after the event is looked at once more after a minute",
      { heardAt: 0, burstAt: 0, readAt: 4 },
      4,
      60,
    ],
    [
      "that was looked at a minute after the event is settled",
      { heardAt: 0, burstAt: 0, readAt: 60 },
      60,
      "no",
    ],
    [
      "that was looked at just short of a minute is not",
      { heardAt: 0, burstAt: 0, readAt: 59.999 },
      59.999,
      60,
    ],
    [
      "gathers the rest of a burst until four seconds of silence",
      { heardAt: 1, burstAt: 0, readAt: 0.5 },
      1,
      5,
    ],
    [
      "gathers a burst that does not end for fifteen seconds at most",
      { heardAt: 14.5, burstAt: 0, readAt: 0.5 },
      14.5,
      15.5,
    ],
    [
      "with work put off is looked at when it is due",
      { heardAt: 0, burstAt: 0, readAt: 60, dueAt: 100 },
      60,
      100,
    ],
    [
      "with work put off until before its next look is looked at then",
      { heardAt: 0, burstAt: 0, readAt: 4, dueAt: 30 },
      4,
      30,
    ],
    [
      "with work put off until after its next look is looked at before",
      { heardAt: 0, burstAt: 0, readAt: 4, dueAt: 90 },
      4,
      60,
    ],
  ])("%s", (_, times, now, expected) => {
    const look = nextSourceLook(clock(times), start + now * second, "event");
    expect(inSeconds(look)).toBe(expected);
    expect(nextSourceLook(clock(times), start + now * second, "wake")).toEqual(look);
  });

  test.each([
    ["an overdue look after an event", { heardAt: 0, burstAt: 0, readAt: 0 }, 5],
    ["overdue work", { readAt: 1, dueAt: 2 }, 5],
  ])(
    "is looked at now by a reminder, and puts itself behind the rest of its session for an event: %s",
    (_, times, now) => {
      expect(nextSourceLook(clock(times), start + now * second, "wake")).toEqual({ kind: "now" });
      expect(inSeconds(nextSourceLook(clock(times), start + now * second, "event"))).toBe(now);
    },
  );
});

describe("a pair", () => {
  test.each([
    ["is looked at for every event", { heardAt: 5 }, "event", "now"],
    ["is looked at once for one event", { heardAt: 5, readAt: 6 }, "event", "no"],
    [
      "that was read only just after the event is looked at: clocks of hosts differ",
      { heardAt: 5, readAt: 5.999 },
      "event",
      "now",
    ],
    ["is not looked at by a reminder with nothing to remind of", { heardAt: 5 }, "wake", "no"],
    ["with work put off is looked at by the reminder", { heardAt: 5, readAt: 6, dueAt: 7 }, "wake", "now"],
    ["with work put off until later waits, whoever asks", { heardAt: 5, readAt: 6, dueAt: 30 }, "event", 30],
    [
      "with work put off until later waits for its reminder",
      { heardAt: 5, readAt: 6, dueAt: 30 },
      "wake",
      30,
    ],
    [
      "with work put off is looked at all the same when something new is heard",
      { heardAt: 8, readAt: 6, dueAt: 30 },
      "event",
      "now",
    ],
  ] as const)("%s", (_, times, occasion, expected) => {
    expect(inSeconds(nextAccessLook(clock(times), start + 10 * second, occasion))).toBe(expected);
  });
});

describe("a series of notifications for one key", () => {
  test("of two hundred in two seconds costs one look at its beginning, one after its end, and one a minute later", () => {
    const events = Array.from({ length: 200 }, (_, index) => start + index * 10);
    const looks = play(events).map((at) => at - start);
    expect(looks).toEqual([0, 1_990 + 4_000, 1_990 + minute]);
  });

  test("that goes on for five minutes is looked at every fifteen seconds", () => {
    const events = Array.from({ length: 300 }, (_, index) => start + index * second);
    const looks = play(events).map((at) => at - start);
    expect(looks[0]).toBe(0);
    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(pauses.slice(0, -1).every((pause) => pause <= 15 * second)).toBe(true);
    expect(looks.length).toBeLessThan(40);
  });

  test("is never left unread: the last look is a minute after the last event, and something was read for each at once or soon", () => {
    const gaps = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 5_000 }), fc.nat({ max: 200_000 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(gaps, (pauses) => {
        let at = start;
        const events = pauses.map((pause) => (at += pause));
        const looks = play(events);
        expect(looks.at(-1)).toBeGreaterThanOrEqual((events.at(-1) ?? 0) + minute);
        for (const event of events) {
          expect(looks.some((look) => look >= event && look <= event + 17 * second)).toBe(true);
        }
      }),
    );
  });

  test("costs at most three looks for each burst", () => {
    const bursts = fc.array(fc.nat({ max: 900 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(bursts, fc.nat({ max: 5 }), (offsets, more) => {
        const one = offsets.toSorted((a, b) => a - b);
        const events = Array.from({ length: more + 1 }, (_, burst) =>
          one.map((offset) => start + burst * 5 * minute + offset),
        ).flat();
        expect(play(events).length).toBeLessThanOrEqual(3 * (more + 1));
      }),
    );
  });
});

/** Messages in, looks out: reminders that the looks ask for are delivered on time, and reading takes no time. */
function play(events: readonly number[]): readonly number[] {
  const looks: number[] = [];
  const waiting = [...events];
  let known = quiet;
  let wakes: readonly number[] = [];
  const remind = (at: number) => {
    if (known.wakeAt > 0 && known.wakeAt <= at) return;
    wakes = [...wakes, at].toSorted((a, b) => a - b);
    known = { ...known, wakeAt: at };
  };
  for (;;) {
    const [event = Infinity] = waiting;
    const [reminder = Infinity] = wakes;
    const now = Math.min(event, reminder);
    if (now === Infinity) return looks;
    const occasion = event <= reminder ? "event" : "wake";
    if (occasion === "event") waiting.shift();
    else wakes = wakes.slice(1);
    if (occasion === "event") known = hear(known, now);
    else if (known.wakeAt === reminder) known = { ...known, wakeAt: 0 };
    const look = nextSourceLook(known, now, occasion);
    if (look.kind === "at") remind(look.at);
    if (look.kind !== "now") continue;
    looks.push(now);
    known = { ...known, readAt: now, dueAt: 0 };
    const next = nextSourceLook(known, now, "event");
    if (next.kind === "at") remind(next.at);
    if (next.kind === "now") throw new Error("a look that was just taken is wanted again");
  }
}
