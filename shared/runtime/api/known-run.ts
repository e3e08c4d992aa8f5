import { z } from "zod";
import type { Sweep } from "../../model/sweep.ts";
import { sweepIdPattern } from "../../state/runs.ts";
import type { ApiPorts } from "./api-ports.ts";
import type { KnownRun } from "./run-answer.ts";

/** How a run is asked for. */
export const runParams = z.object({ id: z.string() });
export const runQuery = z.strictObject({
  target: z.string().max(64).optional().describe("Only this place: what a large run has to say is long."),
});

type Wanted = {
  readonly id: string;
  /** The name of a place. */
  readonly target: string | undefined;
};

/** @returns null when there is none; what cannot be the id of one is not looked up */
export async function knownRun(
  { id, target }: Wanted,
  { runs }: Pick<ApiPorts, "runs">,
  isMeant: (sweep: Sweep) => boolean = () => true,
): Promise<KnownRun | null> {
  const sweep = sweepIdPattern.test(id) ? await runs.read(id) : null;
  if (sweep === null || !isMeant(sweep)) return null;
  const parts = await runs.parts(id);
  const shown = parts.filter(({ name }) => target === undefined || name === target);
  if (target !== undefined && shown.length === 0) return null;
  const places = shown.map(async (part) => ({
    ...part,
    differences: await runs.differences(id, part.tenant),
  }));
  return { sweep, parts, places: await Promise.all(places) };
}
