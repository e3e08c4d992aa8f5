import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { deleteVersioned, listAllRows, listRows, readVersioned, writeVersioned } from "./table.ts";

/**
 * Table Troubles: one row for each cause that keeps a whole tenant from being brought in line: consent that is gone, a group
 * that cannot be found. People are told once; one key, the probe, tries whether it is over, and the others wait for it.
 */
export type Trouble = {
  readonly tenant: string;
  /** Stable text for the cause; part of the row's key. */
  readonly id: string;
  readonly reason: string;
  readonly advice: string;
  /** The session of the key that tries, as JSON of its message's key. */
  readonly probe: string;
  /** People have been told. */
  readonly told: "yes" | "no";
  /** Epoch ms. */
  readonly since: number;
  readonly nextTryAt: number;
};

/** One that is met again so soon after it was over is the same one still: people have heard of it. */
export const sameTroubleMs = 60 * 60_000;

/** Whoever begins a trouble has told people of it within this time, or has died before that. */
const tellingMs = 60_000;

/** Every catch-up in this time would have called the key that tries: a row that nobody has tried for so long is left over. */
export const leftOverMs = 40 * 60_000;

/** How long a trouble is remembered when it is over: longer than anybody asks whether it is the same one still. */
export const troubleKeptMs = 2 * 24 * 60 * 60_000;

export type Troubles = {
  /** @returns the trouble as it stands, and whether this report began it, anew or again */
  readonly report: (
    trouble: Trouble,
    metBefore?: "yes" | "no",
  ) => Promise<{ readonly trouble: Trouble; readonly news: "yes" | "no" }>;
  /** Changes a trouble that lasts. Whoever ended it meanwhile is right. */
  readonly update: (tenant: string, id: string, change: TroubleChange) => Promise<void>;
  readonly get: (tenant: string, id: string) => Promise<Trouble | null>;
  readonly list: (tenant: string) => Promise<readonly Trouble[]>;
  readonly end: (tenant: string, id: string, at: number) => Promise<void>;
  /** Forgets what was over, or was last tried or told, before this time, epoch ms. */
  readonly forget: (before: number) => Promise<void>;
  /**
   * Whether this one tells people of what others may have met as well: the first does, as long as it goes on meeting it. `words`:
   * what it would say, as part of a row's key. `within`: who meets it later than that after the first speaks for itself.
   */
  readonly speaks: (
    words: string,
    one: { readonly by: string; readonly at: number; readonly within: number },
  ) => Promise<"yes" | "no">;
};

type TroubleChange = Partial<Pick<Trouble, "told" | "nextTryAt">>;

const troubleSchema: z.ZodType<Trouble> = z.object({
  tenant: z.string(),
  id: z.string(),
  reason: z.string(),
  advice: z.string(),
  probe: z.string(),
  told: z.enum(["yes", "no"]),
  since: z.number(),
  nextTryAt: z.number(),
});

/** `overAt`: since when it is over; null while it lasts. */
const schema = z.object({ trouble: troubleSchema, overAt: z.number().nullable() });

/** Who tells people of something, since when, and when they last met it. */
const speakerSchema = z.object({ by: z.string(), since: z.number(), at: z.number() });
/** Their partition. */
const speakers = "told";
/** Longer than the longest pause between two tries: whoever has not met it for so long is over it. */
const speakerMs = 2 * 60 * 60_000;

/** Others who write at the same moment; each try lets one of them through. */
const tryLimit = 8;

export function troubles(table: TableClient): Troubles {
  const rowOf = (tenant: string, id: string) => ({ partitionKey: tenant, rowKey: id });

  async function read(tenant: string, id: string) {
    const known = await readVersioned(table, rowOf(tenant, id));
    return known === null ? null : { row: schema.parse(known.value), etag: known.etag };
  }

  const write = (trouble: Trouble, overAt: number | null, etag: string | null) =>
    writeVersioned(table, rowOf(trouble.tenant, trouble.id), { value: { trouble, overAt }, etag });

  /** Writes a trouble that lasts as this says. What is not written now, the next who meets the trouble, or does not, writes. */
  async function change(
    [tenant, id]: readonly [string, string],
    next: (trouble: Trouble) => { readonly trouble: Trouble; readonly overAt: number | null },
  ): Promise<void> {
    for (let tries = 0; tries < tryLimit; tries += 1) {
      const known = await read(tenant, id);
      if (known?.row.overAt !== null) return;
      const { trouble, overAt } = next(known.row.trouble);
      if ((await write(trouble, overAt, known.etag)) !== null) return;
    }
  }

  return {
    async report(trouble, metBefore = "no") {
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const known = await read(trouble.tenant, trouble.id);
        const overAt = known?.row.overAt ?? null;
        const isLeftOver = known !== null && known.row.trouble.nextTryAt < trouble.since - leftOverMs;
        if (known !== null && overAt === null && !isLeftOver) {
          const lasting = known.row.trouble;
          if (lasting.told === "yes" || lasting.since >= trouble.since - tellingMs)
            return { trouble: lasting, news: "no" };
          // Whoever was to tell people did not: of those who find that out at the same moment, one does.
          const again: Trouble = { ...lasting, since: trouble.since };
          if ((await write(again, null, known.etag)) !== null) return { trouble: again, news: "yes" };
          continue;
        }
        // Whose last look met it has looked at nothing since: nobody could, for an hour of a broken policy.
        const lasts = overAt === null ? metBefore === "yes" : trouble.since - overAt < sameTroubleMs;
        const begun: Trouble =
          known !== null && lasts ? { ...trouble, told: known.row.trouble.told } : trouble;
        if ((await write(begun, null, known?.etag ?? null)) !== null) return { trouble: begun, news: "yes" };
      }
      throw new Error(`too many report the trouble ${trouble.id} of ${trouble.tenant} at once`);
    },
    update: (tenant, id, changes) =>
      change([tenant, id], (trouble) => ({ trouble: { ...trouble, ...changes }, overAt: null })),
    async get(tenant, id) {
      const known = await read(tenant, id);
      return known?.row.overAt === null ? known.row.trouble : null;
    },
    async list(tenant) {
      const rows = await listRows(table, { partitionKey: tenant });
      return rows.flatMap(({ value }) => {
        const { trouble, overAt } = schema.parse(value);
        return overAt === null ? [trouble] : [];
      });
    },
    async forget(before) {
      for (const { rowKey, value, etag } of await listRows(table, { partitionKey: speakers }))
        if (speakerSchema.parse(value).at < before)
          await deleteVersioned(table, rowOf(speakers, rowKey), etag);
      for (const { value, etag } of await listAllRows(table)) {
        const known = schema.safeParse(value).data;
        if (known === undefined) continue;
        const { trouble, overAt } = known;
        // What lasts is tried all the time: nobody is left who would.
        if ((overAt ?? trouble.nextTryAt) < before)
          await deleteVersioned(table, rowOf(trouble.tenant, trouble.id), etag);
      }
    },
    end: (tenant, id, at) => change([tenant, id], (trouble) => ({ trouble, overAt: at })),
    async speaks(words, { by, at, within }) {
      const row = rowOf(speakers, words);
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const known = await readVersioned(table, row);
        const before = known === null ? null : speakerSchema.parse(known.value);
        const speaker = before !== null && at - before.at < speakerMs ? before : null;
        if (speaker !== null && speaker.by !== by && at - speaker.since < within) return "no";
        const since = speaker?.by === by ? speaker.since : at;
        const value = { by, since, at };
        if ((await writeVersioned(table, row, { value, etag: known?.etag ?? null })) !== null) return "yes";
      }
      return "no";
    },
  };
}
