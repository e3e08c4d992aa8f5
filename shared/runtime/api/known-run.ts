import { z } from "zod";
import type { Sweep, SweepPart } from "../../model/sweep.ts";
import { homeName } from "../../policy/places.ts";
import { sourcePartition, type FindingRow } from "../../state/findings.ts";
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
  ports: Pick<ApiPorts, "runs" | "findings">,
  isMeant: (sweep: Sweep) => boolean = () => true,
): Promise<KnownRun | null> {
  const { runs } = ports;
  const sweep = sweepIdPattern.test(id) ? await runs.read(id) : null;
  if (sweep === null || !isMeant(sweep)) return null;
  const parts = await runs.parts(id);
  const shown = parts.filter(({ name }) => target === undefined || name === target);
  if (target !== undefined && shown.length === 0) return null;
  const places = shown.map(async (part) => ({
    ...part,
    differences: await runs.differences(id, part.tenant),
    findings: await findingsOf(sweep, part, ports),
  }));
  return { sweep, parts, places: await Promise.all(places) };
}

/** What is open there now: of a run about one analyst, theirs. What is met while looking at people at home is kept apart. */
async function findingsOf(
  { scope }: Sweep,
  { tenant, name }: SweepPart,
  { findings }: Pick<ApiPorts, "findings">,
): Promise<readonly FindingRow[]> {
  const partitions = name === homeName ? [tenant, sourcePartition] : [tenant];
  const rows = (await Promise.all(partitions.map((one) => findings.openIn(one)))).flat();
  return rows.filter(({ subject }) => scope.kind !== "analyst" || subject === scope.analyst);
}
