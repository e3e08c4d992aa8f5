/** The known word that `word` is most likely a slip of the keyboard for, if one is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const allowed = candidate.length <= 4 ? 1 : 2;
    if (Math.abs(candidate.length - word.length) > allowed) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** `did you mean "full"?`, or what `otherwise` says. */
export function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const meant = closest(word, known);
  return meant === undefined ? otherwise : `did you mean "${meant}"?`;
}

/** Letters to insert, drop, replace or swap with their neighbour (optimal string alignment). */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= right.length; column++) {
      const replaced = at(row - 1, column - 1) + (left[row - 1] === right[column - 1] ? 0 : 1);
      const swapped =
        left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
          ? at(row - 2, column - 2) + 1
          : Infinity;
      current.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped));
    }
  }
  return at(left.length, right.length);
}
