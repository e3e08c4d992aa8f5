/** When things happen in a week: epoch ms, virtual; `storyMs` counts from its beginning. */
export type Calendar = {
  readonly beginsAt: number;
  /** People act, and things go wrong, until then: the next night repairs what is left of it. */
  readonly storyMs: number;
  /** The night in which nothing is to be done any more, and whether the timer has it then or somebody fires it. */
  readonly lastNightAt: number;
  readonly lastNight: "by the timer" | "by hand";
  readonly endsAt: number;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Monday, noon, UTC. */
export const weeksBeginAt = Date.UTC(2026, 0, 5, 12);

/** The timer of nights goes off at 02:00 UTC: a week has seven, of which the last but one repairs what is left. */
export function weekFrom(beginsAt: number): Calendar {
  const lastNightAt = beginsAt + 6 * dayMs + 14 * hourMs;
  // What is due later, a cycle of sync, and a look after it come before the night that repairs the rest.
  const storyMs = lastNightAt - dayMs - 6 * hourMs - beginsAt;
  return { beginsAt, storyMs, lastNightAt, lastNight: "by the timer", endsAt: beginsAt + 7 * dayMs };
}

/** The evening before such a noon. */
export const eveningAt = weeksBeginAt - 16 * hourMs;

/** As much as that in half a day: an evening, the night that repairs what is left of it, and another one soon afterwards. */
export function halfDayFrom(beginsAt: number): Calendar {
  const lastNightAt = beginsAt + 8.5 * hourMs;
  return {
    beginsAt,
    storyMs: 3.5 * hourMs,
    lastNightAt,
    lastNight: "by hand",
    endsAt: lastNightAt + 75 * minuteMs,
  };
}
