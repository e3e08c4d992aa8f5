import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { deleteRow, listRows, readVersioned, writeVersioned } from "./table.ts";

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

export type Troubles = {
  /** @returns the trouble as it stands, and whether this report began it */
  readonly report: (trouble: Trouble) => Promise<{ readonly trouble: Trouble; readonly news: "yes" | "no" }>;
  readonly update: (trouble: Trouble) => Promise<void>;
  readonly get: (tenant: string, id: string) => Promise<Trouble | null>;
  readonly list: (tenant: string) => Promise<readonly Trouble[]>;
  readonly end: (tenant: string, id: string) => Promise<void>;
};

const schema: z.ZodType<Trouble> = z.object({
  tenant: z.string(),
  id: z.string(),
  reason: z.string(),
  advice: z.string(),
  probe: z.string(),
  told: z.enum(["yes", "no"]),
  since: z.number(),
  nextTryAt: z.number(),
});

export function troubles(table: TableClient): Troubles {
  const rowOf = (tenant: string, id: string) => ({ partitionKey: tenant, rowKey: id });
  return {
    async report(trouble) {
      const row = rowOf(trouble.tenant, trouble.id);
      const known = await readVersioned(table, row);
      if (known !== null) return { trouble: schema.parse(known.value), news: "no" };
      const begun = await writeVersioned(table, row, { value: trouble, etag: null });
      return { trouble, news: begun === null ? "no" : "yes" };
    },
    async update(trouble) {
      const row = rowOf(trouble.tenant, trouble.id);
      const known = await readVersioned(table, row);
      // Whoever ended it meanwhile is right; whoever else tried has written the same.
      if (known !== null) await writeVersioned(table, row, { value: trouble, etag: known.etag });
    },
    async get(tenant, id) {
      const known = await readVersioned(table, rowOf(tenant, id));
      return known === null ? null : schema.parse(known.value);
    },
    async list(tenant) {
      const rows = await listRows(table, { partitionKey: tenant });
      return rows.map(({ value }) => schema.parse(value));
    },
    end: (tenant, id) => deleteRow(table, rowOf(tenant, id)),
  };
}
