import type { DifferenceEnd, SweepPart } from "../../shared/model/sweep.ts";
import { runs } from "../../shared/state/runs.ts";
import { tableOf, type Rows } from "./tables.ts";

/** What people have to see to differs night after night, and is told as that. */
const isDone: ReadonlySet<DifferenceEnd> = new Set(["repaired", "as-it-should-be"]);

/** More than any story begins. */
const most = 100;

/** What is wrong with the sweeps of a story that has come to its end, and with the last of them, before which nothing had happened. */
export async function judgeNights(
  rows: Rows,
  last: "found nothing to do" | "may have found more",
): Promise<readonly string[]> {
  const nothing = async () => undefined;
  const table = runs(tableOf("Runs", rows, { there: nothing, back: nothing }));
  const sweeps = await table.newest(most);
  const open = sweeps
    .filter(({ endedAt }) => endedAt === null)
    .map(({ occasion, id }) => `a sweep is not over: ${occasion} ${id}`);
  const [newest] = sweeps;
  if (newest === undefined) return ["no night has begun"];
  const parts = await table.parts(newest.id);
  const differences = await Promise.all(parts.map((part) => toldOf(part, newest.id)));
  async function toldOf({ tenant, name }: SweepPart, id: string): Promise<readonly string[]> {
    const found = await table.differences(id, tenant);
    return found
      .filter(({ end }) => end === null || isDone.has(end.kind))
      .map(
        ({ analyst, why, end }) =>
          `a night differs once more: ${analyst} in ${name}: ${why.join(", ")}: ${end?.kind}`,
      );
  }
  return [...open, ...(last === "found nothing to do" ? differences.flat() : [])];
}
