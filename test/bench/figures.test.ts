import { expect, test } from "vitest";
import { figure } from "../../bench/figure.ts";
import { growthExponent, sweepFigures, type Sweep } from "../../bench/figures/sweep.ts";
import { percentile } from "../../bench/measure/numbers.ts";
import { json, table } from "../../bench/print.ts";

test("a ratio says how many times the baseline took what Muster took; without a baseline there is none", () => {
  expect(figure("a", 2, "ms", 60)).toEqual({ name: "a", value: 2, unit: "ms", baseline: 60, ratio: 30 });
  expect(figure("b", 2, "count")).toMatchObject({ baseline: null, ratio: null });
  expect(figure("c", 0, "count", 3)).toMatchObject({ baseline: 3, ratio: null });
});

test("what is printed for programs is one entry for each figure", () => {
  const figures = [figure("a", 1, "ms", 2), figure("b", 3, "MiB")];
  expect(JSON.parse(json(figures))).toEqual(figures);
  expect(table(figures).split("\n")).toHaveLength(3);
});

test("a percentile is a value that was measured", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 99, 100]);
  expect(percentile([], 0.5)).toBe(0);
});

test("the growth exponent is 1 for costs that grow as sizes do, 2 for squares, and 0 for what stays", () => {
  const sizes = [10, 100, 1_000];
  const exponent = (cost: (size: number) => number) =>
    growthExponent(sizes.map((size) => [size, cost(size)] as const));
  expect(exponent((size) => 7 * size)).toBeCloseTo(1);
  expect(exponent((size) => size ** 2)).toBeCloseTo(2);
  expect(exponent(() => 5)).toBeCloseTo(0);
});

test("sweeps of several sizes have a growth, one has none", () => {
  const sweep = (targets: number): Sweep => ({
    analysts: 10,
    targets,
    converged: { requests: 3 * targets, units: 6 * targets, writes: 0, ms: 20 * targets, peakMiB: 100 },
    drifted: {
      pairs: 1,
      requests: 4 * targets,
      units: 8 * targets,
      writes: 1,
      ms: 40 * targets,
      peakMiB: 110,
    },
    script: { requests: 20 * targets, units: 40 * targets, ms: 1_000 * targets },
  });
  const names = (sweeps: readonly Sweep[]) => sweepFigures(sweeps).map(({ name }) => name);
  expect(names([sweep(10)]).some((name) => name.startsWith("sweep.growth"))).toBe(false);
  expect(sweepFigures([sweep(10), sweep(100)])).toContainEqual(
    figure("sweep.growth-of-requests", 1, "exponent"),
  );
});
