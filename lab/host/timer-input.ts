import type { TypedData } from "./worker-contract.ts";

/** What a timer run is told about its schedule. Times are epoch milliseconds. */
export type TimerOccasion = {
  readonly isPastDue: boolean;
  /** Null when nobody keeps the schedule: `useMonitor: false`, or more than one run a minute. */
  readonly status: {
    readonly last: number | undefined;
    readonly next: number;
    readonly lastUpdated: number;
  } | null;
};

export function toTimerInput({ isPastDue, status }: TimerOccasion): TypedData {
  const scheduleStatus = status && {
    Last: dotNetTime(status.last),
    LastUpdated: dotNetTime(status.lastUpdated),
    Next: dotNetTime(status.next),
  };
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: scheduleStatus,
      IsPastDue: isPastDue,
    }),
  };
}

// .NET's DateTime.MinValue stands for "never".
function dotNetTime(at: number | undefined): string {
  return at === undefined ? "0001-01-01T00:00:00" : new Date(at).toISOString().replace("Z", "+00:00");
}
