import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { analystIdSchema, tenantIdSchema, type TenantId } from "../model/ids.ts";
import { workflowCategories, type KeptCall } from "../model/workflow-call.ts";
import { keyRowSchema, keyTable, unheard, type KeyTable } from "./key-state.ts";
import { deleteVersioned, listAllRows, readVersioned, writeVersioned } from "./table.ts";

/** Table WorkflowCalls: one row for each task of a lifecycle workflow that has called. */
export type WorkflowCalls = KeyTable<KeptCall | null> & {
  /** Begins the row of this call, unless it has begun: of many that bring the same call at once, one does. */
  readonly keep: (call: KeptCall) => Promise<void>;
  /** Calls whose workflow was told nothing yet. */
  readonly open: () => Promise<readonly KeptCall[]>;
  /** Forgets calls whose workflow has stopped waiting before this time, epoch ms. */
  readonly forget: (before: number) => Promise<void>;
};

/** How long a call is remembered when its workflow waits no more: longer than anybody repeats it. */
export const callKeptMs = 30 * 24 * 60 * 60_000;

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
    called: z.object({ at: z.number(), heard: z.number() }).nullable().default(null),
    told: z.object({ status: z.enum(["completed", "failed"]), why: z.string(), at: z.number() }).nullable(),
  })
  .nullable();

const rows = keyRowSchema(schema);

/** Others who write at the same moment, which is mostly somebody who keeps the same call. */
const tryLimit = 8;

export const workflowCalls = (table: TableClient): WorkflowCalls => ({
  ...keyTable(table, { schema: rows, first: null }),
  async keep(call) {
    const row = workflowCallRow(call.tenant, call.id);
    const by = { run: crypto.randomUUID(), writes: 0 };
    for (let tries = 0; tries < tryLimit; tries += 1) {
      const known = await readVersioned(table, row);
      const state = known === null ? { clock: unheard, value: null, entered: "" } : rows.parse(known.value);
      if (state.value !== null) return;
      const value = { ...state, by, value: call };
      if ((await writeVersioned(table, row, { value, etag: known?.etag ?? null })) !== null) return;
    }
    throw new Error(`too many write of the call ${call.id} at once`);
  },
  async open() {
    const all = (await listAllRows(table)).map(({ value }) => rows.parse(value).value);
    return all.filter((call) => call !== null).filter(({ told }) => told === null);
  },
  async forget(before) {
    for (const { value, etag } of await listAllRows(table)) {
      const call = rows.parse(value).value;
      if (call !== null && call.until < before)
        await deleteVersioned(table, workflowCallRow(call.tenant, call.id), etag);
    }
  },
});
