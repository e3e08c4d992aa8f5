import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/** The part of host.json that the lab's host acts on, with Azure's defaults filled in. */
export type HostSettings = {
  /** How long an invocation may live, virtual time. Infinity: as long as it wants. */
  readonly functionTimeoutMs: number;
  readonly routePrefix: string;
  readonly serviceBus: ServiceBusSettings;
};

/** `extensions.serviceBus`, for triggers that take one message at a time. */
export type ServiceBusSettings = {
  readonly autoComplete: "on" | "off";
  readonly maxAutoLockRenewalMs: number;
  readonly maxConcurrentCalls: number;
  readonly maxConcurrentSessions: number;
  readonly sessionIdleTimeoutMs: number;
};

type Json = Readonly<Record<string, unknown>>;

// Learn, "functions-timeout-duration": 30 minutes on Flex Consumption and most other plans, 5 on the old Consumption plan.
const defaultTimeoutMs = 30 * 60_000;

// SDK timers are real, and longer ones overflow setTimeout; "for ever" is this long.
const longestMs = 2 ** 31 - 1;

export async function readHostSettings(appDir: string): Promise<HostSettings> {
  const file = join(appDir, "host.json");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Error(`${file} cannot be read. A Functions app needs one; {"version":"2.0"} is enough.`, {
      cause,
    });
  });
  return parseHostSettings(text, file);
}

/** Every mistake that can be found is reported in one error. */
export function parseHostSettings(text: string, file: string): HostSettings {
  const mistakes: string[] = [];
  const host = parseJson(text, file);
  if (host["version"] !== "2.0") mistakes.push(`version must be "2.0"`);
  const extensions = object(host["extensions"]);
  const http = object(extensions["http"]);
  const bus = object(extensions["serviceBus"]);
  const read = reader(bus, "extensions.serviceBus.", mistakes);

  // Azure repeats a session's calls in parallel then; the lab keeps a session's messages in order.
  if ((bus["maxConcurrentCallsPerSession"] ?? 1) !== 1) {
    mistakes.push(
      "extensions.serviceBus.maxConcurrentCallsPerSession other than 1 is not imitated by the lab",
    );
  }
  const timeoutMs = reader(host, "", mistakes).timeSpan("functionTimeout", defaultTimeoutMs);
  const settings: HostSettings = {
    functionTimeoutMs: timeoutMs === longestMs ? Infinity : timeoutMs,
    routePrefix:
      typeof http["routePrefix"] === "string" ? http["routePrefix"].replace(/^\/|\/$/g, "") : "api",
    serviceBus: {
      autoComplete: read.flag("autoCompleteMessages", "on"),
      maxAutoLockRenewalMs: read.timeSpan("maxAutoLockRenewalDuration", 5 * 60_000),
      maxConcurrentCalls: read.count("maxConcurrentCalls", 16 * availableParallelism()),
      maxConcurrentSessions: read.count("maxConcurrentSessions", 8),
      sessionIdleTimeoutMs: read.timeSpan("sessionIdleTimeout", 60_000),
    },
  };
  if (mistakes.length > 0) throw new Error(`${file} cannot be used:\n- ${mistakes.join("\n- ")}`);
  return settings;
}

function parseJson(text: string, file: string): Json {
  try {
    return object(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} is not valid JSON.`, { cause });
  }
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {}; // members are checked when read
}

/** `name` begins the name of every setting of the section. */
function reader(section: Json, name: string, mistakes: string[]) {
  const value = <T>(key: string, fallback: T, parse: (raw: unknown) => T | undefined, wanted: string): T => {
    if (section[key] === undefined) return fallback;
    const parsed = parse(section[key]);
    if (parsed === undefined) mistakes.push(`${name}${key} must be ${wanted}`);
    return parsed ?? fallback;
  };
  return {
    flag: (key: string, fallback: "on" | "off") =>
      value(
        key,
        fallback,
        (raw) => (typeof raw === "boolean" ? (raw ? "on" : "off") : undefined),
        "true or false",
      ),
    count: (key: string, fallback: number) =>
      value(
        key,
        fallback,
        (raw) => (Number.isInteger(raw) && Number(raw) > 0 ? Number(raw) : undefined),
        "a whole number above 0",
      ),
    timeSpan: (key: string, fallback: number) =>
      value(key, fallback, (raw) => parseTimeSpan(raw), `a time span like "00:05:00"`),
  };
}

/** .NET's `[-][d.]hh:mm:ss[.fffffff]` in milliseconds. Minus one millisecond is .NET's "for ever", host.json also says -1. */
export function parseTimeSpan(raw: unknown): number | undefined {
  if (raw === "-1") return longestMs;
  const match =
    typeof raw === "string" ? /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/.exec(raw) : null;
  if (match === null) return undefined;
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0", fraction = "0"] = match;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  const ms = wholeSeconds * 1000 + Math.round(Number(`0.${fraction}`) * 1000);
  if (sign === undefined) return Math.min(ms, longestMs);
  return ms === 1 ? longestMs : undefined;
}
