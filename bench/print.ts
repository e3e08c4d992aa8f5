import type { Figure } from "./figure.ts";

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, baseline, ratio }) => [
    name,
    `${value} ${unit}`,
    baseline === null ? "" : `${baseline} ${unit}`,
    ratio === null ? "" : `${ratio}×`,
  ]);
  const all = [["figure", "Muster", "baseline", "ratio"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) => row.map((cell, column) => padded(cell, { column, width: widths[column] ?? 0 })).join("  "))
    .join("\n");
}

const padded = (cell: string, { column, width }: { readonly column: number; readonly width: number }) =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

export const json = (figures: readonly Figure[]) => JSON.stringify(figures, null, 2);
