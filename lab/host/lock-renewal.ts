import type { HostTime } from "./host-time.ts";

/** A lock that its holder can make last longer. */
export type RenewableLock = {
  /** Its end as the broker told it, virtual time. */
  readonly lockedUntil: Date | undefined;
  /** Answers the new end. */
  readonly renew: () => Promise<Date>;
};

// .NET renews this long before the end, or after half of what is left when that is less.
const marginMs = 10_000;

/**
 * Renews a lock until it is stopped or has been held for `maxMs`: of a message since it was received, of a session since
 * it was accepted, whatever was received in it meanwhile (.NET, `SessionReceiverManager`; azure-sdk-for-net #42022). After
 * that the lock runs out, though the function goes on. The JavaScript SDK's own renewal is not used: for messages it
 * would go on after a function that settles nothing, and for sessions it takes a leap of the clock for time held.
 */
export function renewLock(options: {
  readonly lock: RenewableLock;
  readonly maxMs: number;
  readonly time: Pick<HostTime, "now" | "lived">;
  readonly onError: (error: unknown) => void;
}): { stop(): void } {
  const { lock, maxMs, time, onError } = options;
  const heldSince = time.lived();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  arm(lock.lockedUntil);

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };

  function arm(lockedUntil: Date | undefined): void {
    const remainingMs = Math.max(0, (lockedUntil?.getTime() ?? time.now()) - time.now());
    const waitMs = remainingMs - Math.min(remainingMs / 2, marginMs);
    if (stopped || isOver(waitMs)) return;
    // Real time, like the lock.
    timer = setTimeout(() => void renew(), waitMs);
    timer.unref();
  }

  async function renew(): Promise<void> {
    if (isOver(0)) return;
    try {
      arm(await lock.renew());
    } catch (error) {
      if (!stopped) onError(error);
    }
  }

  function isOver(inMs: number): boolean {
    return time.lived() + inMs - heldSince > maxMs;
  }
}
