import { TableClient } from "@azure/data-tables";
import type { RunningLab } from "../../lab/running-lab.ts";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { findings, type FindingRow } from "../../shared/state/findings.ts";
import { journal, type JournalEntry } from "../../shared/state/journal.ts";

/** What Muster says that it did, and what it has told people. */
export type Evidence = {
  readonly entries: readonly JournalEntry[];
  readonly told: readonly ParkedMessage[];
  /** What people are shown at this moment. */
  readonly shown: readonly FindingRow[];
};

const dayMs = 24 * 60 * 60_000;

export async function evidenceOf(lab: RunningLab, since: number): Promise<Evidence> {
  const tableOf = (name: string) =>
    TableClient.fromConnectionString(lab.tables.connectionString, name, { allowInsecureConnection: true });
  const table = tableOf("Journal");
  const days = new Set<string>();
  for (let at = since; at < lab.clock.now() + dayMs; at += dayMs)
    days.add(new Date(at).toISOString().slice(0, 10));
  const entries = (await Promise.all([...days].map((day) => journal(table).day(day)))).flat();
  return {
    entries: entries.toSorted((a, b) => a.at - b.at),
    told: lab.bus.peek("parked").map(({ body }) => body as ParkedMessage), // Muster alone writes there
    shown: (await findings(tableOf("Findings")).all()).filter(({ over }) => over === null),
  };
}
