import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { readRow, writeRow } from "./table.ts";

/**
 * Table Clocks: when each key was last heard of and last read. It decides which messages have nothing left to say, so
 * losing a row costs a read, never a change. Times are epoch ms, 0 for never.
 */
export type KeyClock = {
  /** The latest event that was heard of. */
  readonly heardAt: number;
  /** When the burst of events began that this event belongs to. */
  readonly burstAt: number;
  /** When the last complete read began. */
  readonly readAt: number;
  /** Work that was put off is due then; 0 when none is. */
  readonly dueAt: number;
  /** A reminder for this time is under way. */
  readonly wakeAt: number;
  /** Runs that failed since the last one that worked. */
  readonly attempts: number;
  /** What people were last told when this key was parked, so that the same is not said twice. */
  readonly parked: string | null;
};

export type Clocks = {
  readonly get: (session: string) => Promise<KeyClock>;
  readonly put: (session: string, clock: KeyClock) => Promise<void>;
};

const schema = z.object({
  heardAt: z.number(),
  burstAt: z.number(),
  readAt: z.number(),
  dueAt: z.number(),
  wakeAt: z.number(),
  attempts: z.number(),
  parked: z.string().nullable(),
});
const never: KeyClock = { heardAt: 0, burstAt: 0, readAt: 0, dueAt: 0, wakeAt: 0, attempts: 0, parked: null };
const partitionKey = "key";

export function clocks(table: TableClient): Clocks {
  return {
    async get(session) {
      const value = await readRow(table, { partitionKey, rowKey: session });
      return value === null ? never : schema.parse(value);
    },
    put: (session, clock) => writeRow(table, { partitionKey, rowKey: session }, clock),
  };
}
