import type { Span } from "../weather.ts";
import { randomFrom } from "./random.ts";

/**
 * What chance decides while the lab runs. A draw depends on the seed, on its names and on how often they were drawn for, and
 * not on what else happens meanwhile: so a run repeats as far as it can.
 */
export type Draws = {
  ms(span: Span, ...names: readonly (string | number)[]): number;
  happens(share: number, ...names: readonly (string | number)[]): boolean;
  /** A whole number from 0 to `below - 1`. */
  oneOf(below: number, ...names: readonly (string | number)[]): number;
};

export function drawsFrom(seed: string | number): Draws {
  const counts = new Map<string, number>();

  function draw(names: readonly (string | number)[]): number {
    const key = names.join("\0");
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return randomFrom(seed, ...names, count)();
  }

  return {
    // What is the same in all cases is not drawn; it may also be endless.
    ms: ([from, to], ...names) => (from === to ? from : Math.round(from + draw(names) * (to - from))),
    happens: (share, ...names) => share > 0 && draw(names) < share,
    oneOf: (below, ...names) => Math.floor(draw(names) * below),
  };
}
