import { differenceEnds, type Difference, type Sweep, type SweepPart } from "../../model/sweep.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** One place of one sweep, as it is now. */
export type Part = { readonly sweep: Sweep; readonly part: SweepPart };

/** What a step makes of a place, and when the next one is due, epoch ms; null: it is over. */
export type Step = { readonly part: SweepPart; readonly nextAt: number | null };

export const over = (part: SweepPart, { now }: Pick<SweepPorts, "now">): Step => ({
  part: { ...part, endedAt: now() },
  nextAt: null,
});

/** With how those ended who differed. */
export const counted = (part: SweepPart, all: readonly Difference[]): SweepPart => ({
  ...part,
  counts: {
    ...part.counts,
    differ: all.length,
    ...Object.fromEntries(
      differenceEnds.map((kind) => [kind, all.filter(({ end }) => end?.kind === kind).length]),
    ),
  },
});
