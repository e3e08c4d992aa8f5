import { chanceOf, type Chance } from "../referee/chance.ts";
import type { WeatherName } from "../../lab/weather.ts";
import { minuteMs } from "./times.ts";
import type { Climate, CommonTrouble } from "./plan.ts";

/** Seeds that share a lab in `npm test`, so that its start is paid for once. */
const companySize = 10;

export const companyOf = (seed: number): number => Math.floor((seed - 1) / companySize) + 1;
export const seedsOf = (company: number): readonly number[] =>
  Array.from({ length: companySize }, (_, index) => (company - 1) * companySize + index + 1);

/** `npm test` plays the first five: a storm takes five times as long as calm weather. */
const ofTests: readonly WeatherName[] = ["azure", "calm", "calm", "azure", "calm"];

/** Follows from the company alone, so that a seed meets the same whether others play beside it or not. */
export function drawClimate(company: number): Climate {
  const chance = chanceOf(company * 7_919);
  const weather =
    ofTests[company - 1] ??
    chance.pick("weather", ["azure", "calm", "azure", "calm", "azure", "calm", "storm"]);
  const order = chance.pick("order", ["add-first", "add-first", "remove-first"]);
  const grace = chance.pick("grace", [null, null, "PT10M", "PT30M"]);
  const deleteAfter = chance.pick("deleteAfter", ["P0D", "P0D", "PT1H", "never"]);
  return {
    company,
    weather,
    leavers: {
      revokeSessions: chance.happens("revokeSessions", 0.8),
      block: chance.happens("block", 0.85),
      deleteAfter,
      accounts: chance.pick("accounts", ["owned", "owned", "all"]),
    },
    movers: { order, ...(grace === null || order === "remove-first" ? {} : { grace }) },
    patience: chance.pick("patience", ["PT30M", "PT10M"]),
    troubles: Array.from({ length: chance.between("troubles", 0, 3) }, () => drawTrouble(chance)),
  };
}

const source = { tenant: "source" };

export function drawTrouble(chance: Chance): CommonTrouble {
  const at = chance.between("trouble at", 0, 45) * minuteMs;
  const forMs = chance.pick("trouble for", [20_000, 2 * minuteMs, 10 * minuteMs]);
  const times = chance.between("trouble times", 1, 12);
  const troubles: readonly [CommonTrouble, ...CommonTrouble[]] = [
    { at, kind: "host", deadMs: forMs },
    { at, kind: "outer", fault: { kind: "tablesDown", ms: Math.min(forMs, 2 * minuteMs) } },
    { at, kind: "outer", fault: { kind: "busLockLost", times: Math.min(times, 4) } },
    { at, kind: "outer", fault: { kind: "busDuplicateDelivery", times } },
    { at, kind: "outer", fault: { kind: "busLinkDropped", times: Math.min(times, 3), what: "link" } },
    { at, kind: "fault", forMs, fault: { kind: "lostNotification", share: 0.5 } },
    { at, kind: "fault", forMs, fault: { kind: "duplicateNotification", n: 3 } },
    { at, kind: "fault", forMs, fault: { kind: "delayNotification", ms: 90_000, share: 0.5 } },
    { at, kind: "fault", forMs, fault: { kind: "reorderNotifications" } },
    { at, kind: "fault", forMs, fault: { kind: "throttle", retryAfterSeconds: 20, times, match: source } },
    { at, kind: "fault", forMs, fault: { kind: "error", status: 503, times, match: source } },
    { at, kind: "fault", forMs, fault: { kind: "emptyRead", times, match: source } },
    { at, kind: "fault", forMs, fault: { kind: "partialPage", times, match: source } },
    { at, kind: "fault", forMs, fault: { kind: "lag", ms: 20_000, match: source } },
    { at, kind: "fault", forMs, fault: { kind: "revokedConsent", match: source } },
  ];
  return chance.pick("trouble", troubles);
}
