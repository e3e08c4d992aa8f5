import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import type { LabClock } from "./clock.ts";

/** What the lab is doing, by its kinds. What waits for the clock is none of it: the clock lists what it expects. */
export type Doings = {
  readonly clock: Pick<LabClock, "expected" | "stirs">;
  /** What ends by itself in real time: requests that are being answered, notifications that are being posted. */
  readonly going: () => readonly string[];
  /** What the app has to do. While answers are held, that may be nothing but waiting for them. */
  readonly working: () => readonly string[];
  /** Resolves when every process of the app has done what it could: what it still has to do, it waits for. */
  readonly breath: () => Promise<void>;
};

export type Rest = {
  /**
   * Waits until nothing is going on but what waits for the clock.
   * @returns [] then, or what was still going on when the time was up.
   */
  still(timeoutMs: number): Promise<readonly string[]>;
  /** The same, until nothing waits for the clock either, and `more` has nothing to add. */
  complete(timeoutMs: number, more?: () => readonly string[]): Promise<readonly string[]>;
};

/**
 * Rest has to be seen before and after this many breaths of the app: work passes from one process to the next between
 * two looks.
 */
const breaths = 1;
/** While answers are held, waiting and work look alike: then the app is let to breathe as often as a handshake has steps. */
const breathsInDoubt = 3;
/** How often it is looked, in real time, while something is going on. */
const lookEveryMs = 1;

/** What is seen at one look. */
type Sight = { readonly doing: readonly string[]; readonly breaths: number };

export function restOf(doings: Doings): Rest {
  const { clock } = doings;
  // Rest that was seen lasts until something stirs: a stop of the clock at which nothing happens costs no looks.
  let restedAt = -1;

  async function until(look: () => Sight, timeoutMs: number): Promise<readonly string[]> {
    const givenUpAt = performance.now() + timeoutMs;
    for (;;) {
      const sight = look();
      if (sight.doing.length === 0 && (await lasts(look, sight.breaths))) return [];
      if (performance.now() > givenUpAt) return sight.doing;
      await sleep(lookEveryMs);
    }
  }

  /** Whether the rest that was just seen outlives so many breaths. */
  async function lasts(look: () => Sight, ofBreaths: number): Promise<boolean> {
    const stirs = clock.stirs();
    if (stirs === restedAt) return true;
    for (let taken = 0; taken < ofBreaths; taken++) {
      await doings.breath();
      // What it has sent is here by now: a connection takes one turn to accept, and one to read.
      await turn();
      await turn();
      const { doing, breaths: needed } = look();
      if (doing.length > 0 || clock.stirs() !== stirs || needed > ofBreaths) return false;
    }
    restedAt = stirs;
    return true;
  }

  /** While answers are held, work of the app is overlooked: it waits for them, or what stirs gives it away. */
  function still(): Sight {
    const [going, working] = [doings.going(), doings.working()];
    const isHeld = clock.expected().some(({ held }) => held);
    if (working.length === 0 || !isHeld) return { doing: [...going, ...working], breaths };
    return { doing: going, breaths: breathsInDoubt };
  }

  return {
    still: (timeoutMs) => until(still, timeoutMs),
    complete: (timeoutMs, more = () => []) =>
      until(() => {
        const expected = clock.expected().map(({ label }) => label);
        return { doing: [...doings.going(), ...doings.working(), ...expected, ...more()], breaths };
      }, timeoutMs),
  };
}
