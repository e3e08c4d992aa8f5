import type { LabClock } from "./clock.ts";

/** Virtual time as somebody lives through it who is really waiting or working. */
export type LivedTime = {
  /** Epoch milliseconds, without leaps. */
  now(): number;
  /** How much of virtual time was leapt over since this began. */
  leaptMs(): number;
};

/**
 * Real time counts, and so do jumps at which the lab keeps somebody waiting, whoever made them: that is time which somebody
 * waits through. A jump at which it keeps nobody waiting is a leap: a test that moves the clock on by a day makes nothing a
 * day old that happens to be going on.
 */
export function livedTime(clock: LabClock): LivedTime {
  let leaptMs = 0;
  let lastOffsetMs = clock.offsetMs();
  clock.onJump((offsetMs) => {
    if (!clock.expected().some(({ held }) => held)) leaptMs += offsetMs - lastOffsetMs;
    lastOffsetMs = offsetMs;
  });
  return { now: () => clock.now() - leaptMs, leaptMs: () => leaptMs };
}
