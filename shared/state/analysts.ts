import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import type { AnalystRecord } from "../model/analyst.ts";
import {
  analystIdSchema,
  roleNameSchema,
  targetNameSchema,
  type AnalystId,
  type RoleName,
} from "../model/ids.ts";
import { listRows, readRow, writeRow } from "./table.ts";

/** Table Analysts: one row for everybody who is or was an analyst. */
export type Analysts = {
  readonly get: (id: AnalystId) => Promise<AnalystRecord | null>;
  readonly put: (record: AnalystRecord) => Promise<void>;
  /** Everybody. */
  readonly list: () => Promise<readonly AnalystRecord[]>;
  /** Everybody who was last seen holding this role. */
  readonly holders: (role: RoleName) => Promise<readonly AnalystRecord[]>;
};

const schema = z.object({
  id: analystIdSchema,
  userPrincipalName: z.string(),
  displayName: z.string(),
  roles: z.array(roleNameSchema),
  leaving: z.enum(["disabled", "deleted", "no-role"]).nullable(),
  leftAt: z.number().nullable(),
  missingSince: z.number().nullable(),
  stamped: z.object({ at: z.number(), values: z.record(z.string(), z.string()) }).nullable(),
  sessionsRevokedAt: z.number().nullable(),
  targets: z.array(targetNameSchema),
  told: z.string(),
  decidedAt: z.number(),
  since: z.number(),
});

const partitionKey = "analyst";

export function analysts(table: TableClient): Analysts {
  const list = async () => (await listRows(table, { partitionKey })).map(({ value }) => schema.parse(value));
  return {
    async get(id) {
      const value = await readRow(table, { partitionKey, rowKey: id });
      return value === null ? null : schema.parse(value);
    },
    put: (record) => writeRow(table, { partitionKey, rowKey: record.id }, record),
    list,
    holders: async (role) => (await list()).filter(({ roles }) => roles.includes(role)),
  };
}
