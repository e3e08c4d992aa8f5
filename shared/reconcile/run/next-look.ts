import type { KeyClock } from "../../state/key-state.ts";

/** What a message asks for, given when its key was last heard of and looked at. Times are epoch ms. */
export type Look =
  { readonly kind: "now" } | { readonly kind: "at"; readonly at: number } | { readonly kind: "no" };

/**
 * `event`: something may have changed. `check`: nothing is known to have changed, but it is time to look. `wake`: a reminder
 * that the worker itself scheduled.
 */
export type Occasion = "event" | "check" | "wake";

/** Reads may come from a replica that is behind: look at once, soon after, and until every replica must know. */
const soonMs = 4_000;
const laterMs = [soonMs, 60_000, 5 * 60_000];
/** Events of one key that follow each other this closely are one burst. */
const burstGapMs = soonMs;
/** After the first look at a burst, its other events wait for its end, but not longer than this. */
const gatherMs = 15_000;
/** Somebody who was looked at so lately need not be checked. */
const checkedMs = 60_000;

/**
 * Takes note of an event, at the moment it is taken from the queue. Whether it was looked at is counted, never compared by
 * time: the clocks of the sender and of the hosts that look may differ.
 */
export function hear(clock: KeyClock, now: number): KeyClock {
  const apart = Math.abs(now - clock.heardAt) > burstGapMs;
  return {
    ...clock,
    heard: clock.heard + 1,
    heardAt: now,
    burstAt: apart ? now : clock.burstAt,
  };
}

/**
 * When to look at a key of the source, where Graph may announce a change before a read shows it.
 *
 * The first event of a burst is acted on at once. Every later look is a wake's to take: a wake comes to the end of the
 * key's session, behind the rest of the burst, so that one look serves all of it. Two hundred notifications for one
 * person cost the look at the first, one after the last, and two in the minutes after.
 */
export function nextSourceLook(clock: KeyClock, now: number, occasion: Occasion): Look {
  const { heard, looked, burstAt, lookedAt } = clock;
  if (heard > looked && lookedAt < burstAt) return { kind: "now" };
  if (occasion === "check" && Math.abs(now - lookedAt) > checkedMs) return { kind: "now" };
  const due = [dueForEvents(clock), clock.dueAt].filter((at) => at > 0);
  if (due.length === 0) return { kind: "no" };
  const at = Math.min(...due);
  if (at > now) return { kind: "at", at };
  return occasion === "wake" ? { kind: "now" } : { kind: "at", at: now };
}

/** Epoch ms; 0 when every event has been looked at for the last time. */
function dueForEvents({ heard, looked, heardAt, lookedAt }: KeyClock): number {
  if (heard === 0) return 0;
  if (heard > looked) return Math.min(heardAt + soonMs, lookedAt + gatherMs);
  const next = laterMs.find((ms) => lookedAt < heardAt + ms);
  return next === undefined ? 0 : heardAt + next;
}

/**
 * When to look at a pair. Whoever sends an event says for which version of the analyst's record; one that was acted on already
 * has nothing left to say. A wake only does what was put off.
 */
export function nextAccessLook(
  { dueAt }: KeyClock,
  now: number,
  asked: { readonly occasion: Occasion; readonly served: "yes" | "no" },
): Look {
  if (asked.occasion !== "wake" && asked.served === "no") return { kind: "now" };
  if (dueAt === 0) return { kind: "no" };
  return dueAt <= now ? { kind: "now" } : { kind: "at", at: dueAt };
}
