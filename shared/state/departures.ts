import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import type { TenantId } from "../model/ids.ts";
import { readVersioned, writeVersioned } from "./table.ts";

/**
 * Table Departures: what was last said of whether somebody is in a tenant at all, by a lifecycle workflow or by an operator. Nothing else
 * clears it: neither a group that they are still in nor an account that is still enabled.
 */
export type Departures = {
  /** Whether they are said to have left, and by whom. */
  readonly read: (tenant: TenantId, subject: string) => Promise<Departure | null>;
  /** What was said last, epoch ms; null: nothing. */
  readonly last: (tenant: TenantId, subject: string) => Promise<LastSaid | null>;
  /** Takes note of what is said. @returns what became of it: `older` than what was said before, or `known` already */
  readonly note: (said: Said) => Promise<"noted" | "older" | "known">;
};

/** `at`: when it was said, epoch ms. */
type Departure = { readonly at: number; readonly by: string };

type LastSaid = { readonly is: "departed" | "here"; readonly at: number; readonly by: string };

type Said = {
  readonly tenant: TenantId;
  /** The user there, by their object id, in lower case. */
  readonly subject: string;
  readonly is: "departed" | "here";
  /** Epoch ms, by the clock of who says it: of two things that were said, the later one counts, in whatever order they arrive. */
  readonly at: number;
  readonly by: string;
};

const schema: z.ZodType<LastSaid> = z.object({
  is: z.enum(["departed", "here"]),
  at: z.number(),
  by: z.string(),
});

/** Others who write at the same moment; each try lets one of them through. */
const tryLimit = 8;

export function departures(table: TableClient): Departures {
  const rowOf = (tenant: TenantId, subject: string) => ({ partitionKey: tenant, rowKey: subject });
  async function last(tenant: TenantId, subject: string): Promise<LastSaid | null> {
    const known = await readVersioned(table, rowOf(tenant, subject));
    return known === null ? null : schema.parse(known.value);
  }

  return {
    last,
    async read(tenant, subject) {
      const said = await last(tenant, subject);
      return said?.is === "departed" ? { at: said.at, by: said.by } : null;
    },
    async note({ tenant, subject, ...said }) {
      const row = rowOf(tenant, subject);
      for (let tries = 0; tries < tryLimit; tries += 1) {
        const known = await readVersioned(table, row);
        const before = known === null ? null : schema.parse(known.value);
        if (before !== null && isSame(before, said)) return "known";
        // Of two at one moment, the leaver counts.
        if (before !== null && (before.at > said.at || (before.at === said.at && before.is === "departed")))
          return "older";
        if ((await writeVersioned(table, row, { value: said, etag: known?.etag ?? null })) !== null)
          return "noted";
      }
      throw new Error(`too many speak of ${subject} in ${tenant} at once`);
    },
  };
}

const isSame = (one: LastSaid, other: LastSaid) =>
  one.is === other.is && one.at === other.at && one.by === other.by;
