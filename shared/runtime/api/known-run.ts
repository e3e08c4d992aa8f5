import type { Sweep } from "../../model/sweep.ts";
import { sweepIdPattern } from "../../state/runs.ts";
import type { ApiPorts } from "./api-ports.ts";
import type { KnownRun } from "./run-answer.ts";

/** @returns null when there is none; what cannot be the id of one is not looked up */
export async function knownRun(
  id: string,
  { runs }: Pick<ApiPorts, "runs">,
  isMeant: (sweep: Sweep) => boolean = () => true,
): Promise<KnownRun | null> {
  const sweep = sweepIdPattern.test(id) ? await runs.read(id) : null;
  if (sweep === null || !isMeant(sweep)) return null;
  const parts = await runs.parts(id);
  return {
    sweep,
    parts: await Promise.all(
      parts.map(async (part) => ({ ...part, differences: await runs.differences(id, part.tenant) })),
    ),
  };
}
