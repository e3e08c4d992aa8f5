import type { KeyClock } from "../state/clocks.ts";

/** What a message asks for, given when its key was last heard of and read. Times are epoch ms. */
export type Look =
  { readonly kind: "now" } | { readonly kind: "at"; readonly at: number } | { readonly kind: "no" };

/** Reads may come from a replica that is behind: look at once, look again soon, and once more when it must be there. */
const soonMs = 2_000;
const surelyMs = 60_000;
/** Events of one key that follow each other this closely are one burst. */
const burstGapMs = soonMs;
/** After the first look at a burst, its other events wait for its end, but not longer than this. */
const gatherMs = 10_000;
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
 * The first event of a burst is acted on at once. Two hundred notifications for one person cost that look, one after
 * the last of them, and one a minute later.
 */
export function nextSourceLook(clock: KeyClock, now: number): Look {
  return earliest(lookForEvents(clock, now), clock.dueAt, now);
}

function lookForEvents({ heardAt, burstAt, readAt }: KeyClock, now: number): Look {
  if (heardAt === 0) return { kind: "no" };
  if (readAt < burstAt) return { kind: "now" };
  if (readAt < heardAt) return dueAt(Math.min(heardAt + soonMs, readAt + gatherMs), now);
  if (readAt < heardAt + soonMs) return dueAt(heardAt + soonMs, now);
  if (readAt < heardAt + surelyMs) return dueAt(heardAt + surelyMs, now);
  return { kind: "no" };
}

/**
 * When to look at a pair. What it depends on is Muster's own record, which is never behind, so one look an event is
 * enough; a wake only does what was put off.
 */
export function nextAccessLook(clock: KeyClock, now: number, occasion: "event" | "wake"): Look {
  if (occasion === "event" && clock.readAt < clock.heardAt + clockSkewMs) return { kind: "now" };
  return earliest({ kind: "no" }, clock.dueAt, now);
}

const dueAt = (at: number, now: number): Look => (at <= now ? { kind: "now" } : { kind: "at", at });

function earliest(look: Look, due: number, now: number): Look {
  if (due === 0 || look.kind === "now") return look;
  const at = look.kind === "at" ? Math.min(look.at, due) : due;
  return dueAt(at, now);
}
