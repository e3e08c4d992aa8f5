import { setTimeout as sleep } from "node:timers/promises";
import type { LabClock } from "./clock.ts";

/** What the lab is doing, by its kinds. What waits for the clock is none of it: the clock lists what it expects. */
export type Doings = {
  readonly clock: Pick<LabClock, "expected" | "stirs">;
  /** What ends by itself in real time: requests that are being answered, notifications that are being posted. */
  readonly going: () => readonly string[];
  /** What the app has to do. While answers are held, that may be nothing but waiting for them. */
  readonly working: () => readonly string[];
  /** How many runs of the app that work is being done in. */
  readonly runs: () => number;
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
/** With more runs than held answers, work and waiting look alike: so many looks in a row must see nothing stir. */
const looksInDoubt = 15;
const lookEveryMs = 1;

/** What is seen at one look; calm needs `looks` of its kind in a row, and nothing that stirs in between. */
type Sight = { readonly doing: readonly string[]; readonly looks: number };

export function restOf(doings: Doings): Rest {
  const { clock } = doings;
  // Rest that was seen lasts until something stirs: a stop of the clock at which nothing happens costs no looks.
  let restedAt = -1;

  async function until(look: () => Sight, timeoutMs: number): Promise<readonly string[]> {
    const givenUpAt = performance.now() + timeoutMs;
    let calm = 0;
    let stirs = -1;
    for (;;) {
      const sight = look();
      const isCalm = sight.doing.length === 0;
      if (isCalm && clock.stirs() === restedAt) return [];
      calm = isCalm && (clock.stirs() === stirs || calm === 0) ? calm + 1 : 0;
      stirs = clock.stirs();
      if (isCalm && calm >= sight.looks) {
        restedAt = stirs;
        return [];
      }
      if (performance.now() > givenUpAt) return sight.doing;
      await sleep(lookEveryMs);
    }
  }

  /** While answers are held, work of the app is overlooked: it waits for them, or what stirs gives it away. */
  function still(): Sight {
    const [going, working] = [doings.going(), doings.working()];
    const held = clock.expected().filter((expected) => expected.held).length;
    if (working.length === 0 || held === 0) return { doing: [...going, ...working], looks };
    return { doing: going, looks: doings.runs() <= held ? looks : looksInDoubt };
  }

  return {
    still: (timeoutMs) => until(still, timeoutMs),
    complete: (timeoutMs, more = () => []) =>
      until(() => {
        const expected = clock.expected().map(({ label }) => label);
        return { doing: [...doings.going(), ...doings.working(), ...expected, ...more()], looks };
      }, timeoutMs),
  };
}
