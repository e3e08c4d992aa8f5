import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { rowMemory } from "./row-memory.ts";
import { readVersioned, writeVersioned } from "./table.ts";

/** Table Marks: what all hosts have to agree on. Times are epoch ms. */
export type Marks = {
  readonly policy: Mark<PolicyMark>;
  readonly catchUp: Mark<CatchUpMark>;
  readonly sweep: Mark<SweepMark>;
};

/** The policy that is in force: the newest that any host has used lately. */
export type PolicyMark = {
  readonly hash: string;
  /** When the file was last changed: what makes one policy newer than another. */
  readonly changedAt: number;
  readonly usedAt: number;
  /** Hashes of those that were in force before it. */
  readonly before: readonly string[];
  /** How often another one came into force, this one included. */
  readonly changes: number;
  /**
   * Until when tenants have asked not to be called, by the name of the limit: what one host was told holds for all, and every host
   * reads this row before it calls anybody.
   */
  readonly pauses: Readonly<Record<string, number>>;
};

/** When people were last put on the queue, whether that came to its end, and since when it is asked for again. */
export type CatchUpMark = {
  readonly begunAt: number;
  readonly done: "yes" | "no";
  readonly wishedAt: number;
  readonly why: string;
  /** How many of the next catch-ups call everybody, whoever has changed. */
  readonly owed: number;
  /** The change of the policy (`PolicyMark.changes`) that they were called for; null before the first. */
  readonly policy: number | null;
  /** When everybody was last called. */
  readonly everybodyAt: number;
  /** Since when it is known who has changed, the oldest first; none while nobody knows. */
  readonly cursors: readonly ChangeCursor[];
};

/**
 * The policy, by its hash, with which everything was last compared, or was to be; when the last night began; and the sweep that is on its
 * way to be begun.
 */
export type SweepMark = {
  readonly policy: string | null;
  readonly nightAt: number;
  readonly pending: { readonly id: string; readonly occasion: "night" | "policy" } | null;
};

/** `tracked`: the properties that Graph was asked to tell changes of. `at`: when what came before it was read. */
export type ChangeCursor = { readonly link: string; readonly tracked: string; readonly at: number };

export type Mark<T> = {
  readonly read: () => Promise<{ readonly value: T; readonly etag: string } | null>;
  /** @returns whether it was written: nobody else has, since it was read with this etag (null: was not there) */
  readonly write: (value: T, etag: string | null) => Promise<boolean>;
};

const policySchema = z.object({
  hash: z.string(),
  changedAt: z.number(),
  usedAt: z.number(),
  before: z.array(z.string()).readonly(),
  changes: z.number().default(0),
  pauses: z.record(z.string(), z.number()).readonly().default({}),
});
const catchUpSchema = z.object({
  begunAt: z.number(),
  done: z.enum(["yes", "no"]).default("yes"),
  wishedAt: z.number(),
  why: z.string(),
  // Rows of older versions do not say what follows.
  owed: z.number().default(0),
  policy: z.number().nullable().default(null),
  everybodyAt: z.number().default(0),
  cursors: z
    .array(z.object({ link: z.string(), tracked: z.string(), at: z.number() }))
    .readonly()
    .default([]),
});

const sweepSchema = z.object({
  policy: z.string().nullable(),
  nightAt: z.number(),
  pending: z.object({ id: z.string(), occasion: z.enum(["night", "policy"]) }).nullable(),
});

export function marks(table: TableClient): Marks {
  return {
    policy: mark(table, "policy", policySchema),
    catchUp: mark(table, "catch-up", catchUpSchema),
    sweep: mark(table, "sweep", sweepSchema),
  };
}

function mark<T>(table: TableClient, rowKey: string, schema: z.ZodType<T>): Mark<T> {
  const row = { partitionKey: "mark", rowKey };
  // Read far more often than written.
  const memory = rowMemory<T>();
  return {
    async read() {
      const known = await readVersioned(table, row);
      if (known === null) return null;
      return { value: memory.at(row, known.etag, () => schema.parse(known.value)), etag: known.etag };
    },
    write: async (value, etag) => (await writeVersioned(table, row, { value, etag })) !== null,
  };
}

/**
 * The same mark, read at most so often: whoever asks within this time of another, or while another's answer is under way, has that answer.
 * What this process writes it knows at once.
 */
export function readAtMostEvery<T>(
  ms: number,
  mark: Mark<T>,
  { now }: { readonly now: () => number },
): Mark<T> {
  let last: { readonly at: number; readonly read: ReturnType<Mark<T>["read"]> } | null = null;
  return {
    read() {
      if (last !== null && Math.abs(now() - last.at) < ms) return last.read;
      const read = mark.read();
      last = { at: now(), read };
      read.catch(() => (last = null));
      return read;
    },
    async write(value, etag) {
      last = null;
      const written = await mark.write(value, etag);
      last = null;
      return written;
    },
  };
}
