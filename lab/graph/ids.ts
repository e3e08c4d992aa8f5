import { createHash } from "node:crypto";

/** A GUID that depends on nothing but its arguments, so that one seed always builds the same world. */
export function guidFrom(seed: string | number, ...names: readonly (string | number)[]): string {
  const hex = createHash("sha256")
    .update([seed, ...names].join("\0"))
    .digest("hex");
  const variant = "89ab"[parseInt(hex.charAt(16), 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** Mints the next id of a kind. Ids depend on the order of minting, never on time or chance. */
export type Mint = (kind: string) => string;

export function mintFrom(seed: string | number, ...names: readonly (string | number)[]): Mint {
  const counts = new Map<string, number>();
  return (kind) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return guidFrom(seed, ...names, kind, count);
  };
}
