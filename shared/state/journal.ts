import type { TableClient } from "@azure/data-tables";
import type { AnalystId, TargetName, TenantId } from "../model/ids.ts";
import type { Plan, Step } from "../model/plan.ts";
import { deleteBefore, listRows, writeRow } from "./table.ts";

/** One thing that was done, or proven, or refused. Times are epoch ms. */
export type JournalEntry = {
  readonly at: number;
  readonly kind: "run" | "proof";
  readonly cause: string;
  readonly analyst: AnalystId;
  /** The target as the policy calls it, and its tenant; null in the source. */
  readonly target: TargetName | null;
  readonly tenant: TenantId | null;
  readonly planHash: string;
  readonly plan: Plan;
  readonly steps: readonly JournalStep[];
  readonly outcome: string;
  /** What a re-read showed; in a proof, that is the point. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** From the event that started it to this entry. */
  readonly sinceEventMs: number;
};

export type JournalStep = {
  readonly step: Step;
  readonly result: "done" | "already" | "missing" | "waiting" | "failed";
  readonly detail: string;
  readonly clientRequestId: string | null;
  readonly requestId: string | null;
  /** When it had its answer, together with those it was carried out with. */
  readonly at: number;
  readonly ms: number;
};

/** Table Journal: append-only, newest first within a day. */
export type Journal = {
  /** The same entry again is the same row. */
  readonly append: (entry: JournalEntry) => Promise<void>;
  /** Entries of one UTC day (YYYY-MM-DD), newest first. */
  readonly day: (day: string) => Promise<readonly JournalEntry[]>;
  /** Forgets what was entered on days before this time, epoch ms. */
  readonly forget: (before: number) => Promise<void>;
};

/** How long evidence is kept: a year, and the time that an audit of it takes. */
export const journalKeptMs = 400 * 24 * 60 * 60_000;

/** At a time; the rest goes on the next day. */
const forgottenAtOnce = 20_000;

/** UTC, YYYY-MM-DD: in this form days sort by time. */
const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

/** The largest time a Date can hold; row keys count down from it so that the newest comes first. */
const endOfTime = 8_640_000_000_000_000;

export function journal(table: TableClient): Journal {
  return {
    append: (entry) =>
      writeRow(
        table,
        {
          partitionKey: dayOf(entry.at),
          rowKey: `${String(endOfTime - entry.at).padStart(16, "0")}-${entry.kind}-${entry.analyst}-${entry.tenant ?? "source"}`,
        },
        entry,
      ),
    async day(day) {
      const rows = await listRows(table, { partitionKey: day });
      return rows.map(({ value }) => value as JournalEntry); // written by `append` alone
    },
    forget: (before) => deleteBefore(table, dayOf(before), forgottenAtOnce),
  };
}
