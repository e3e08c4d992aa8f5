import type { RunningLab } from "../../lab/running-lab.ts";
import type { JournalEntry } from "../../shared/state/journal.ts";
import type { Evidence } from "../worlds/evidence.ts";
import type { OpenTables } from "./tables.ts";

const dayMs = 24 * 60 * 60_000;

/** Reads everything that the journal has said since then, each past day once, and what people have to see to at present. */
export function weeksEvidence(lab: RunningLab, tables: OpenTables, since: number): () => Promise<Evidence> {
  const past = new Map<string, readonly JournalEntry[]>();

  async function entries(): Promise<readonly JournalEntry[]> {
    const today = nameOf(lab.clock.now());
    const days: (readonly JournalEntry[])[] = [];
    for (let at = since; nameOf(at) <= today; at += dayMs) {
      const day = nameOf(at);
      const read = past.get(day) ?? (await tables.journalDay(day));
      // Whose clock is behind may still write on the day before.
      if (Date.parse(day) + 2 * dayMs < lab.clock.now()) past.set(day, read);
      days.push(read);
    }
    return days.flat().toSorted((a, b) => a.at - b.at);
  }

  return async () => {
    const open = (await tables.findings.all()).filter(({ over }) => over === null);
    return {
      entries: await entries(),
      shown: open,
      // What was said and is over excuses nothing.
      told: open.map(({ tenant, subject, place, found, advice, since: parkedAt }) => ({
        key: { kind: "access", tenant, analyst: subject } as Evidence["told"][number]["key"], // the judge looks for the id in it
        reason: place === null || found.startsWith(`${place}:`) ? found : `${place}: ${found}`,
        advice,
        parkedAt,
      })),
    };
  };
}

/** UTC, YYYY-MM-DD. */
const nameOf = (at: number) => new Date(at).toISOString().slice(0, 10);
