import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { readVersioned, writeVersioned } from "./table.ts";

/** A limit that all hosts share: so many per so long. */
type SlotLimit = { readonly name: string; readonly count: number; readonly perMs: number };

export type Slots = {
  /** Draws the next free slot. @returns its time, epoch ms: `now`, or later when the limit is used up. */
  readonly draw: (limit: SlotLimit, now: number) => Promise<number>;
};

const schema = z.object({ drawn: z.array(z.number()) });
const partitionKey = "slots";

/** Hosts that draw at the same moment try again; each try lets at least one of them through. */
const tryLimit = 50;

export function slots(table: TableClient): Slots {
  return {
    async draw(limit, now) {
      const row = { partitionKey, rowKey: limit.name };
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const current = await readVersioned(table, row);
        const drawn = current === null ? [] : schema.parse(current.value).drawn;
        const slot = nextSlot(drawn, limit, now);
        const value = { drawn: [...drawn, slot].slice(-limit.count) };
        if (await writeVersioned(table, row, { value, etag: current?.etag ?? null })) return slot;
      }
      throw new Error(`the shared limit ${limit.name} is contended; trying again later`);
    },
  };
}

/** The n-th draw back must be a full period ago. */
function nextSlot(drawn: readonly number[], { count, perMs }: SlotLimit, now: number): number {
  const oldest = drawn.length < count ? undefined : drawn.at(-count);
  return oldest === undefined ? now : Math.max(now, oldest + perMs);
}
