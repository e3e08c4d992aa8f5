import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideTurn, slots, type Bookings, type Turn } from "../../shared/state/slots.ts";
import { memoryTable } from "../support/memory-table.ts";
import { now } from "../support/fixtures.ts";

const second = 1_000;
/** Two in ten seconds, and nobody is promised a turn that is more than half a minute away. */
const limit = { name: "limit", count: 2, perMs: 10 * second, aheadMs: 30 * second };
const inSeconds = (times: readonly number[]) => times.map((at) => now + at * second);

/** The bookings in seconds from now; promised turns are named a, b, c … in order. */
const bookings = (taken: readonly number[], promised: readonly number[] = []): Bookings => ({
  taken: inSeconds(taken),
  promised: inSeconds(promised).map((at, index) => ({ ticket: "abcdefghij"[index] ?? "?", at })),
});
const draw = (ticket: string, known: Bookings) => decideTurn(known, { ticket, limit, now });
const said = (turn: Turn) => (turn.kind === "at" ? (turn.at - now) / second : turn.kind);

describe("a turn under a limit of two in ten seconds", () => {
  test.each<[string, Bookings, string, number | "now" | "full"]>([
    ["is taken at once when nobody was there before", bookings([]), "new", "now"],
    ["is taken at once when one was there", bookings([-1]), "new", "now"],
    ["is promised for ten seconds after the first of two", bookings([-7, -1]), "new", 3],
    ["is taken at once when the first of two was ten seconds ago", bookings([-10, -1]), "new", "now"],
    ["is not taken from somebody who is about to come", bookings([-7], [2]), "new", 3],
    ["is taken at once when the next who comes leaves room", bookings([], [2]), "new", "now"],
    ["is taken by whoever was promised it", bookings([-11], [0, 5]), "a", "now"],
    ["is taken early by whoever was promised a later one, when there is room", bookings([], [5]), "a", "now"],
    ["is waited for by whoever was promised a later one", bookings([-1, -2], [8]), "a", 8],
    ["is promised anew to whoever finds their own taken by others", bookings([-1, -2], [-1]), "a", 8],
    ["is promised behind all others", bookings([-1, -2], [8, 9]), "new", 18],
    ["is promised half a minute ahead, and no further", bookings([-1, -2], [8, 9, 18, 19]), "new", 28],
    [
      "is not promised when it would be later than that",
      bookings([-1, -2], [8, 9, 18, 19, 28, 29]),
      "new",
      "full",
    ],
  ])("%s", (_, known, ticket, expected) => {
    expect(said(draw(ticket, known).turn)).toBe(expected);
  });

  test("that is taken is written down, and the promise is over", () => {
    expect(draw("a", bookings([-20, -5], [0])).next).toEqual({ taken: inSeconds([-5, 0]), promised: [] });
  });

  test("that is promised is written down with its ticket", () => {
    const { next } = draw("new", bookings([-1, -2]));
    expect(next?.promised).toEqual([{ ticket: "new", at: now + 8 * second }]);
  });

  test("that is promised already is promised once, and nothing is written for it", () => {
    expect(draw("a", bookings([-1, -2], [8])).next).toBeNull();
  });

  test("that nobody comes for blocks others for no longer than a minute", () => {
    const noShows = bookings([], [-59, -59]);
    const { turn, next } = draw("new", noShows);
    // Those who are late may still come, but whoever waits is the next.
    expect(said(turn)).toBe(0);
    expect(said(decideTurn(next ?? noShows, { ticket: "new", limit, now }).turn)).toBe("now");
    const forgotten = draw("new", bookings([], [-60, -60]));
    expect(forgotten).toEqual({ turn: { kind: "now", at: now }, next: { taken: [now], promised: [] } });
  });
});

/** What became of many draws: everybody comes back when they were told to, early or late, or not at all. */
type Visit = { readonly ticket: string; readonly afterMs: number };
const visits = fc.array(
  fc.record({
    ticket: fc.constantFrom(..."abcdefghijklmnop".split("")),
    afterMs: fc.oneof(fc.constant(0), fc.nat({ max: 500 }), fc.nat({ max: 15_000 })),
  }),
  { minLength: 1, maxLength: 120 },
);

function play(draws: readonly Visit[]) {
  let known: Bookings = { taken: [], promised: [] };
  let at = now;
  return draws.map(({ ticket, afterMs }) => {
    at += afterMs;
    const { turn, next } = decideTurn(known, { ticket, limit, now: at });
    const before = known;
    known = next ?? known;
    return { ticket, at, turn, before, known };
  });
}

describe("whoever draws, and whenever", () => {
  test("never more turns than the limit are taken in any of its windows", () => {
    fc.assert(
      fc.property(visits, (draws) => {
        const taken = play(draws).flatMap(({ turn, at }) => (turn.kind === "now" ? [at] : []));
        for (const end of taken) {
          const window = taken.filter((one) => one > end - limit.perMs && one <= end);
          expect(window.length).toBeLessThanOrEqual(limit.count);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("nobody who draws for the first time is promised a turn later than the limit allows", () => {
    fc.assert(
      fc.property(visits, (draws) => {
        for (const { ticket, at, turn, before } of play(draws)) {
          const known = before.promised.some((one) => one.ticket === ticket);
          if (turn.kind === "at" && !known) expect(turn.at - at).toBeLessThanOrEqual(limit.aheadMs);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a ticket has one turn at a time", () => {
    fc.assert(
      fc.property(visits, (draws) => {
        for (const { known } of play(draws)) {
          const tickets = known.promised.map(({ ticket }) => ticket);
          expect(new Set(tickets).size).toBe(tickets.length);
        }
      }),
    );
  });

  test("everybody has their turn in the end, however late they come back", () => {
    const crowds = fc.array(fc.nat({ max: 3_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(crowds, (lateness) => {
        const turns = crowdOf(lateness);
        expect(turns).toHaveLength(lateness.length);
        const slowest = Math.ceil(lateness.length / limit.count) * (limit.perMs + 3_000);
        expect(Math.max(...turns) - now).toBeLessThanOrEqual(slowest);
      }),
    );
  });

  test("a crowd that comes back on time takes every turn there is", () => {
    const turns = crowdOf([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(turns.map((at) => (at - now) / second)).toEqual([0, 0, 10, 10, 20, 20, 30, 30]);
  });

  test("a crowd that comes back a little late loses that time once, not with every window", () => {
    const turns = crowdOf([300, 300, 300, 300, 300, 300, 300, 300]);
    expect(turns.map((at) => (at - now) / second)).toEqual([0, 0, 10.3, 10.3, 20.3, 20.3, 30.3, 30.3]);
  });

  test("who finds the turn not free yet that they were promised goes before who was promised a later one", () => {
    const late = bookings([-9.7, -9.6], [0, 0, 10, 10]);
    expect(said(draw("a", late).turn)).toBe(0.3);
    const { next } = draw("a", late);
    expect(next?.promised.map(({ ticket }) => ticket)).toEqual(["a", "b", "c", "d"]);
    expect(said(draw("b", next ?? late).turn)).toBe(0.4);
  });
});

/** Times at which a crowd had its turns; each comes back by so many ms later than it was told to. */
function crowdOf(lateness: readonly number[]): readonly number[] {
  let known: Bookings = { taken: [], promised: [] };
  const due = new Map(lateness.map((_, index) => [index, now]));
  const turns: number[] = [];
  for (let draws = 0; due.size > 0 && draws < 500; draws += 1) {
    const [index = 0, at = 0] = [...due].toSorted(([, a], [, b]) => a - b)[0] ?? [];
    const { turn, next } = decideTurn(known, { ticket: String(index), limit, now: at });
    known = next ?? known;
    if (turn.kind === "now") turns.push(at);
    if (turn.kind === "at") due.set(index, turn.at + (lateness[index] ?? 0));
    else due.delete(index);
  }
  return turns;
}

describe("draws from the table", () => {
  const noPause = () => Promise.resolve();
  const onDemand = { name: "on-demand", count: 5, perMs: 10_500, aheadMs: 600_000 };
  const kinds = (turns: readonly Turn[]) => Map.groupBy(turns, ({ kind }) => kind);

  test("of 128 at once by one host all get an answer, and five of them their turn", async () => {
    const { draw: drawTurn } = slots(memoryTable().client, noPause);
    const turns = await Promise.all(
      Array.from({ length: 128 }, (_, index) => drawTurn(`ticket ${index}`, onDemand, () => now)),
    );
    expect(kinds(turns).get("now")).toHaveLength(5);
    const times = turns.flatMap((turn) => (turn.kind === "at" ? [turn.at] : []));
    expect(times).toHaveLength(123);
    for (const at of times)
      expect(times.filter((one) => one > at - onDemand.perMs && one <= at).length).toBeLessThanOrEqual(5);
  });

  test("of 128 at once by four hosts all get an answer, and five of them their turn", async () => {
    const { client } = memoryTable();
    const hosts = Array.from({ length: 4 }, () => slots(client, noPause));
    const draws = hosts.flatMap((host, first) =>
      Array.from({ length: 32 }, (_, index) => host.draw(`ticket ${first + 4 * index}`, onDemand, () => now)),
    );
    const turns = await Promise.all(draws);
    expect(kinds(turns).get("now")).toHaveLength(5);
    expect(kinds(turns).get("at")).toHaveLength(123);
  });

  test("by hosts whose clocks are up to four seconds apart are never more than the limit in any of its windows", async () => {
    const hostDraws = fc.array(fc.record({ host: fc.nat({ max: 2 }), afterMs: fc.nat({ max: 4_000 }) }), {
      minLength: 1,
      maxLength: 60,
    });
    const offsets = fc.tuple(fc.nat({ max: 4_000 }), fc.nat({ max: 4_000 }), fc.nat({ max: 4_000 }));
    await fc.assert(
      fc.asyncProperty(hostDraws, offsets, async (draws, ahead) => {
        const { client } = memoryTable();
        const hosts = ahead.map(() => slots(client, noPause));
        const taken: number[] = [];
        let time = now;
        for (const [index, { host, afterMs }] of draws.entries()) {
          time += afterMs;
          const clock = () => time + (ahead[host] ?? 0);
          const turn = await hosts[host]?.draw(`ticket ${index % 20}`, onDemand, clock);
          if (turn?.kind === "now") taken.push(time);
        }
        for (const end of taken)
          expect(taken.filter((one) => one > end - onDemand.perMs && one <= end).length).toBeLessThanOrEqual(
            5,
          );
      }),
      { numRuns: 300 },
    );
  });

  test("of one host alone wait for no clock but its own", async () => {
    const { draw: drawTurn } = slots(memoryTable().client, noPause);
    for (let number = 0; number < 5; number += 1) await drawTurn(`${number}`, onDemand, () => now);
    const later = now + onDemand.perMs;
    expect(await drawTurn("another", onDemand, () => later)).toEqual({ kind: "now", at: later });
  });

  test("that another host has taken are over when this one has known of them for so long", async () => {
    const { client } = memoryTable();
    const [one, other] = [slots(client, noPause), slots(client, noPause)];
    for (let number = 0; number < 5; number += 1) await one.draw(`${number}`, onDemand, () => now);
    expect((await other.draw("a", onDemand, () => now)).kind).toBe("at");
    const later = now + onDemand.perMs;
    expect((await other.draw("a", onDemand, () => later)).kind).toBe("now");
  });

  test("of who comes less than a second before the turn are waited for", async () => {
    let time = now;
    const wait = async (ms: number) => void (time += ms);
    const { draw: drawTurn } = slots(memoryTable().client, wait);
    for (let number = 0; number < 5; number += 1) await drawTurn(`${number}`, onDemand, () => time);
    time += onDemand.perMs - 400;
    expect(await drawTurn("a", onDemand, () => time)).toEqual({ kind: "now", at: now + onDemand.perMs });
  });

  test("of rows that do not say who has taken a turn count as another host's", async () => {
    const { client } = memoryTable();
    await client.createEntity({
      partitionKey: "slots",
      rowKey: onDemand.name,
      json0: JSON.stringify({ taken: Array.from({ length: 5 }, () => now), promised: [] }),
    });
    const { draw: drawTurn } = slots(client, noPause);
    const early = await drawTurn("a", onDemand, () => now + onDemand.perMs);
    expect(early).toEqual({ kind: "at", at: now + onDemand.perMs + 4 * second });
  });

  test("of two limits do not know of each other", async () => {
    const { draw: drawTurn } = slots(memoryTable().client, noPause);
    const one = { ...onDemand, count: 1 };
    expect((await drawTurn("a", one, () => now)).kind).toBe("now");
    expect((await drawTurn("a", { ...one, name: "another" }, () => now)).kind).toBe("now");
    expect((await drawTurn("b", one, () => now)).kind).toBe("at");
  });

  test("that waited for others begin when it is their turn to draw, not when they came", async () => {
    const { draw: drawTurn } = slots(memoryTable().client, noPause);
    let time = now;
    const clock = () => (time += second);
    const turns = await Promise.all([drawTurn("a", onDemand, clock), drawTurn("b", onDemand, clock)]);
    expect(turns).toEqual([
      { kind: "now", at: now + second },
      { kind: "now", at: now + 2 * second },
    ]);
  });

  test("go on after one that failed", async () => {
    const table = memoryTable();
    const { draw: drawTurn } = slots(table.client, noPause);
    table.fail("read");
    const [failed, other] = await Promise.allSettled([
      drawTurn("a", onDemand, () => now),
      drawTurn("b", onDemand, () => now),
    ]);
    expect([failed?.status, other?.status]).toEqual(["rejected", "fulfilled"]);
  });
});
