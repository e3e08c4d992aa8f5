import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { findingKinds, noFindings, type KeptFindings } from "../model/finding.ts";
import { rowMemory } from "./row-memory.ts";
import { together } from "./together.ts";
import { deleteVersioned, listRows, readVersioned, writeVersioned, type Row, type Stored } from "./table.ts";

/**
 * Everything Muster remembers of one key is one row, and one run at a time may write it: a run begins by claiming the row,
 * and from then on writes it only as it left it. Sessions make it likely that one worker has a key, not certain: when a
 * link drops, a second run begins beside the first. It takes the claim over, and the first finds that out at its next
 * write, which it makes before everything it does to Graph.
 */
export type KeyState<T> = {
  readonly clock: KeyClock;
  readonly value: T;
  /** Hash of what the journal last said of this key, so that it does not say it again. */
  readonly entered: string;
};

/** When a key was heard of and looked at, and what is to come. Times are epoch ms, 0 for never. */
export type KeyClock = {
  /** Events that were heard of, and how many of them when the last look began. Counted, because clocks differ. */
  readonly heard: number;
  readonly looked: number;
  /** Whether that look was cut short: what was heard of has not been seen then, and is tried again when it is due. */
  readonly cut: "yes" | "no";
  readonly heardAt: number;
  /** When the burst of events began that the last one belongs to. */
  readonly burstAt: number;
  readonly lookedAt: number;
  /** Work that was put off is due then; 0 when none is. */
  readonly dueAt: number;
  /** A reminder for this time is under way. */
  readonly wakeAt: number;
  /** Runs that failed since the last one that worked, and those among them that need a person. */
  readonly attempts: number;
  /** How many of them, to the last, failed one after the other with no more than trouble that may pass. */
  readonly failures: number;
  /** When the last run began that failed, or was kept from coming so far. */
  readonly failedAt: number;
  /** What people were told of this key since it last worked, so that the same is not said twice. */
  readonly told: readonly string[];
  /** Troubles of the whole tenant, by their ids: other keys try whether they are over, and call this one then. */
  readonly waitsFor: readonly string[];
  /** Troubles of the whole tenant that this key tries for all others. */
  readonly probes: readonly string[];
  /** What people have to see to. */
  readonly findings: KeptFindings;
};

/** A run's hold on a key. */
export type Claim<T> = {
  readonly state: () => KeyState<T>;
  /** Changes what the next write will say. */
  readonly set: (change: Partial<KeyState<T>>) => void;
  /** Writes the state. @throws ClaimLost when another run has claimed the key */
  readonly write: (change?: Partial<KeyState<T>>) => Promise<void>;
  /** Forgets the key, unless another run has claimed it. */
  readonly forget: () => Promise<void>;
};

/** Another run has this key now: whoever gets this stops, and does nothing more to Graph or to the state. */
export class ClaimLost extends Error {
  constructor(key: string) {
    super(`another run has taken over ${key}`);
    this.name = "ClaimLost";
  }
}

export type KeyTable<T> = {
  /** Takes the key over, with a first change. @throws Error when so many others do that it never succeeds */
  readonly claim: (row: Row, begin: (state: KeyState<T>) => KeyState<T>) => Promise<Claim<T>>;
  /** What is remembered of a key; null when nothing is. */
  readonly read: (row: Row) => Promise<KeyState<T> | null>;
  readonly list: (
    partitionKey: string,
  ) => Promise<readonly { readonly rowKey: string; readonly state: KeyState<T> }[]>;
};

export const unheard: KeyClock = {
  heard: 0,
  looked: 0,
  cut: "no",
  heardAt: 0,
  burstAt: 0,
  lookedAt: 0,
  dueAt: 0,
  wakeAt: 0,
  attempts: 0,
  failures: 0,
  failedAt: 0,
  told: [],
  waitsFor: [],
  probes: [],
  findings: noFindings,
};

export const findingSchema = z.object({
  id: z.string(),
  kind: z.enum(findingKinds),
  found: z.string(),
  advice: z.string(),
  since: z.number(),
  seen: z.number(),
  over: z.number().nullable(),
});

const findingsSchema: z.ZodType<KeptFindings> = z.object({
  version: z.number(),
  shown: z.number(),
  all: z.array(findingSchema),
});

const clockSchema = z.object({
  heard: z.number(),
  looked: z.number(),
  cut: z.enum(["yes", "no"]).default("no"),
  heardAt: z.number(),
  burstAt: z.number(),
  lookedAt: z.number(),
  dueAt: z.number(),
  wakeAt: z.number(),
  attempts: z.number(),
  failures: z.number().default(0),
  // Rows of older versions do not say: what people were told is not said again for that.
  failedAt: z.number().default(Number.MAX_SAFE_INTEGER),
  told: z.array(z.string()),
  waitsFor: z.array(z.string()),
  probes: z.array(z.string()),
  findings: findingsSchema.default(noFindings),
});

/** Runs that claim the same key at the same moment; each try lets one of them through. */
const tryLimit = 8;

/** How a row is kept. `by` names the run and counts its writes, so that a write whose answer was lost is known for its own. */
export const keyRowSchema = <T>(value: z.ZodType<T>) =>
  z.object({
    by: z.object({ run: z.string(), writes: z.number() }),
    clock: clockSchema,
    value,
    entered: z.string(),
  });

export function keyTable<T>(
  table: TableClient,
  { schema, first }: { readonly schema: ReturnType<typeof keyRowSchema<T>>; readonly first: T },
): KeyTable<T> {
  const memory = rowMemory<KeyState<T>>();
  const stateOf = (row: Row, stored: Stored): KeyState<T> =>
    memory.at(row, stored.etag, () => {
      const { clock, value, entered } = schema.parse(stored.value);
      return { clock, value, entered };
    });
  const fresh: KeyState<T> = { clock: unheard, value: first, entered: "" };

  async function seen(row: Row) {
    const known = await readVersioned(table, row);
    return known === null ? null : { etag: known.etag, value: stateOf(row, known) };
  }
  const seenTogether = together(seen);

  async function claim(row: Row, begin: (state: KeyState<T>) => KeyState<T>): Promise<Claim<T>> {
    const run = crypto.randomUUID();
    // The host that had the key last has it again, mostly: its write shows whether anybody was there in between.
    let known = memory.last(row) ?? (await seen(row));
    for (let tries = 0; tries < tryLimit; tries += 1) {
      const state = begin(known?.value ?? fresh);
      const json = { by: { run, writes: 0 }, ...state };
      const etag = await writeVersioned(table, row, { value: json, etag: known?.etag ?? null });
      if (etag !== null) {
        memory.remember(row, etag, state);
        return claimed(row, { run, state, etag });
      }
      known = await seen(row);
    }
    throw new Error(`${row.partitionKey}/${row.rowKey} is claimed by too many runs at once`);
  }

  function claimed(
    row: Row,
    held: { readonly run: string; readonly state: KeyState<T>; readonly etag: string },
  ): Claim<T> {
    let { state, etag } = held;
    let writes = 0;
    const set = (change: Partial<KeyState<T>>) => {
      state = { ...state, ...change };
    };
    return {
      state: () => state,
      set,
      async write(change = {}) {
        set(change);
        writes += 1;
        const by = { run: held.run, writes };
        const written = state;
        const next = await writeVersioned(table, row, { value: { by, ...written }, etag });
        etag = next ?? (await ownWrite(row, by));
        memory.remember(row, etag, written);
      },
      async forget() {
        await deleteVersioned(table, row, etag);
        memory.forget(row);
      },
    };
  }

  /** A write that was refused may have gone through before: the client tries again when an answer is lost. */
  async function ownWrite(row: Row, by: { readonly run: string; readonly writes: number }): Promise<string> {
    const now = await readVersioned(table, row);
    const wrote = schema.safeParse(now?.value).data?.by;
    if (now !== null && wrote?.run === by.run && wrote.writes === by.writes) return now.etag;
    throw new ClaimLost(row.rowKey);
  }

  return {
    claim,
    read: async (row) => (await seenTogether(row))?.value ?? null,
    async list(partitionKey) {
      const rows = await listRows(table, { partitionKey });
      return rows.map((one) => ({
        rowKey: one.rowKey,
        state: stateOf({ partitionKey, rowKey: one.rowKey }, one),
      }));
    },
  };
}
