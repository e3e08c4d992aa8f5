import { createHash } from "node:crypto";

/** A number in [0, 1); the same seed gives the same sequence. */
export type Random = () => number;

// mulberry32: tiny, and good enough to decide which request a fault hits.
export function randomFrom(...seed: readonly (string | number)[]): Random {
  let state = createHash("sha256").update(seed.join("\0")).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let left = copy.length - 1; left > 0; left--) {
    const other = Math.floor(random() * (left + 1));
    // Both indexes lie within the array.
    [copy[left], copy[other]] = [copy[other] as T, copy[left] as T];
  }
  return copy;
}
