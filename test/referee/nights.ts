import type { SweepPart } from "../../shared/model/sweep.ts";
import { runs } from "../../shared/state/runs.ts";
import { tableOf, type Rows } from "./tables.ts";

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
    return found.map(
      ({ analyst, why }) => `a night differs once more: ${analyst} in ${name}: ${why.join(", ")}`,
    );
  }
  return [...open, ...(last === "found nothing to do" ? differences.flat() : [])];
}
