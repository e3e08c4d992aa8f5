import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import type { AnalystRecord } from "../model/analyst.ts";
import { analystIdSchema, roleNameSchema, tenantIdSchema, type AnalystId } from "../model/ids.ts";
import { keyRowSchema, keyTable, type KeyClock, type KeyTable } from "./key-state.ts";

/** Table Analysts: one row for everybody who is or was an analyst. Whoever turns out to be nobody has one while they are looked at. */
export type Analysts = KeyTable<AnalystRecord | null>;

export const analystPartition = "analyst";
export const analystRow = (id: AnalystId) => ({ partitionKey: analystPartition, rowKey: id });

const held = z.object({ role: roleNameSchema, by: z.string(), former: z.literal("yes").exactOptional() });
const states = z.enum(["enabled", "disabled", "soft-deleted", "absent"]);

const schema: z.ZodType<AnalystRecord | null> = z
  .object({
    id: analystIdSchema,
    userPrincipalName: z.string(),
    mail: z.string().exactOptional(),
    displayName: z.string(),
    held: z.array(held),
    roles: z.array(held),
    lost: z.record(z.string(), z.number()),
    refused: z.record(
      z.string(),
      z.object({
        since: z.number(),
        among: z.int().min(1).nullable(),
        occasion: z.number().exactOptional(),
        missing: z.number().exactOptional(),
        unseen: z.number().exactOptional(),
        lostBy: z.enum(["person", "edit", "nobody"]).exactOptional(),
      }),
    ),
    leftBehind: z.enum(["yes", "no"]).default("no"),
    moved: z.record(z.string(), z.array(z.string())).default({}),
    confirmed: z.record(z.string(), z.number()).default({}),
    confirmedAt: z.number(),
    leaving: z.enum(["disabled", "deleted", "no-role", "departed"]).nullable(),
    leftAt: z.number().nullable(),
    missingSince: z.number().nullable(),
    recent: z.object({
      state: states,
      states: z.partialRecord(states, z.number()),
      roles: z.record(z.string(), z.number()),
      stamps: z
        .object({ at: z.number(), values: z.record(z.string(), z.string()), beforeAt: z.number() })
        .nullable(),
    }),
    stamped: z.record(z.string(), z.string()).default({}),
    sessionsRevokedAt: z.number().nullable(),
    targets: z.array(tenantIdSchema),
    meaning: z.string(),
    version: z.number(),
    told: z.number(),
    since: z.number(),
  })
  .nullable();

const rows = keyRowSchema(schema);

export const analysts = (table: TableClient): Analysts => keyTable(table, { schema: rows, first: null });

/** What is remembered of an analyst, and when they were heard of and looked at. */
export type LookedAt = { readonly record: AnalystRecord; readonly clock: KeyClock };

/** Everybody who is or was an analyst. */
export async function allAnalysts(table: Pick<Analysts, "list">): Promise<readonly AnalystRecord[]> {
  return (await allLookedAt(table)).map(({ record }) => record);
}

export async function allLookedAt(table: Pick<Analysts, "list">): Promise<readonly LookedAt[]> {
  const rows = await table.list(analystPartition);
  return rows.flatMap(({ state: { clock, value } }) => (value === null ? [] : [{ record: value, clock }]));
}
