import type { KeyClock } from "../state/clocks.ts";

/** What a message asks for, given when its key was last heard of and read. Times are epoch ms. */
export type Look =
  { readonly kind: "now" } | { readonly kind: "at"; readonly at: number } | { readonly kind: "no" };

/** Reads may come from a replica that is behind: look at once, look again soon, and once more when it must be there. */
const soonMs = 4_000;
const surelyMs = 60_000;
/** Events of one key that follow each other this closely are one burst. */
const burstGapMs = soonMs;
/** After the first look at a burst, its other events wait for its end, but not longer than this. */
const gatherMs = 15_000;
/** Clocks of hosts differ; a read that began only just after an event proves nothing. */
const clockSkewMs = 1_000;

/** Takes note of an event. A duplicate that is older than what is known changes nothing. */
export function hear(clock: KeyClock, heardAt: number): KeyClock {
  if (heardAt <= clock.heardAt) return clock;
  const burstAt = heardAt - clock.heardAt > burstGapMs ? heardAt : clock.burstAt;
  return { ...clock, heardAt, burstAt };
}

/**
 * When to look at a key of the source, where Graph may announce a change before a read shows it.
 *
 * The first event of a burst is acted on at once. Every later look is a wake's to take: a wake comes to the end of the
 * key's session, behind the rest of the burst, so that one look serves all of it. Two hundred notifications for one
 * person cost the look at the first, one after the last, and one a minute later.
 */
export function nextSourceLook(clock: KeyClock, now: number, occasion: Occasion): Look {
  const { heardAt, burstAt, readAt } = clock;
  if (heardAt > 0 && readAt < burstAt) return { kind: "now" };
  const due = [dueForEvents(clock), clock.dueAt].filter((at) => at > 0);
  if (due.length === 0) return { kind: "no" };
  const at = Math.min(...due);
  if (at > now) return { kind: "at", at };
  return occasion === "wake" ? { kind: "now" } : { kind: "at", at: now };
}

export type Occasion = "event" | "wake";

/** Epoch ms; 0 when every event has been looked at for the last time. */
function dueForEvents({ heardAt, readAt }: KeyClock): number {
  if (heardAt === 0 || readAt >= heardAt + surelyMs) return 0;
  if (readAt < heardAt) return Math.min(heardAt + soonMs, readAt + gatherMs);
  return readAt < heardAt + soonMs ? heardAt + soonMs : heardAt + surelyMs;
}

/**
 * When to look at a pair. What it depends on is Muster's own record, which is never behind, so one look an event is
 * enough; a wake only does what was put off.
 */
export function nextAccessLook({ heardAt, readAt, dueAt }: KeyClock, now: number, occasion: Occasion): Look {
  if (occasion === "event" && readAt < heardAt + clockSkewMs) return { kind: "now" };
  if (dueAt === 0) return { kind: "no" };
  return dueAt <= now ? { kind: "now" } : { kind: "at", at: dueAt };
}
