import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { readVersioned, writeVersioned } from "./table.ts";

/** A limit that all hosts share: so many per so long. */
type SlotLimit = { readonly name: string; readonly count: number; readonly perMs: number };

export type Slots = {
  /**
   * Asks for a turn under a shared limit. The ticket names who asks, once for each turn.
   * @returns `now` when the turn is now; otherwise the time (epoch ms) to ask again with the same ticket
   */
  readonly draw: (ticket: string, limit: SlotLimit, now: number) => Promise<number>;
};

/** A turn that was taken at `at`, or is promised for then. */
type Turn = { readonly ticket: string; readonly at: number };

const schema = z.object({ turns: z.array(z.object({ ticket: z.string(), at: z.number() })) });
const partitionKey = "slots";

/** Hosts that draw at the same moment try again; each try lets at least one of them through. */
const tryLimit = 50;

export function slots(table: TableClient): Slots {
  return {
    async draw(ticket, limit, now) {
      const row = { partitionKey, rowKey: limit.name };
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const current = await readVersioned(table, row);
        const turns = current === null ? [] : schema.parse(current.value).turns;
        const others = turns.filter((turn) => turn.ticket !== ticket && turn.at > now - limit.perMs);
        const at = nextTurn(others, limit, { now, promised: turns.some((turn) => turn.ticket === ticket) });
        const value = { turns: [...others, { ticket, at }] };
        if (await writeVersioned(table, row, { value, etag: current?.etag ?? null })) return at;
      }
      throw new Error(`the shared limit ${limit.name} is contended; trying again later`);
    },
  };
}

/**
 * Who comes for a promised turn only has to see that the limit is free now, whatever is promised to others: what counts is
 * when calls are really made, and they are made late rather than early.
 */
function nextTurn(
  others: readonly Turn[],
  { count, perMs }: SlotLimit,
  { now, promised }: { readonly now: number; readonly promised: boolean },
): number {
  const times = others.map(({ at }) => at).toSorted((a, b) => a - b);
  const inTheWay = promised ? times.filter((at) => at <= now) : times;
  const oldest = inTheWay.length < count ? undefined : inTheWay.at(-count);
  return oldest === undefined ? now : Math.max(now, oldest + perMs);
}
