/** At most `limit` requests in any `windowMs`. */
export type SlidingWindow = {
  /** Milliseconds to wait, or undefined when the request was admitted. */
  admit(): number | undefined;
};

export function slidingWindow(limit: number, windowMs: number, now: () => number): SlidingWindow {
  const admitted: number[] = [];
  return {
    admit() {
      const at = now();
      while (admitted[0] !== undefined && admitted[0] <= at - windowMs) admitted.shift();
      const oldest = admitted[0];
      if (oldest !== undefined && admitted.length >= limit) return oldest + windowMs - at;
      admitted.push(at);
      return undefined;
    },
  };
}
