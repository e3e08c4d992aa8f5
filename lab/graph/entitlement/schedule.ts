import { Temporal } from "temporal-polyfill";
import { refused } from "./problems.ts";
import type { AskedSchedule, Expiration, PolicyRecord, Schedule } from "./records.ts";

const types: readonly string[] = [
  "notSpecified",
  "noExpiration",
  "afterDateTime",
  "afterDuration",
] satisfies Expiration["type"][];

export const neverExpires: Expiration = { type: "noExpiration", endDateTime: null, duration: null };

/** The schedule of a request's body; what it leaves out, the policy says. */
export function askedSchedule(given: unknown, policy: PolicyRecord): AskedSchedule {
  if (given === undefined || given === null) return { startAt: undefined, expiration: policy.expiration };
  const { startDateTime, expiration } = recordOf(given);
  const asked = expiration === undefined || expiration === null ? undefined : readExpiration(expiration);
  if (asked !== undefined && !policy.allowCustomAssignmentSchedule)
    throw refused("ScheduleNotAllowed", "The policy does not allow a custom assignment schedule.");
  const isOwn = asked !== undefined && asked.type !== "notSpecified";
  return {
    startAt: startDateTime === undefined || startDateTime === null ? undefined : momentOf(startDateTime),
    expiration: isOwn ? asked : policy.expiration,
  };
}

/** When an assignment begins and ends that is made now. */
export function scheduleFrom({ startAt, expiration }: AskedSchedule, now: number): Schedule {
  const begins = Math.max(startAt ?? now, now);
  if (expiration.endDateTime !== null) return { startAt: begins, endAt: Date.parse(expiration.endDateTime) };
  if (expiration.duration === null) return { startAt: begins, endAt: undefined };
  return { startAt: begins, endAt: begins + durationMs(expiration.duration) };
}

export function durationMs(duration: string): number {
  try {
    return Temporal.Duration.from(duration).total({ unit: "milliseconds" });
  } catch {
    throw refused("InvalidModel", `'${duration}' is not a duration.`);
  }
}

export function readExpiration(given: unknown): Expiration {
  const { type, endDateTime, duration } = recordOf(given);
  if (typeof type !== "string" || !types.includes(type))
    throw refused("InvalidModel", `'${String(type)}' is not a member of expirationPatternType.`);
  if (type === "afterDateTime") {
    const end = new Date(momentOf(endDateTime)).toISOString();
    return { type, endDateTime: end, duration: null };
  }
  if (type === "afterDuration") {
    durationMs(String(duration));
    return { type, endDateTime: null, duration: String(duration) };
  }
  return type === "noExpiration" ? neverExpires : { ...neverExpires, type: "notSpecified" };
}

function momentOf(given: unknown): number {
  const moment = Date.parse(String(given));
  if (Number.isNaN(moment)) throw refused("InvalidModel", `'${String(given)}' is not a DateTimeOffset.`);
  return moment;
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
