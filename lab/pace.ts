import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import type { LabClock } from "./clock.ts";
import type { Rest } from "./rest.ts";

/** How often it is looked whether the lab waits for something, unless somebody waits for the lab. */
const lookEveryMs = 10;
/** How long, in real time, work is waited for at a stop. */
const patienceMs = 60_000;

/**
 * Lets virtual time pass while the lab waits for itself: when nothing is going on but something `awaited`, the clock moves
 * on to the earliest of that, step by step through everything that falls due on the way. When it misjudges that, the
 * app merely seems to have been slow.
 */
export function paceClock(parts: {
  readonly clock: Pick<LabClock, "now" | "advance">;
  readonly rest: Rest;
  /** Virtual time of the earliest thing that is waited for. */
  readonly awaited: () => number | undefined;
  /** Whether somebody waits for the lab to come to rest: nobody else will do anything meanwhile. */
  readonly isWaitedFor: () => boolean;
}): { stop(): void } {
  const { clock, rest, awaited, isWaitedFor } = parts;
  const stopping = new AbortController();

  async function moveOn(): Promise<void> {
    if (awaited() === undefined || (await rest.still(patienceMs)).length > 0) return;
    // What was awaited may have come, or another thing may now be sooner.
    const at = awaited();
    if (at === undefined || stopping.signal.aborted) return;
    await clock.advance(Math.max(0, at - clock.now()), async () => void (await rest.still(patienceMs)));
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (isWaitedFor() && awaited() !== undefined) await turn();
      else await sleep(lookEveryMs, undefined, { ref: false });
      await moveOn();
    }
  }

  void watch();
  return { stop: () => stopping.abort() };
}
