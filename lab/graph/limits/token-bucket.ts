/** A budget that refills steadily. Taking beyond it is refused, and still counts, as Graph keeps counting. */
export type TokenBucket = {
  take(amount: number): Taken;
};

type Taken =
  | { readonly kind: "granted"; /** Share of the budget in use, 0 to 1. */ readonly used: number }
  | { readonly kind: "refused"; readonly used: number; readonly retryAfterMs: number };

// However hard a caller hammers, it gets back in after half a window.
const deepestDebt = 0.5;

/** The capacity may change with what it depends on, such as the size of a tenant. */
export function tokenBucket(capacityNow: () => number, windowMs: number, now: () => number): TokenBucket {
  let level = capacityNow();
  let filledAt = now();
  return {
    take(amount) {
      const capacity = capacityNow();
      level = Math.min(capacity, level + ((now() - filledAt) * capacity) / windowMs);
      filledAt = now();
      const isGranted = level >= amount;
      level = Math.max(-capacity * deepestDebt, level - amount);
      const used = (capacity - level) / capacity;
      if (isGranted) return { kind: "granted", used };
      return { kind: "refused", used, retryAfterMs: ((amount - level) * windowMs) / capacity };
    },
  };
}
