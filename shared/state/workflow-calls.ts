import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { analystIdSchema, tenantIdSchema, type TenantId } from "../model/ids.ts";
import { workflowCategories, type KeptCall } from "../model/workflow-call.ts";
import { keyRowSchema, keyTable, type KeyTable } from "./key-state.ts";

/** Table WorkflowCalls: one row for each task of a lifecycle workflow that has called. */
export type WorkflowCalls = KeyTable<KeptCall | null>;

export const workflowCallRow = (tenant: TenantId, id: string) => ({ partitionKey: tenant, rowKey: id });

const schema: z.ZodType<KeptCall | null> = z
  .object({
    id: z.string(),
    category: z.enum(workflowCategories),
    subject: z.string(),
    workflow: z.string(),
    callbackPath: z.string(),
    at: z.number(),
    tenant: tenantIdSchema,
    heardAt: z.number(),
    until: z.number(),
    analyst: analystIdSchema.nullable(),
    told: z.object({ status: z.enum(["completed", "failed"]), why: z.string(), at: z.number() }).nullable(),
  })
  .nullable();

const rows = keyRowSchema(schema);

export const workflowCalls = (table: TableClient): WorkflowCalls =>
  keyTable(table, { schema: rows, first: null });
