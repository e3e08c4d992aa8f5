import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { analystIdSchema, targetNameSchema, tenantIdSchema, type TenantId } from "../model/ids.ts";
import type { Plan } from "../model/plan.ts";
import { differenceEnds, sweepStates, type Difference, type Sweep, type SweepPart } from "../model/sweep.ts";
import { deleteRow, listRows, readVersioned, writeRows, writeVersioned, type Stored } from "./table.ts";

/**
 * Table Runs: sweeps, what has become of each of their places, and who differed there. A place is written by one worker at a time, as its
 * session has it, and by etag where that is not so.
 */
export type Runs = {
  /** @returns whether it is new: a sweep with this id may be there already */
  readonly begin: (sweep: Sweep, parts: readonly SweepPart[]) => Promise<boolean>;
  readonly read: (id: string) => Promise<Sweep | null>;
  /** The newest first. */
  readonly newest: (limit: number) => Promise<readonly Sweep[]>;
  readonly end: (id: string, at: number) => Promise<void>;
  readonly parts: (id: string) => Promise<readonly SweepPart[]>;
  /** Adds places to a sweep that has begun, those that it does not have yet. */
  readonly addParts: (id: string, parts: readonly SweepPart[]) => Promise<void>;
  readonly part: (id: string, tenant: TenantId) => Promise<Versioned | null>;
  /** @returns the new version; null: somebody else was quicker */
  readonly writePart: (id: string, part: SweepPart, etag: string) => Promise<Versioned | null>;
  /** Who differed in a place, by the analyst's id. */
  readonly differences: (id: string, tenant: TenantId) => Promise<readonly Difference[]>;
  readonly noteDifferences: (id: string, some: readonly Difference[]) => Promise<void>;
  /**
   * What a key of a caller's stands for: the sweep that they asked for with it. Of two who use one at once, the first counts.
   * @returns what it stands for now
   */
  readonly claimKey: (key: string, asked: Asked) => Promise<Asked>;
  /** Forgets what ended before this time, epoch ms, and what has not ended although it began long before that. */
  readonly forget: (before: number) => Promise<void>;
};

type Versioned = { readonly part: SweepPart; readonly etag: string };

/** `request`: a hash of what was asked for. */
type Asked = { readonly sweep: string; readonly request: string };

/** How long the report of a sweep is kept. */
export const runKeptMs = 90 * 24 * 60 * 60_000;

/** Row keys count down from this, so that the newest comes first: the largest time a Date can hold. */
const endOfTime = 8_640_000_000_000_000;

/** Names of sweeps sort by when they began, the newest first. */
export const sweepId = (at: number, random: string) =>
  `${String(endOfTime - Math.floor(at)).padStart(16, "0")}-${random}`;

/** What such a name looks like. */
export const sweepIdPattern = /^\d{16}-[0-9a-f]{12}$/;

const place = { tenant: tenantIdSchema, name: targetNameSchema };

const sweepSchema: z.ZodType<Sweep> = z.object({
  id: z.string(),
  occasion: z.enum(["night", "resync", "policy"]),
  mode: z.enum(["plan", "apply"]),
  scope: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("all") }),
    z.object({ kind: z.literal("analyst"), analyst: analystIdSchema }),
    z.object({ kind: z.literal("target"), target: targetNameSchema }),
    z.object({ kind: z.literal("tag"), tag: z.string() }),
  ]),
  by: z.string().nullable(),
  begunAt: z.number(),
  endedAt: z.number().nullable(),
});

const counts = z.record(z.enum(["differ", ...differenceEnds]), z.number());

const partSchema: z.ZodType<SweepPart> = z.object({
  ...place,
  state: z.enum(sweepStates),
  begunAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  why: z.string(),
  tries: z.number(),
  nextAt: z.number(),
  compared: z.number(),
  underWay: z.number(),
  orphans: z.number(),
  unmanaged: z.array(z.object({ name: z.string(), count: z.number(), some: z.array(z.string()) })),
  unread: z.array(z.string()),
  withheld: z.object({ removals: z.number(), given: z.number(), people: z.number() }).nullable(),
  counts,
});

const differenceSchema: z.ZodType<Difference> = z.object({
  tenant: tenantIdSchema,
  analyst: analystIdSchema,
  person: z.string().nullable(),
  why: z.array(z.string()),
  removals: z.number(),
  called: z.array(z.enum(["analyst", "access"])),
  calledAt: z.number().nullable(),
  end: z.object({ kind: z.enum(differenceEnds), detail: z.string() }).nullable(),
  // Written by `noteDifferences` alone.
  plan: z.custom<Plan>((value) => typeof value === "object").nullable(),
});

const askedSchema = z.object({ sweep: z.string(), request: z.string() });

const head = (id: string) => ({ partitionKey: "run", rowKey: id });
const partRow = (id: string, tenant: TenantId) => ({ partitionKey: id, rowKey: tenant });
const differenceRow = (id: string, { tenant, analyst }: Pick<Difference, "tenant" | "analyst">) => ({
  partitionKey: id,
  rowKey: `${tenant} ${analyst}`,
});

const tryLimit = 8;

export function runs(table: TableClient): Runs {
  const versioned = ({ value, etag }: Stored): Versioned => ({ part: partSchema.parse(value), etag });

  async function read(id: string): Promise<Sweep | null> {
    const known = await readVersioned(table, head(id));
    return known === null ? null : sweepSchema.parse(known.value);
  }

  async function parts(id: string): Promise<readonly SweepPart[]> {
    const rows = await listRows(table, { partitionKey: id });
    return rows
      .filter(({ rowKey }) => !rowKey.includes(" "))
      .map(({ value }) => partSchema.parse(value))
      .toSorted(({ name: a }, { name: b }) => (a < b ? -1 : 1));
  }

  return {
    async begin(sweep, first) {
      // The places first: a sweep that is there has all of them.
      if ((await read(sweep.id)) !== null) return false;
      await writeRows(
        table,
        first.map((part) => ({ ...partRow(sweep.id, part.tenant), value: part })),
      );
      return (await writeVersioned(table, head(sweep.id), { value: sweep, etag: null })) !== null;
    },
    read,
    async newest(limit) {
      const rows = await listRows(table, { partitionKey: "run", limit });
      return rows.map(({ value }) => sweepSchema.parse(value));
    },
    async end(id, at) {
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const known = await readVersioned(table, head(id));
        if (known === null) return;
        const sweep = sweepSchema.parse(known.value);
        if (sweep.endedAt !== null) return;
        const value: Sweep = { ...sweep, endedAt: at };
        if ((await writeVersioned(table, head(id), { value, etag: known.etag })) !== null) return;
      }
      throw new Error(`too many say that the run ${id} has ended`);
    },
    parts,
    async addParts(id, more) {
      for (const part of more)
        await writeVersioned(table, partRow(id, part.tenant), { value: part, etag: null });
    },
    async part(id, tenant) {
      const known = await readVersioned(table, partRow(id, tenant));
      return known === null ? null : versioned(known);
    },
    async writePart(id, part, etag) {
      const next = await writeVersioned(table, partRow(id, part.tenant), { value: part, etag });
      return next === null ? null : { part, etag: next };
    },
    async differences(id, tenant) {
      const rows = await listRows(table, { partitionKey: id, prefix: `${tenant} ` });
      return rows.map(({ value }) => differenceSchema.parse(value));
    },
    noteDifferences: (id, some) =>
      writeRows(
        table,
        some.map((one) => ({ ...differenceRow(id, one), value: one })),
      ),
    async claimKey(key, asked) {
      const row = { partitionKey: "key", rowKey: key };
      if ((await writeVersioned(table, row, { value: asked, etag: null })) !== null) return asked;
      const known = await readVersioned(table, row);
      if (known !== null) return askedSchema.parse(known.value);
      throw new Error("what was asked for with this key was forgotten at this moment");
    },
    async forget(before) {
      // What began before the time that row keys of this age have.
      const old = sweepId(before, "");
      for (const { rowKey } of await listRows(table, { partitionKey: "run", from: old })) {
        for (const { rowKey: part } of await listRows(table, { partitionKey: rowKey }))
          await deleteRow(table, { partitionKey: rowKey, rowKey: part });
        await deleteRow(table, head(rowKey));
      }
      for (const { rowKey, value } of await listRows(table, { partitionKey: "key" }))
        if (askedSchema.parse(value).sweep >= old) await deleteRow(table, { partitionKey: "key", rowKey });
    },
  };
}
