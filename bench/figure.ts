type Unit = "ms" | "count" | "units" | "MiB" | "share" | "round trips" | "exponent";

/** One thing that was measured. `ratio`: the baseline divided by the value; both null where nothing was measured beside it. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  readonly baseline: number | null;
  readonly ratio: number | null;
};

export function figure(name: string, value: number, unit: Unit, baseline: number | null = null): Figure {
  const ratio = baseline === null || value === 0 ? null : rounded(baseline / value);
  return { name, value: rounded(value), unit, baseline: baseline === null ? null : rounded(baseline), ratio };
}

/** Three digits, and all of a larger number's whole ones: more would be noise. */
function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
