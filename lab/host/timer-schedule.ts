import type { LabClock } from "../clock.ts";
import type { TimerInfo } from "./host-messages.ts";
import { nextOccurrence, parseNcrontab, type Schedule } from "./ncrontab.ts";
import type { TimerOccasion } from "./timer-input.ts";

/** What is remembered of a timer between hosts, as Azure keeps it in blob storage. Epoch milliseconds. */
export type TimerStatus = {
  readonly last: number | undefined;
  readonly next: number;
  readonly lastUpdated: number;
};

export type TimerScheduleOptions = {
  readonly clock: LabClock;
  readonly timer: TimerInfo;
  /** Outlives the schedule: keyed by function name. */
  readonly statuses: Map<string, TimerStatus>;
  /** Resolves when the run has ended well or badly; "lost" when the host died of it or during it. */
  readonly run: (name: string, occasion: TimerOccasion) => Promise<"ran" | "lost">;
};

/**
 * One timer of one host: runs it at each occurrence, never two at a time. At the start it runs at once when the app asks
 * for that or when an occurrence was missed. A run that outlasts occurrences is followed by one catch-up, not by many.
 */
export function runSchedule(options: TimerScheduleOptions): { stop(): void } {
  const { clock, timer, statuses, run } = options;
  const schedule = parseNcrontab(timer.schedule);
  let appointment: { cancel(): void } | undefined;
  let stopped = false;

  const missed =
    isMonitored(timer, schedule, clock.now()) && (statuses.get(timer.name)?.next ?? Infinity) < clock.now();
  if (!statuses.has(timer.name) || !missed) plan(clock.now());
  if (missed) void fire({ at: clock.now(), isPastDue: true });
  else if (timer.start === "at once") void fire({ at: clock.now(), isPastDue: false });
  else arm();

  return {
    stop() {
      stopped = true;
      appointment?.cancel();
    },
  };

  function plan(after: number, last = statuses.get(timer.name)?.last): void {
    const next = nextOccurrence(schedule, after);
    // The host has refused schedules that never come.
    if (next !== undefined) statuses.set(timer.name, { last, next, lastUpdated: clock.now() });
  }

  function arm(): void {
    const status = statuses.get(timer.name);
    if (stopped || status === undefined) return;
    appointment = clock.at(status.next, `timer ${timer.name}`, () =>
      fire({ at: status.next, isPastDue: false }),
    );
  }

  async function fire({ at, isPastDue }: { at: number; isPastDue: boolean }): Promise<void> {
    const startedAt = clock.now();
    const status = isMonitored(timer, schedule, startedAt) ? (statuses.get(timer.name) ?? null) : null;
    const result = await run(timer.name, { isPastDue, status });
    // A lost run stays due: the next host that keeps the timer finds it missed.
    if (stopped || result === "lost") return;
    plan(Math.max(startedAt, at), at);
    arm();
  }
}

/** Azure remembers a timer's status only when it runs at most once a minute, and not when `useMonitor` is false. */
function isMonitored(timer: TimerInfo, schedule: Schedule, now: number): boolean {
  if (timer.monitor === "off") return false;
  const first = nextOccurrence(schedule, now);
  const second = first === undefined ? undefined : nextOccurrence(schedule, first);
  return first === undefined || second === undefined || second - first >= 60_000;
}
