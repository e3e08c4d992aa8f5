import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import type { Finding } from "../model/finding.ts";
import { findingSchema } from "./key-state.ts";
import { deleteVersioned, listAllRows, listRows, readVersioned, writeVersioned } from "./table.ts";

/**
 * Table Findings: one row for everything that people have to see to, open or over not long ago. It shows what the rows of keys
 * hold, for people to read: nothing is decided by it, and what a host did not come to write is written by the next look at its key.
 */
export type FindingRow = Finding & {
  /** The tenant; "source" for what is met while looking at people and role groups there. */
  readonly tenant: string;
  /** Whose it is: an analyst's id, or the name of what is compared as a whole. */
  readonly subject: string;
  /** What they and the tenant are called; null: not known. */
  readonly person: string | null;
  readonly place: string | null;
  /** That of the findings of its key. */
  readonly version: number;
};

export type Findings = {
  /** Shows a finding as it stands, unless something later is on show. What is not known of names stays as it was. */
  readonly show: (row: FindingRow) => Promise<void>;
  /** What is open of one key. */
  readonly open: (tenant: string, subject: string) => Promise<readonly FindingRow[]>;
  /** What is open of all keys of a tenant. */
  readonly openIn: (tenant: string) => Promise<readonly FindingRow[]>;
  readonly all: () => Promise<readonly FindingRow[]>;
  /** Forgets what was over before this time, epoch ms. */
  readonly forget: (before: number) => Promise<void>;
};

/** Where what is met in the source is kept. */
export const sourcePartition = "source";

/** How long a finding stays on show when it is over. */
export const findingKeptMs = 30 * 24 * 60 * 60_000;

const schema: z.ZodType<FindingRow> = findingSchema.extend({
  tenant: z.string(),
  subject: z.string(),
  person: z.string().nullable(),
  place: z.string().nullable(),
  version: z.number(),
});

/** Others who write at the same moment; each try lets one of them through. */
const tryLimit = 8;

export function findings(table: TableClient): Findings {
  const rowOf = ({ tenant, subject, id }: Pick<FindingRow, "tenant" | "subject" | "id">) => ({
    partitionKey: tenant,
    rowKey: `${subject}:${id}`,
  });

  return {
    async show(row) {
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const known = await readVersioned(table, rowOf(row));
        const before = known === null ? null : schema.parse(known.value);
        if (before !== null && before.version >= row.version) return;
        const value = {
          ...row,
          person: row.person ?? before?.person ?? null,
          place: row.place ?? before?.place ?? null,
        };
        if ((await writeVersioned(table, rowOf(row), { value, etag: known?.etag ?? null })) !== null) return;
      }
      throw new Error(`too many show the finding ${row.subject}:${row.id} of ${row.tenant} at once`);
    },
    async open(tenant, subject) {
      const rows = await listRows(table, { partitionKey: tenant, prefix: `${subject}:` });
      return rows.map(({ value }) => schema.parse(value)).filter(({ over }) => over === null);
    },
    async openIn(tenant) {
      const rows = await listRows(table, { partitionKey: tenant });
      return rows.map(({ value }) => schema.parse(value)).filter(({ over }) => over === null);
    },
    async all() {
      return (await listAllRows(table)).map(({ value }) => schema.parse(value));
    },
    async forget(before) {
      for (const { value, etag } of await listAllRows(table)) {
        const row = schema.parse(value);
        // What is met again meanwhile is written anew, and stays.
        if (row.over !== null && row.over < before) await deleteVersioned(table, rowOf(row), etag);
      }
    },
  };
}
