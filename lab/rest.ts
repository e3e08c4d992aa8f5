import { setTimeout as sleep } from "node:timers/promises";
import type { LabClock } from "./clock.ts";

/** What the lab is doing, by its kinds. What waits for the clock is none of it: the clock lists what it expects. */
export type Doings = {
  readonly clock: Pick<LabClock, "expected" | "stirs">;
  /** What ends by itself in real time: requests that are being answered, notifications that are being posted. */
  readonly going: () => readonly string[];
  /** What the app has to do. While an answer is held, that may be nothing but waiting for it. */
  readonly working: () => readonly string[];
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

/** Rest has to be seen this often in a row: work passes from one part to the next between two looks. */
const looks = 3;
/** When an answer is held, work and waiting look alike, so this many looks in a row must see nothing stir. */
const looksWhileHeld = 15;
const lookEveryMs = 3;

export function restOf(doings: Doings): Rest {
  const { clock } = doings;
  // Rest that was seen lasts until something stirs: a stop of the clock at which nothing happens costs no looks.
  let restedAt = -1;

  async function until(rested: Judgement, timeoutMs: number): Promise<readonly string[]> {
    const givenUpAt = performance.now() + timeoutMs;
    let calm = 0;
    let stirs = -1;
    for (;;) {
      const { doing, isHeldUp } = rested();
      calm = doing.length === 0 && (!isHeldUp || clock.stirs() === stirs) ? calm + 1 : 0;
      stirs = clock.stirs();
      if (calm > 0 && !isHeldUp && (stirs === restedAt || calm >= looks)) {
        restedAt = stirs;
        return [];
      }
      if (calm >= looksWhileHeld) return [];
      if (performance.now() > givenUpAt) return doing;
      await sleep(lookEveryMs);
    }
  }

  /** Work of the app is overlooked while an answer is held: then only what stirs tells it from waiting. */
  function still(): ReturnType<Judgement> {
    const [going, working] = [doings.going(), doings.working()];
    const isHeldUp = working.length > 0 && clock.expected().some(({ held }) => held);
    return { doing: isHeldUp ? going : [...going, ...working], isHeldUp };
  }

  return {
    still: (timeoutMs) => until(still, timeoutMs),
    complete: (timeoutMs, more = () => []) =>
      until(() => {
        const expected = clock.expected().map(({ label }) => label);
        const doing = [...doings.going(), ...doings.working(), ...expected, ...more()];
        return { doing, isHeldUp: false };
      }, timeoutMs),
  };
}

/** What is going on, and whether the app may be doing nothing but wait for a held answer. */
type Judgement = () => { readonly doing: readonly string[]; readonly isHeldUp: boolean };
