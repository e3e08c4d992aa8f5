import type * as fc from "fast-check";
import type { Chance } from "./chance.ts";

/**
 * The one clock of a schedule. Everything that can wait, waits here: `turn` for its place among all that is ready, which
 * fast-check's scheduler decides, and `sleep` for its moment. Time moves a little with every turn, and leaps when nobody
 * is ready.
 */
export type Time = {
  readonly now: () => number;
  readonly turn: (what: string) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly at: (at: number, run: () => void) => void;
  /** Lets everything happen until this moment. */
  readonly play: (until: number) => Promise<void>;
};

/** Continuations run as microtasks; this many of them is deeper than any chain of calls here, and than any where a target invites. */
const depths = { usual: 30, deep: 60 } as const;
const shallow = 6;
/** A turn takes this long at most: a call within a data centre. */
const longestTurnMs = 40;

export function timeOf(
  start: number,
  scheduler: fc.Scheduler,
  { chance, calls }: { readonly chance: Chance; readonly calls: keyof typeof depths },
): Time {
  const depth = depths[calls];
  let now = start;
  let order = 0;
  const timers: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  const at = (when: number, run: () => void) => {
    const entry = { at: Math.max(when, now), order: (order += 1), run };
    let index = timers.length;
    while (index > 0 && isLater(timers[index - 1], entry)) index -= 1;
    timers.splice(index, 0, entry);
  };

  const fireDue = () => {
    for (;;) {
      const [next] = timers;
      if (next === undefined || next.at > now) return;
      timers.shift();
      next.run();
    }
  };

  return {
    now: () => now,
    turn: (what) => scheduler.schedule(ready, what),
    sleep: (ms) => new Promise((wake) => at(now + ms, wake)),
    at,
    async play(until) {
      for (;;) {
        for (let tick = 0; tick < shallow; tick += 1) await ready;
        for (let tick = 0; tick < depth && scheduler.count() === 0; tick += 1) await ready;
        if (scheduler.count() > 0) {
          now += chance.between("time: turn", 0, longestTurnMs);
          fireDue();
          // Its successor waits for fifty continuations before each turn; here it is known when everybody has come.
          await scheduler.waitOne();
          continue;
        }
        const [next] = timers;
        if (next === undefined || next.at > until) break;
        now = Math.max(now, next.at);
        fireDue();
      }
      now = Math.max(now, until);
    },
  };
}

const ready = Promise.resolve();

const isLater = (
  a: { readonly at: number; readonly order: number } | undefined,
  b: { readonly at: number; readonly order: number },
) => a !== undefined && (a.at > b.at || (a.at === b.at && a.order > b.order));
