import { figure, type Figure } from "../figure.ts";

/** What comparing everybody in every target took, with all that followed from it. */
export type Night = {
  readonly requests: number;
  readonly units: number;
  readonly writes: number;
  readonly ms: number;
  readonly peakMiB: number;
};

export type Sweep = {
  readonly analysts: number;
  readonly targets: number;
  /** In which nothing was to be done. */
  readonly converged: Night;
  /** After something had been taken from so many pairs. */
  readonly drifted: Night & { readonly pairs: number };
  /** What the script asks to see the same. */
  readonly script: { readonly requests: number; readonly units: number; readonly ms: number };
};

/** What converged sweeps of several sizes cost, and how that grows. */
export function sweepFigures(sweeps: readonly Sweep[]): readonly Figure[] {
  const bySize = sweeps.flatMap(({ analysts, targets, converged, drifted, script }) => {
    const name = (what: string) => `sweep.analysts-${analysts}.targets-${targets}.${what}`;
    const ofNight = (kind: string, { requests, units, writes, ms, peakMiB }: Night) => [
      figure(name(`${kind}requests`), requests, "count", script.requests),
      figure(name(`${kind}resource-units`), units, "units", script.units),
      figure(name(`${kind}writes`), writes, "count"),
      figure(name(`${kind}time`), ms, "ms", script.ms),
      figure(name(`${kind}peak-memory-of-host`), peakMiB, "MiB"),
    ];
    return [
      ...ofNight("", converged),
      figure(name("drifted.pairs"), drifted.pairs, "count"),
      ...ofNight("drifted.", drifted),
    ];
  });
  if (sweeps.length < 2) return bySize;
  const growth = (of: (sweep: Sweep) => number) =>
    growthExponent(sweeps.map((sweep) => [sweep.analysts * sweep.targets, of(sweep)] as const));
  return [
    ...bySize,
    figure(
      "sweep.growth-of-requests",
      growth(({ converged }) => converged.requests),
      "exponent",
    ),
    figure(
      "sweep.growth-of-time",
      growth(({ converged }) => converged.ms),
      "exponent",
    ),
  ];
}

/** The slope of the line through the logarithms: 1 where costs grow as sizes do, 2 where they grow with the square. */
export function growthExponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const middle = (axis: 0 | 1) => logs.reduce((all, one) => all + one[axis], 0) / logs.length;
  const [x, y] = [middle(0), middle(1)];
  const along = logs.reduce((all, [size, cost]) => all + (size - x) * (cost - y), 0);
  const across = logs.reduce((all, [size]) => all + (size - x) ** 2, 0);
  return along / across;
}
