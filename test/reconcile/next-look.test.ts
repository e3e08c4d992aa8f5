import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hear, nextAccessLook, nextSourceLook } from "../../shared/reconcile/run/next-look.ts";
import { unheard, type KeyClock } from "../../shared/state/key-state.ts";

const second = 1_000;
const minute = 60 * second;
/** Any time will do; small numbers in the tests are seconds after it. */
const start = Date.UTC(2026, 10, 20, 12);

type Times = Partial<Record<"heardAt" | "burstAt" | "lookedAt" | "dueAt", number>>;

/** A key of which three events were heard, with times in seconds after the start; `unseen` of them wait for their look. */
function clock(times: Times, unseen = 0): KeyClock {
  const shifted = Object.entries(times).map(([name, seconds]) => [name, start + seconds * second]);
  return { ...unheard, heard: 3, looked: 3 - unseen, ...Object.fromEntries(shifted) };
}

/** A look in seconds after the start. */
function inSeconds(look: ReturnType<typeof nextSourceLook>) {
  return look.kind === "at" ? (look.at - start) / second : look.kind;
}

describe("hearing of an event", () => {
  test.each<[string, Times, number, Times]>([
    ["the first one of a key begins a burst", {}, 0, { heardAt: 0, burstAt: 0 }],
    [
      "one shortly after another belongs to its burst",
      { heardAt: 0, burstAt: 0 },
      4,
      { heardAt: 4, burstAt: 0 },
    ],
    [
      "one after a pause begins a burst",
      { heardAt: 0, burstAt: 0 },
      4.001,
      { heardAt: 4.001, burstAt: 4.001 },
    ],
    [
      "one by a clock that is a little behind belongs to the burst as well",
      { heardAt: 5, burstAt: 3 },
      2,
      { heardAt: 2, burstAt: 3 },
    ],
    [
      "one by a clock that is far behind begins a burst: better one look too many",
      { heardAt: 5, burstAt: 3 },
      -90,
      { heardAt: -90, burstAt: -90 },
    ],
  ])("%s, and is counted", (_, before, at, after) => {
    expect(hear(clock(before), start + at * second)).toEqual({ ...clock(after), heard: 4 });
  });
});

describe("a key of the source", () => {
  test.each<[string, KeyClock, number, number | "now" | "no"]>([
    ["that nobody ever heard of is not looked at", unheard, 100, "no"],
    ["is looked at as soon as something is heard", clock({ heardAt: 0, burstAt: 0 }, 1), 0, "now"],
    [
      "is looked at at once by an event after a pause, also shortly after a look",
      clock({ heardAt: 5, burstAt: 5, lookedAt: 4 }, 1),
      5,
      "now",
    ],
    [
      "is looked at again four seconds after the event, however soon the first look was",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 0 }),
      0,
      4,
    ],
    [
      "that was looked at late is still looked at four seconds after the event",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 3.9 }),
      3.9,
      4,
    ],
    [
      "that was looked at four seconds after the event is looked at once more after a minute",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 4 }),
      4,
      60,
    ],
    [
      "that was looked at just short of a minute after the event is looked at at the minute",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 59.999 }),
      59.999,
      60,
    ],
    [
      "that was looked at a minute after the event is looked at once more when every replica must know",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 60 }),
      60,
      300,
    ],
    [
      "that was looked at five minutes after the event is settled",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 300 }),
      300,
      "no",
    ],
    [
      "gathers the rest of a burst until four seconds of silence",
      clock({ heardAt: 1, burstAt: 0, lookedAt: 0.5 }, 1),
      1,
      5,
    ],
    [
      "gathers a burst that does not end for fifteen seconds at most",
      clock({ heardAt: 14.5, burstAt: 0, lookedAt: 0.5 }, 1),
      14.5,
      15.5,
    ],
    [
      "with work put off is looked at when it is due",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 300, dueAt: 400 }),
      300,
      400,
    ],
    [
      "with work put off until before its next look is looked at then",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 4, dueAt: 30 }),
      4,
      30,
    ],
    [
      "with work put off until after its next look is looked at before",
      clock({ heardAt: 0, burstAt: 0, lookedAt: 4, dueAt: 90 }),
      4,
      60,
    ],
  ])("%s", (_, known, now, expected) => {
    const look = nextSourceLook(known, start + now * second, "event");
    expect(inSeconds(look)).toBe(expected);
    expect(nextSourceLook(known, start + now * second, "wake")).toEqual(look);
  });

  test.each<[string, KeyClock, number]>([
    ["an overdue look after an event", clock({ heardAt: 0, burstAt: 0, lookedAt: 0 }), 5],
    ["overdue work", clock({ heardAt: 0, burstAt: 0, lookedAt: 301, dueAt: 302 }), 305],
  ])(
    "is looked at now by a reminder, and puts itself behind the rest of its session for an event: %s",
    (_, known, now) => {
      expect(nextSourceLook(known, start + now * second, "wake")).toEqual({ kind: "now" });
      expect(inSeconds(nextSourceLook(known, start + now * second, "event"))).toBe(now);
    },
  );

  test("whose event another host looked at by a clock that is ahead is looked at all the same", () => {
    const known = clock({ heardAt: 0, burstAt: 0, lookedAt: 90 }, 1);
    expect(inSeconds(nextSourceLook(known, start, "event"))).toBe(4);
  });

  test.each<[string, KeyClock, number, number | "now" | "no"]>([
    ["is looked at, although nothing was heard", unheard, 100, "now"],
    ["is looked at when the last look is more than a minute ago", clock({ lookedAt: 0 }), 60.001, "now"],
    ["is not looked at when the last look is no longer ago", clock({ lookedAt: 0 }), 60, "no"],
    ["is looked at when the last look is by a clock that is far ahead", clock({ lookedAt: 161 }), 100, "now"],
    ["that has a look ahead keeps it", clock({ heardAt: 0, burstAt: 0, lookedAt: 4 }), 10, 60],
  ])("that is checked %s", (_, known, now, expected) => {
    expect(inSeconds(nextSourceLook(known, start + now * second, "check"))).toBe(expected);
  });
});

describe("a pair", () => {
  test.each([
    ["is looked at for every event that nobody has acted on", {}, "event", "no", "now"],
    ["is looked at for every check that nobody has acted on", {}, "check", "no", "now"],
    ["is not looked at for a version that was acted on", {}, "event", "yes", "no"],
    ["is not looked at by a reminder with nothing to remind of", {}, "wake", "no", "no"],
    ["with work put off is looked at by the reminder", { dueAt: 7 }, "wake", "no", "now"],
    ["with work that is due is looked at by whoever comes", { dueAt: 7 }, "event", "yes", "now"],
    ["with work put off until later waits for it", { dueAt: 30 }, "event", "yes", 30],
    ["with work put off until later waits for its reminder", { dueAt: 30 }, "wake", "no", 30],
    [
      "with work put off is looked at all the same when something is new",
      { dueAt: 30 },
      "event",
      "no",
      "now",
    ],
  ] as const)("%s", (_, times, occasion, served, expected) => {
    const look = nextAccessLook(clock(times), start + 10 * second, { occasion, served });
    expect(inSeconds(look)).toBe(expected);
  });
});

describe("a series of notifications for one key", () => {
  const looksAfter = (events: readonly number[]) => play(events).looks.map((at) => at - start);

  test("of two hundred in two seconds costs one look at its beginning, one after its end, and two in the minutes after", () => {
    const events = Array.from({ length: 200 }, (_, index) => start + index * 10);
    expect(looksAfter(events)).toEqual([0, 1_990 + 4_000, 1_990 + minute, 1_990 + 5 * minute]);
  });

  test("that goes on for five minutes is looked at every fifteen seconds", () => {
    const events = Array.from({ length: 300 }, (_, index) => start + index * second);
    const looks = looksAfter(events);
    expect(looks[0]).toBe(0);
    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(pauses.slice(0, -2).every((pause) => pause <= 15 * second)).toBe(true);
    expect(looks.length).toBeLessThan(40);
  });

  const gaps = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 5_000 }), fc.nat({ max: 400_000 })), {
    minLength: 1,
    maxLength: 60,
  });
  const eventsAfter = (pauses: readonly number[]) => {
    let at = start;
    return pauses.map((pause) => (at += pause));
  };

  test("is never left unread: each event has its look at once or soon, and the last look is when every replica must know", () => {
    fc.assert(
      fc.property(gaps, (pauses) => {
        const events = eventsAfter(pauses);
        const { looks, known } = play(events);
        expect(known.looked).toBe(known.heard);
        expect(looks.at(-1)).toBeGreaterThanOrEqual((events.at(-1) ?? 0) + 5 * minute);
        for (const event of events) {
          expect(looks.some((look) => look >= event && look <= event + 17 * second)).toBe(true);
        }
      }),
    );
  });

  test("is never left unread either by hosts whose clocks are far apart", () => {
    const skew = fc.integer({ min: -20 * second, max: 20 * second });
    fc.assert(
      fc.property(gaps, fc.tuple(skew, skew), (pauses, skews) => {
        const events = eventsAfter(pauses);
        const { looks, known } = play(events, skews);
        expect(known.looked).toBe(known.heard);
        for (const event of events) expect(looks.some((look) => look >= event)).toBe(true);
      }),
    );
  });

  test("costs at most four looks for each burst", () => {
    const bursts = fc.array(fc.nat({ max: 900 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(bursts, fc.nat({ max: 5 }), (offsets, more) => {
        const one = offsets.toSorted((a, b) => a - b);
        const events = Array.from({ length: more + 1 }, (_, burst) =>
          one.map((offset) => start + burst * 10 * minute + offset),
        ).flat();
        expect(play(events).looks.length).toBeLessThanOrEqual(4 * (more + 1));
      }),
    );
  });
});

/** A message is under way for this long at least. */
const journeyMs = 20;

/**
 * Messages in, looks out: reminders that the looks ask for are delivered on time, looking takes no time, and the hosts take
 * turns, each with a clock that is wrong by so much.
 */
function play(events: readonly number[], skews: readonly number[] = [0]) {
  const looks: number[] = [];
  const waiting = [...events];
  let known = unheard;
  let wakes: readonly number[] = [];
  for (let turn = 0; ; turn += 1) {
    const [event = Infinity] = waiting;
    const [reminder = Infinity] = wakes;
    const at = Math.min(event, reminder);
    if (at === Infinity) return { looks, known };
    if (turn > 100_000) throw new Error("it does not end");
    const now = at + (skews[turn % skews.length] ?? 0);
    const remind = (due: number) => {
      if (known.wakeAt > now - minute && known.wakeAt <= due) return;
      wakes = [...wakes, Math.max(at + journeyMs, due)].toSorted((a, b) => a - b);
      known = { ...known, wakeAt: due };
    };
    const occasion = event <= reminder ? "event" : "wake";
    if (occasion === "event") waiting.shift();
    else wakes = wakes.slice(1);
    if (occasion === "event") known = hear(known, now);
    else if (known.wakeAt <= at) known = { ...known, wakeAt: 0 };
    const look = nextSourceLook(known, now, occasion);
    if (look.kind === "at") remind(look.at);
    if (look.kind !== "now") continue;
    looks.push(at);
    known = { ...known, lookedAt: now, looked: known.heard, dueAt: 0 };
    const next = nextSourceLook(known, now, "wake");
    if (next.kind === "at") remind(next.at);
    if (next.kind === "now") throw new Error("a look that was just taken is wanted again");
  }
}
