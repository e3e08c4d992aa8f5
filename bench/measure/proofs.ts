import { TableClient } from "@azure/data-tables";
import type { RunningLab } from "../../lab/running-lab.ts";
import { journal } from "../../shared/state/journal.ts";

const dayMs = 86_400_000;

/** When each pair of a person and a target was first proven since then, as the journal has it, by "person target". */
export async function proofsSince(
  lab: Pick<RunningLab, "tables" | "clock">,
  since: number,
  purpose: "join" | "leave",
): Promise<ReadonlyMap<string, number>> {
  const entries = journal(
    TableClient.fromConnectionString(lab.tables.connectionString, "Journal", {
      allowInsecureConnection: true,
    }),
  );
  const first = new Map<string, number>();
  for (let day = Math.floor(since / dayMs); day <= Math.floor(lab.clock.now() / dayMs); day += 1) {
    for (const entry of await entries.day(new Date(day * dayMs).toISOString().slice(0, 10))) {
      if (entry.kind !== "proof" || entry.plan.purpose !== purpose || entry.at < since) continue;
      const pair = `${entry.analyst} ${entry.tenant}`;
      first.set(pair, Math.min(entry.at, first.get(pair) ?? Infinity));
    }
  }
  return first;
}

/** The lab has given them their roles; on-demand provisioning and cycles give them accounts, five in ten seconds or all at once. */
export async function everybodyAtWork(lab: RunningLab, pairs: number): Promise<void> {
  for (let known = -1; ;) {
    const { size } = await proofsSince(lab, Date.now() - hourMs, "join");
    if (size >= pairs) return;
    if (size === known) throw new Error(`${size} of ${pairs} pairs are at work, and no more of them come`);
    known = size;
    await lab.advance(hourMs);
  }
}

const hourMs = 3_600_000;
