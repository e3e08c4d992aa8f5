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

/** Calls that were made not long ago, and turns that are promised. Times are epoch ms. */
export type Bookings = {
  readonly taken: readonly number[];
  readonly promised: readonly { readonly ticket: string; readonly at: number }[];
};

const schema = z.object({
  taken: z.array(z.number()),
  promised: z.array(z.object({ ticket: z.string(), at: z.number() })),
});
const partitionKey = "slots";
const nobody: Bookings = { taken: [], promised: [] };

/** Hosts that draw at the same moment try again; each try lets at least one of them through. */
const tryLimit = 20;
const pauseMs = 15;

export function slots(table: TableClient, pause: (ms: number) => Promise<unknown>): Slots {
  // One draw at a time in this process: only hosts compete for the row.
  let before: Promise<unknown> = Promise.resolve();
  return {
    draw(ticket, limit, now) {
      const turn = before.then(() => draw(table, { ticket, limit, now }, pause));
      before = turn.catch(() => undefined);
      return turn;
    },
  };
}

type Wish = { readonly ticket: string; readonly limit: SlotLimit; readonly now: () => number };
type Draw = Omit<Wish, "now"> & { readonly now: number };

async function draw(table: TableClient, wish: Wish, pause: (ms: number) => Promise<unknown>): Promise<Turn> {
  const row = { partitionKey, rowKey: wish.limit.name };
  for (let tries = 1; tries <= tryLimit; tries += 1) {
    const current = await readVersioned(table, row);
    // A draw may have waited for others: its turn begins when it is written down.
    const known = current === null ? nobody : schema.parse(current.value);
    const { turn, next } = decideTurn(known, { ...wish, now: wish.now() });
    if (next === null) return turn;
    const written = await writeVersioned(table, row, { value: next, etag: current?.etag ?? null });
    if (written !== null) return turn;
    await pause(Math.random() * pauseMs * tries);
  }
  throw new Error(`the shared limit ${wish.limit.name} is contended; trying again later`);
}

/** A turn that nobody came for in this time goes to others. */
const graceMs = 60_000;

/**
 * What counts is when calls are really made: whoever finds the limit free takes a turn now, unless it is promised to somebody
 * who is about to come. Who waits is promised the first time at which no more than `count` turns fall into any `perMs`.
 * @returns the turn, and what to write down; null when nothing changes
 */
export function decideTurn(
  bookings: Bookings,
  { ticket, limit, now }: Draw,
): { readonly turn: Turn; readonly next: Bookings | null } {
  const { count, perMs, aheadMs } = limit;
  const taken = bookings.taken.filter((at) => at > now - perMs);
  const promised = bookings.promised.filter((turn) => turn.at > now - graceMs && turn.ticket !== ticket);
  const own = bookings.promised.find((turn) => turn.ticket === ticket);
  const isDue = own !== undefined && own.at <= now;
  const expected = isDue ? 0 : promised.filter(({ at }) => at < now + perMs).length;
  if (taken.length + expected < count)
    return { turn: { kind: "now", at: now }, next: { taken: [...taken, now], promised } };
  if (own !== undefined && !isDue) return { turn: { kind: "at", at: own.at }, next: null };
  const at = firstFree([...taken, ...promised.map((turn) => turn.at)], limit, now);
  if (at - now > aheadMs && !isDue) return { turn: { kind: "full" }, next: null };
  return { turn: { kind: "at", at }, next: { taken, promised: [...promised, { ticket, at }] } };
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
