import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import {
  accountIdSchema,
  appRoleIdSchema,
  assignmentPolicyIdSchema,
  groupIdSchema,
  packageIdSchema,
  servicePrincipalIdSchema,
  tenantIdSchema,
  type AnalystId,
  type TenantId,
} from "../model/ids.ts";
import { unknownPair, type PairRecord } from "../model/pair.ts";
import { keyRowSchema, keyTable, type KeyTable } from "./key-state.ts";

/**
 * Table Pairs: one row for every analyst in every target tenant Muster ever acted in: the account, the ledger of all that
 * Muster gave, and the key's clock. An intent is written before the call and the confirmation after it: a worker that dies
 * in between leaves a row that says "perhaps", never a grant nobody knows of.
 */
export type Pairs = KeyTable<PairRecord>;

export const pairRow = (tenant: TenantId, analyst: AnalystId) => ({ partitionKey: tenant, rowKey: analyst });

const byMuster = z.enum(["no", "intended", "confirmed"]);

const group = z.object({ kind: z.literal("group"), group: groupIdSchema });

const accessPackage = z.object({
  kind: z.literal("package"),
  package: packageIdSchema,
  policy: assignmentPolicyIdSchema,
  expires: z.string().nullable(),
  renew: z.boolean(),
});

const appRole = z.object({
  kind: z.literal("appRole"),
  servicePrincipal: servicePrincipalIdSchema,
  role: appRoleIdSchema,
});

/** Of every kind, as it was given: a row is understood when the policy does not name the grant any more. */
const grant = z.discriminatedUnion("kind", [
  group,
  z.object({ kind: z.literal("eligible"), group: groupIdSchema, duration: z.string() }),
  accessPackage,
  appRole,
]);

const scope = z.discriminatedUnion("kind", [group, accessPackage, appRole]);

const item = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("grant"), grant, account: accountIdSchema }),
  z.object({ kind: z.literal("scope"), scope }),
]);

const entry = z.object({
  state: z.enum(["adding", "added", "removing", "removed"]),
  at: z.number(),
  oppositeAt: z.number(),
  missing: z.enum(["member", "group"]).exactOptional(),
  refused: z.string().exactOptional(),
  askedAt: z.number().exactOptional(),
});

const denial = z.object({
  id: z.string(),
  review: z.object({ id: z.string(), name: z.string() }),
  by: z.string().nullable(),
  decidedAt: z.number().nullable(),
  at: z.number(),
  why: z.string().nullable(),
});

const asked = { grant: accessPackage, name: z.string(), entry };

const schema: z.ZodType<PairRecord> = z.object({
  account: z
    .object({
      accountId: accountIdSchema,
      proof: z.enum(["stamp", "provisioned", "own", "assignment"]),
      origin: z.enum(["created", "before"]),
      blocked: byMuster,
      deleted: z.enum(["no", "intended", "confirmed", "expected", "by-others"]),
      changedAt: z.number(),
      aliveAt: z.number(),
      unblockedAt: z.number().default(0),
    })
    .nullable(),
  twin: accountIdSchema.nullable().default(null),
  ledger: z.array(
    z.object({
      item,
      name: z.string(),
      entry,
    }),
  ),
  gone: z.array(z.object({ item, at: z.number() })).default([]),
  gave: z.record(z.string(), z.array(z.string())).default({}),
  unwanted: z.record(z.string(), z.number()).default({}),
  denials: z.record(z.string(), denial).default({}),
  overruled: z.record(z.string(), z.number()).default({}),
  taken: z.record(z.string(), z.number()).default({}),
  ended: z.array(z.string()).default([]),
  leftIn: z.array(z.string()).default([]),
  place: z.string().nullable().default(null),
  givers: z.record(z.string(), z.array(tenantIdSchema)).default({}),
  scoped: z
    .object({
      since: z.number(),
      until: z.number().nullable(),
      earlier: z.array(z.object({ since: z.number(), until: z.number() })).default([]),
    })
    .nullable(),
  departed: z.object({ at: z.number(), by: z.string() }).nullable().default(null),
  leftAt: z.number().nullable(),
  invited: z
    .object({ ...asked, mail: z.string(), refused: z.array(z.object(asked)).default([]) })
    .nullable()
    .default(null),
  asked: z.object({ tries: z.number(), scopedAt: z.number().nullable() }),
  askAfter: z.number().default(0),
  blockedSince: z.number().nullable().default(null),
  adopting: accountIdSchema.nullable().default(null),
  wroteAt: z.number(),
  doubt: z.object({ gives: z.number(), takes: z.number() }),
  served: z.number(),
  proof: z
    .object({
      hash: z.string(),
      at: z.number(),
      entered: z.enum(["yes", "no"]),
      purpose: z.enum(["join", "leave"]).exactOptional(),
    })
    .nullable(),
  unproven: z.object({ since: z.number(), why: z.string(), advice: z.string() }).nullable().default(null),
});

const rows = keyRowSchema(schema);

export const pairs = (table: TableClient): Pairs => keyTable(table, { schema: rows, first: unknownPair });
