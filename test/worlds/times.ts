export const minuteMs = 60_000;

/** Nothing happens later than this but an approver's last word. */
export const storyMs = 50 * minuteMs;

/**
 * How long everything has after that: a removal that waits for a cycle of sync, a delivery that has failed and is tried again by
 * the hour, a deletion that is due after an hour, an event that only catch-up finds.
 */
export const quietMs = { calm: 70 * minuteMs, azure: 85 * minuteMs, storm: 130 * minuteMs } as const;

/** How long it may take until Muster goes by something that has happened; before that, it may go by what was so before. */
export const lagMs = { calm: 6 * minuteMs, azure: 25 * minuteMs, storm: 40 * minuteMs } as const;

/** A look at everybody without news: whatever it writes, it writes within this time. */
export const lookMs = 6 * minuteMs;
