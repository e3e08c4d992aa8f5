/**
 * People whose name brings trouble, so that it can be seen by hand and without the control API.
 * One table: a display name that contains the word has the effect, in whatever tenant the account is.
 */
export const sentinels = {
  /** The first write concerning them is answered with 429 and Retry-After 2. */
  Throttled: { retryAfterSeconds: 2 },
  /** Reads of them are this stale. */
  Lagging: { staleMs: 3_000 },
  /** Synchronization fails for them, in cycles and on demand. */
  Failing: {},
  /** Nobody is notified of changes to them, or of their memberships. */
  Muted: {},
  /** Each kind of listing that shows them, or is about them, comes back empty once. */
  Vanishing: {},
} as const;

export type Sentinel = keyof typeof sentinels;

export function sentinelIn(displayName: unknown): Sentinel | undefined {
  if (typeof displayName !== "string") return undefined;
  // The keys of the table are its type.
  return (Object.keys(sentinels) as Sentinel[]).find((word) => displayName.includes(word));
}
