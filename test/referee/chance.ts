/**
 * Luck by name: the n-th draw of a name depends on the seed, the name and n alone. A story that is made shorter keeps
 * the luck of what is left of it, and a failure that is looked at closer stays the same failure.
 */
export type Chance = {
  /** 0 (included) to 1 (excluded). */
  readonly share: (name: string) => number;
  readonly happens: (name: string, probability: number) => boolean;
  /** A whole number, both ends included. */
  readonly between: (name: string, from: number, to: number) => number;
  readonly pick: <const T>(name: string, items: readonly [T, ...T[]]) => T;
};

export function chanceOf(seed: number): Chance {
  const counts = new Map<string, number>();
  const share = (name: string) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return mixed(seed ^ hashOf(name) ^ Math.imul(count + 1, 0x9e3779b1)) / 2 ** 32;
  };
  const between = (name: string, from: number, to: number) =>
    from + Math.floor(share(name) * (to - from + 1));
  return {
    share,
    happens: (name, probability) => probability > 0 && share(name) < probability,
    between,
    pick: (name, items) => items[between(name, 0, items.length - 1)] ?? items[0],
  };
}

const hashes = new Map<string, number>();

/** FNV-1a. */
function hashOf(name: string): number {
  const known = hashes.get(name);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  if (hashes.size < 50_000) hashes.set(name, hash);
  return hash;
}

/** The finishing steps of MurmurHash3: every bit of the input changes about half of the result's. */
function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
