import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { accountIdSchema, type AnalystId, type TargetName } from "../model/ids.ts";
import type { AccountRecord } from "../model/ledger.ts";
import { readRow, writeRow } from "./table.ts";

/** Table Accounts: one row for every analyst in every target Muster ever acted in. Times are epoch ms. */
export type PairRecord = {
  readonly account: AccountRecord | null;
  /** When the analyst was first seen to leave this target; null while they belong there. */
  readonly leftAt: number | null;
  /** How often on-demand provisioning was asked for in vain. */
  readonly provisioning: { readonly asked: number };
  /** Hash of the state whose proof is in the journal; a proof is written once. */
  readonly proven: string | null;
};

export type Accounts = {
  readonly get: (target: TargetName, analyst: AnalystId) => Promise<PairRecord>;
  readonly put: (target: TargetName, analyst: AnalystId, record: PairRecord) => Promise<void>;
};

const byMuster = z.enum(["no", "intended", "confirmed"]);

const schema = z.object({
  account: z
    .object({
      accountId: accountIdSchema,
      proof: z.enum(["stamp", "provisioned"]),
      origin: z.enum(["created", "before"]),
      blocked: byMuster,
      deleted: z.enum(["no", "intended", "confirmed", "by-others"]),
      changedAt: z.number(),
    })
    .nullable(),
  leftAt: z.number().nullable(),
  provisioning: z.object({ asked: z.number() }),
  proven: z.string().nullable(),
});

const unknownPair: PairRecord = {
  account: null,
  leftAt: null,
  provisioning: { asked: 0 },
  proven: null,
};

export function accounts(table: TableClient): Accounts {
  return {
    async get(target, analyst) {
      const value = await readRow(table, { partitionKey: target, rowKey: analyst });
      return value === null ? unknownPair : schema.parse(value);
    },
    put: (target, analyst, record) => writeRow(table, { partitionKey: target, rowKey: analyst }, record),
  };
}
