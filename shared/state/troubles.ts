import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { listRows, readVersioned, writeVersioned } from "./table.ts";

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

export type Troubles = {
  /** @returns the trouble as it stands, and whether this report began it, anew or again */
  readonly report: (trouble: Trouble) => Promise<{ readonly trouble: Trouble; readonly news: "yes" | "no" }>;
  readonly update: (trouble: Trouble) => Promise<void>;
  readonly get: (tenant: string, id: string) => Promise<Trouble | null>;
  readonly list: (tenant: string) => Promise<readonly Trouble[]>;
  readonly end: (tenant: string, id: string, at: number) => Promise<void>;
};

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

/** Others who write down a try of theirs at the same moment. If it is not ended now, the next who does not meet it ends it. */
const tryLimit = 5;

export function troubles(table: TableClient): Troubles {
  const rowOf = (tenant: string, id: string) => ({ partitionKey: tenant, rowKey: id });

  async function read(tenant: string, id: string) {
    const known = await readVersioned(table, rowOf(tenant, id));
    return known === null ? null : { row: schema.parse(known.value), etag: known.etag };
  }

  const write = (trouble: Trouble, overAt: number | null, etag: string | null) =>
    writeVersioned(table, rowOf(trouble.tenant, trouble.id), { value: { trouble, overAt }, etag });

  return {
    async report(trouble) {
      const known = await read(trouble.tenant, trouble.id);
      if (known?.row.overAt === null) return { trouble: known.row.trouble, news: "no" };
      const isSame = known !== null && trouble.since - (known.row.overAt ?? 0) < sameTroubleMs;
      const begun: Trouble = isSame ? { ...trouble, told: known.row.trouble.told } : trouble;
      const etag = await write(begun, null, known?.etag ?? null);
      return { trouble: begun, news: etag === null ? "no" : "yes" };
    },
    async update(trouble) {
      const known = await read(trouble.tenant, trouble.id);
      // Whoever ended it meanwhile is right; whoever else tried has written the same.
      if (known?.row.overAt === null) await write(trouble, null, known.etag);
    },
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
    async end(tenant, id, at) {
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const known = await read(tenant, id);
        if (known?.row.overAt !== null || (await write(known.row.trouble, at, known.etag)) !== null) return;
      }
    },
  };
}
