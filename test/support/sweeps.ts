import type { Sweep } from "../../shared/model/sweep.ts";
import { beginSweep, newSweepId } from "../../shared/reconcile/sweep/begin-sweep.ts";
import type { SmallWorld } from "./small-world.ts";
import { hourMs } from "./fixtures.ts";

/** Begins a sweep in a small world, lets it come to its end, and says what it came to. */
export async function sweepIn(
  world: SmallWorld,
  asked: Partial<Pick<Sweep, "occasion" | "mode" | "scope">> = {},
) {
  const id = await begunIn(world, asked);
  await world.wait(hourMs);
  return reportOf(world, id);
}

export async function begunIn(
  world: SmallWorld,
  asked: Partial<Pick<Sweep, "occasion" | "mode" | "scope">> = {},
): Promise<string> {
  const all = { occasion: "night", mode: "apply", scope: { kind: "all" }, by: null, ...asked } as const;
  const begun = await beginSweep(all, newSweepId(world.now()), world.ports);
  if (begun.kind === "unknown") throw new Error(begun.what);
  return begun.id;
}

export async function reportOf({ state: { runs } }: SmallWorld, id: string) {
  const sweep = await runs.read(id);
  const parts = await runs.parts(id);
  const differences = (await Promise.all(parts.map(({ tenant }) => runs.differences(id, tenant)))).flat();
  return {
    sweep,
    parts: Object.fromEntries(parts.map((part) => [part.name, part])),
    differences,
    /** Who differed where, and how it ended: "contoso: X is missing: repaired". */
    found: differences.map(({ tenant, why, end }) => {
      const place = parts.find((part) => part.tenant === tenant);
      return `${place?.name}: ${why.join(", ")}: ${end?.kind ?? "not over"}`;
    }),
  };
}
