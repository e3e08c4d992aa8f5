import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { deleteRow, listRows, readRow, readVersioned, writeRow, writeVersioned } from "./table.ts";

/**
 * Table Subscriptions: one row a resource. The client state is written before Graph is asked, so that a notification
 * that overtakes the answer is recognised; until the answer the id is null.
 */
export type SubscriptionRow = {
  readonly resource: string;
  /** The tenant that notifications of it name. */
  readonly tenantId: string;
  readonly clientState: string;
  readonly subscriptionId: string | null;
  readonly notificationUrl: string;
  /** Epoch ms; 0 when it has to be renewed. */
  readonly expiresAt: number;
  /** When it was made, and when it was last renewed, epoch ms; 0 for never. */
  readonly madeAt: number;
  readonly renewedAt: number;
  /** Those that this one has replaced: what Graph still delivers for them is proven by their own client states. */
  readonly former: readonly FormerSubscription[];
  /** Changes that were found and that it had not announced, counted since it last announced something. */
  readonly missed: number;
  /** Since when it was replaced for its silence, and has announced nothing, epoch ms; null: it is not known to be silent. */
  readonly silentSince: number | null;
  /**
   * Of a group, the others in the same role group that counted with it: any of them may have been the silent one. Each is struck off when it
   * announces something.
   */
  readonly suspects: readonly string[];
};

/** `until`: Graph delivers nothing for it any more after this, epoch ms. */
type FormerSubscription = Pick<SubscriptionRow, "clientState"> & {
  readonly subscriptionId: string;
  readonly until: number;
};

export type SubscriptionRows = {
  readonly list: () => Promise<readonly SubscriptionRow[]>;
  readonly put: (row: SubscriptionRow) => Promise<void>;
  /** Changes the row as it is now; nothing when it is gone, or when somebody else changes it at the same moment. */
  readonly change: (
    resource: string,
    change: (row: SubscriptionRow) => SubscriptionRow | null,
  ) => Promise<"changed" | "left">;
  /** Writes the row unless there is one. @returns the row that is there now */
  readonly putIfAbsent: (row: SubscriptionRow) => Promise<SubscriptionRow>;
  readonly drop: (resource: string) => Promise<void>;
};

const schema = z.object({
  resource: z.string(),
  tenantId: z.string(),
  clientState: z.string(),
  subscriptionId: z.string().nullable(),
  notificationUrl: z.string(),
  expiresAt: z.number(),
  madeAt: z.number().default(0),
  renewedAt: z.number().default(0),
  former: z
    .array(z.object({ subscriptionId: z.string(), clientState: z.string(), until: z.number() }))
    .readonly()
    .default([]),
  missed: z.number().default(0),
  silentSince: z.number().nullable().default(null),
  suspects: z.array(z.string()).readonly().default([]),
});
const partitionKey = "subscription";
const rowKeyOf = (resource: string) => resource.replaceAll("/", "|");

export function subscriptionRows(table: TableClient): SubscriptionRows {
  return {
    async list() {
      const rows = await listRows(table, { partitionKey });
      return rows.map(({ value }) => schema.parse(value));
    },
    async change(resource, change) {
      const key = { partitionKey, rowKey: rowKeyOf(resource) };
      const known = await readVersioned(table, key);
      const value = known === null ? null : change(schema.parse(known.value));
      if (known === null || value === null) return "left";
      return (await writeVersioned(table, key, { value, etag: known.etag })) === null ? "left" : "changed";
    },
    put: (row) => writeRow(table, { partitionKey, rowKey: rowKeyOf(row.resource) }, row),
    async putIfAbsent(row) {
      const key = { partitionKey, rowKey: rowKeyOf(row.resource) };
      if ((await writeVersioned(table, key, { value: row, etag: null })) !== null) return row;
      const value = await readRow(table, key);
      return value === null ? row : schema.parse(value);
    },
    drop: (resource) => deleteRow(table, { partitionKey, rowKey: rowKeyOf(resource) }),
  };
}
