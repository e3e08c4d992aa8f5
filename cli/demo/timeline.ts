import { TableClient } from "@azure/data-tables";
import { explainStep } from "../../shared/planner/explain.ts";
import { journal, type JournalEntry } from "../../shared/state/journal.ts";

/** One line of what happened: where, what, and how long after the administrator's act. */
export type Moment = {
  readonly where: string;
  readonly what: string;
  readonly result: string;
  /** From the administrator's act to Graph's answer. */
  readonly afterMs: number;
  readonly requestId: string | null;
};

/** The journal of everybody in the story, oldest first. */
export async function readJournal(tables: string, from: number): Promise<readonly JournalEntry[]> {
  const table = TableClient.fromConnectionString(tables, "Journal", { allowInsecureConnection: true });
  const days = new Set([from, Date.now()].map((time) => new Date(time).toISOString().slice(0, 10)));
  const entries = await Promise.all([...days].map((day) => journal(table).day(day)));
  return entries
    .flat()
    .filter(({ at }) => at >= from)
    .toSorted((a, b) => a.at - b.at);
}

/** What was done for one person since `startedAt`, in the order of the journal. */
export function momentsOf(
  entries: readonly JournalEntry[],
  person: string,
  startedAt: number,
): readonly Moment[] {
  return entries
    .filter(({ analyst, at }) => analyst === person && at >= startedAt)
    .flatMap((entry) =>
      entry.steps.map(({ step, result, requestId, detail, at }) => ({
        where: entry.target ?? "source",
        what: explainStep(step),
        result: detail === "" ? result : `${result}, ${detail}`,
        afterMs: at - startedAt,
        requestId,
      })),
    );
}
