import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { readVersioned, writeVersioned } from "./table.ts";

/**
 * A limit that all hosts share: so many per so long. Nobody is booked for later than `aheadMs` from now, except who was promised
 * a turn that somebody else has taken.
 */
type SlotLimit = {
  readonly name: string;
  readonly count: number;
  readonly perMs: number;
  readonly aheadMs: number;
};

export type Turn =
  /** Taken at this time (epoch ms): the later the call, the nearer it comes to the next ones. */
  | { readonly kind: "now"; readonly at: number }
  /** Ask again at this time (epoch ms), with the same ticket. */
  | { readonly kind: "at"; readonly at: number }
  /** Too many are waiting already: nothing is promised. */
  | { readonly kind: "full" };

export type Slots = {
  /** Asks for a turn under a shared limit. A ticket has one turn at a time. */
  readonly draw: (ticket: string, limit: SlotLimit, now: () => number) => Promise<Turn>;
};

/** Calls that were made not long ago, and turns that are promised, whoever was promised first before the others. Times are epoch ms. */
export type Bookings = {
  readonly taken: readonly number[];
  readonly promised: readonly { readonly ticket: string; readonly at: number }[];
};

const schema = z.object({
  taken: z.array(z.number()),
  // Which process has taken each; rows of older versions do not say it.
  by: z.array(z.string()).default([]),
  promised: z.array(z.object({ ticket: z.string(), at: z.number() })),
});
const partitionKey = "slots";
const nobody = { taken: [], by: [], promised: [] };

/** Hosts that draw at the same moment try again; each try lets at least one of them through. */
const tryLimit = 20;
const pauseMs = 15;

/**
 * Whoever comes so shortly before their turn waits for it: that is shorter than looking at everything once more, and what the gateway
 * waits for as well.
 */
const patienceMs = 1_000;
const waitLimit = 5;

export function slots(table: TableClient, pause: (ms: number) => Promise<unknown>): Slots {
  const timesOf = ownTimes(crypto.randomUUID());
  // One draw at a time in this process: only hosts compete for the row.
  let before: Promise<unknown> = Promise.resolve();
  return {
    async draw(ticket, limit, now) {
      for (let waits = 0; ; waits += 1) {
        const drawn = before.then(() => draw(table, { ticket, limit, now, timesOf }, pause));
        before = drawn.catch(() => undefined);
        const turn = await drawn;
        const ms = turn.kind === "at" ? turn.at - now() : Infinity;
        if (ms > patienceMs || waits === waitLimit) return turn;
        await pause(Math.max(ms, 0));
      }
    },
  };
}

/** Clocks of two hosts may be so far apart: each keeps to Graph's, and leaves a difference of less than two seconds as it is. */
const clockMs = 4_000;

/** Turns as the row has them: `taken` by the clock of the process that is named at the same place of `by`. */
type Written = z.infer<typeof schema>;

type OwnTimes = {
  /** When each turn was taken by this process's own clock, at the latest. */
  readonly latest: (written: Written, now: number) => readonly number[];
  readonly name: string;
};

/**
 * The limit must not be exceeded because hosts disagree about the time. How long ago another process took a turn is told by this one's
 * own clock: it was taken before it was seen here first. Who sees it late goes by what is written, and counts on the other's clock being behind.
 */
function ownTimes(name: string): OwnTimes {
  let seen = new Map<string, number>();
  return {
    name,
    latest({ taken, by }, now) {
      const times = taken.map((at, index): readonly [string, number] => {
        const taker = by[index];
        const key = `${taker} ${at}`;
        return [key, taker === name ? at : Math.min(at + clockMs, seen.get(key) ?? now)];
      });
      seen = new Map(times);
      return times.map(([, at]) => at);
    },
  };
}

type Wish = {
  readonly ticket: string;
  readonly limit: SlotLimit;
  readonly now: () => number;
  readonly timesOf: OwnTimes;
};
type Draw = Pick<Wish, "ticket" | "limit"> & { readonly now: number };

async function draw(table: TableClient, wish: Wish, pause: (ms: number) => Promise<unknown>): Promise<Turn> {
  const row = { partitionKey, rowKey: wish.limit.name };
  for (let tries = 1; tries <= tryLimit; tries += 1) {
    const current = await readVersioned(table, row);
    // A draw may have waited for others: its turn begins when it is written down.
    const now = wish.now();
    const written = current === null ? nobody : schema.parse(current.value);
    const taken = wish.timesOf.latest(written, now);
    const { turn, next } = decideTurn({ taken, promised: written.promised }, { ...wish, now });
    if (next === null) return turn;
    const value = { ...stillTaken(written, { taken, turn, wish, now }), promised: next.promised };
    const etag = await writeVersioned(table, row, { value, etag: current?.etag ?? null });
    if (etag !== null) return turn;
    await pause(Math.random() * pauseMs * tries);
  }
  throw new Error(`the shared limit ${wish.limit.name} is contended; trying again later`);
}

type Taking = {
  readonly taken: readonly number[];
  readonly turn: Turn;
  readonly wish: Wish;
  readonly now: number;
};

/** What is written of turns that count still, by the clocks of those who took them, and the one that is taken now. */
function stillTaken({ taken: at, by }: Written, { taken, turn, wish, now }: Taking) {
  const counting = at.flatMap((time, index) =>
    (taken[index] ?? now) > now - wish.limit.perMs ? [{ time, taker: by[index] ?? "" }] : [],
  );
  const all = turn.kind === "now" ? [...counting, { time: turn.at, taker: wish.timesOf.name }] : counting;
  return { taken: all.map(({ time }) => time), by: all.map(({ taker }) => taker) };
}

/** A turn that nobody came for in this time goes to others. */
const graceMs = 60_000;

/**
 * What counts is when calls are really made: whoever finds the limit free takes a turn now, unless it is promised to somebody
 * who is about to come. Who waits is promised the first time at which no more than `count` turns fall into any `perMs`; who comes for
 * a turn that is not free yet keeps the place in the row of those who wait.
 * @returns the turn, and what to write down; null when nothing changes
 */
export function decideTurn(
  bookings: Bookings,
  { ticket, limit, now }: Draw,
): { readonly turn: Turn; readonly next: Bookings | null } {
  const { count, perMs, aheadMs } = limit;
  const taken = bookings.taken.filter((at) => at > now - perMs);
  const waiting = bookings.promised.filter((turn) => turn.at > now - graceMs || turn.ticket === ticket);
  const place = waiting.findIndex((turn) => turn.ticket === ticket);
  const own = waiting[place];
  const promised = waiting.filter((turn) => turn !== own);
  const isDue = own !== undefined && own.at <= now;
  const expected = isDue ? 0 : promised.filter(({ at }) => at < now + perMs).length;
  if (taken.length + expected < count)
    return { turn: { kind: "now", at: now }, next: { taken: [...taken, now], promised } };
  if (own !== undefined && !isDue) return { turn: { kind: "at", at: own.at }, next: null };
  const first = own === undefined ? waiting : waiting.slice(0, place);
  const at = firstFree([...taken, ...first.map((turn) => turn.at)], limit, now);
  if (at - now > aheadMs && !isDue) return { turn: { kind: "full" }, next: null };
  const next = own === undefined ? [...waiting, { ticket, at }] : waiting.with(place, { ticket, at });
  return { turn: { kind: "at", at }, next: { taken, promised: next } };
}

function firstFree(times: readonly number[], { count, perMs }: SlotLimit, now: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  let at = now;
  for (;;) {
    const around = sorted.filter((time) => time > at - perMs && time < at + perMs);
    const [first] = around;
    if (around.length < count || first === undefined) return at;
    at = Math.max(at + 1, first + perMs);
  }
}
