import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import type { AnalystId, TargetName } from "../model/ids.ts";
import { groupIdSchema } from "../model/ids.ts";
import { grantKey, type Grant, type Scope } from "../model/grant.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import { deleteRow, listRows, writeRow } from "./table.ts";

/** Something Muster gave: a grant in the target, or the scope in the source that leads there. */
export type LedgerItem =
  { readonly kind: "grant"; readonly grant: Grant } | { readonly kind: "scope"; readonly scope: Scope };

export type LedgerRow = { readonly item: LedgerItem; readonly name: string; readonly entry: LedgerEntry };

/**
 * Table Ledger: what Muster granted, by target and analyst. The intent is written before the call, the confirmation
 * after it: a worker that dies in between leaves a row that says "perhaps", never a grant nobody knows of.
 */
export type Ledger = {
  readonly list: (target: TargetName, analyst: AnalystId) => Promise<readonly LedgerRow[]>;
  readonly put: (target: TargetName, analyst: AnalystId, row: LedgerRow) => Promise<void>;
  readonly drop: (target: TargetName, analyst: AnalystId, item: LedgerItem) => Promise<void>;
};

const itemSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("grant"), grant: z.object({ kind: z.literal("group"), group: groupIdSchema }) }),
  z.object({ kind: z.literal("scope"), scope: z.object({ kind: z.literal("group"), group: groupIdSchema }) }),
]);

const schema = z.object({
  item: itemSchema,
  name: z.string(),
  entry: z.object({
    state: z.enum(["adding", "added", "removing", "removed"]),
    at: z.number(),
    since: z.number(),
  }),
});

export function ledger(table: TableClient): Ledger {
  const rowOf = (target: TargetName, analyst: AnalystId, item: LedgerItem) => ({
    partitionKey: target,
    rowKey: `${analyst}|${item.kind}|${grantKey(item.kind === "grant" ? item.grant : item.scope)}`,
  });
  return {
    async list(target, analyst) {
      const rows = await listRows(table, { partitionKey: target, prefix: `${analyst}|` });
      return rows.map(({ value }) => schema.parse(value));
    },
    put: (target, analyst, row) => writeRow(table, rowOf(target, analyst, row.item), row),
    drop: (target, analyst, item) => deleteRow(table, rowOf(target, analyst, item)),
  };
}
