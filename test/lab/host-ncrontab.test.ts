import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextOccurrence, parseNcrontab, type Schedule } from "../../lab/host/ncrontab.ts";

const at = (text: string) => Date.parse(text);
const next = (expression: string, after: string) => {
  const found = nextOccurrence(parseNcrontab(expression), at(after));
  return found === undefined ? undefined : new Date(found).toISOString();
};

describe("an NCRONTAB schedule", () => {
  it.each([
    ["every five minutes", "0 */5 * * * *", "2026-11-20T10:02:00Z", "2026-11-20T10:05:00.000Z"],
    ["strictly after an occurrence", "0 */5 * * * *", "2026-11-20T10:05:00Z", "2026-11-20T10:10:00.000Z"],
    [
      "right before one, to the millisecond",
      "0 0 * * * *",
      "2026-11-20T09:59:59.999Z",
      "2026-11-20T10:00:00.000Z",
    ],
    ["nightly, in UTC", "0 30 2 * * *", "2026-11-20T03:00:00Z", "2026-11-21T02:30:00.000Z"],
    [
      "a step without an end runs to the end of the field",
      "0 5/20 * * * *",
      "2026-11-20T10:26:00Z",
      "2026-11-20T10:45:00.000Z",
    ],
    ["a range with a step", "0 0 8-18/5 * * *", "2026-11-20T13:30:00Z", "2026-11-20T18:00:00.000Z"],
    ["names in any case, shortened", "0 0 9 * JAN mon", "2026-11-20T00:00:00Z", "2027-01-04T09:00:00.000Z"],
    [
      "a backwards range is swapped, so FRI-MON is MON-FRI",
      "0 0 0 * * FRI-MON",
      "2026-11-20T12:00:00Z",
      "2026-11-23T00:00:00.000Z",
    ],
    [
      "day AND day of week: Friday the 13th",
      "0 0 0 13 * 5",
      "2026-11-20T00:00:00Z",
      "2027-08-13T00:00:00.000Z",
    ],
    ["29 February", "0 0 0 29 2 *", "2026-11-20T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    [
      "29 February on a Monday, across a century without a leap year",
      "0 0 0 29 2 1",
      "2080-01-01T00:00:00Z",
      "2112-02-29T00:00:00.000Z",
    ],
  ])("%s", (_name, expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });

  it("never comes for 30 February", () => {
    expect(next("0 0 0 30 2 *", "2026-11-20T00:00:00Z")).toBeUndefined();
  });

  it.each([
    ["five fields", "*/5 * * * *", "has 5 fields"],
    ["a time span", "00:05:00", "is a time span"],
    ["a second past 59", "60 * * * * *", 'the second field holds "60", which is out of range (0-59)'],
    ["a seventh day of the week", "0 0 0 * * 7", 'the weekday field holds "7", which is out of range (0-6)'],
    ["day 0", "0 0 0 0 * *", 'the day field holds "0"'],
    ["a step of nothing", "0 */0 * * * *", "whose step is below 1"],
    ["a name where there are none", "0 0 noon * * *", 'the hour field holds "noon"'],
    ["last days of the month", "0 0 0 L * *", 'the day field holds "L"'],
    ["a nickname", "@daily", "has 1 fields"],
    ["an empty item", "0 0 1,,2 * * *", 'the hour field holds ""'],
  ])("refuses %s and names the field", (_name, expression, message) => {
    expect(() => parseNcrontab(expression)).toThrow(message);
  });

  it("agrees with a search second by second", () => {
    fc.assert(
      fc.property(timeExpressions, instants, (expression, after) => {
        const schedule = parseNcrontab(expression);
        expect(nextOccurrence(schedule, after)).toBe(
          bruteForce(schedule, after, { stepMs: 1_000, steps: 26 * 3600 }),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("agrees with a search day by day over months, days and days of the week", () => {
    fc.assert(
      fc.property(dayExpressions, instants, (expression, after) => {
        const schedule = parseNcrontab(expression);
        const midnight = Math.floor(after / 86_400_000) * 86_400_000;
        expect(nextOccurrence(schedule, midnight)).toBe(
          bruteForce(schedule, midnight, { stepMs: 86_400_000, steps: 41 * 366 }),
        );
      }),
      { numRuns: 100 },
    );
  });
});

const instants = fc.integer({ min: at("2024-01-01T00:00:00Z"), max: at("2030-01-01T00:00:00Z") });

const field = (first: number, last: number) => {
  const value = fc.integer({ min: first, max: last });
  const step = fc.integer({ min: 1, max: last });
  const item = fc.oneof(
    fc.constant("*"),
    value.map(String),
    fc.tuple(value, value).map(([a, b]) => `${a}-${b}`),
    fc.tuple(value, value, step).map(([a, b, n]) => `${a}-${b}/${n}`),
    fc.tuple(value, step).map(([a, n]) => `${a}/${n}`),
    step.map((n) => `*/${n}`),
  );
  return fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(","));
};
const timeExpressions = fc
  .tuple(field(0, 59), field(0, 59), field(0, 23))
  .map(([second, minute, hour]) => `${second} ${minute} ${hour} * * *`);
const dayExpressions = fc
  .tuple(field(1, 31), field(1, 12), field(0, 6))
  .map(([day, month, weekday]) => `0 0 0 ${day} ${month} ${weekday}`);

function bruteForce(
  schedule: Schedule,
  after: number,
  search: { stepMs: number; steps: number },
): number | undefined {
  const start = Math.floor(after / search.stepMs) * search.stepMs;
  for (let step = 1; step <= search.steps; step++) {
    const date = new Date(start + step * search.stepMs);
    const fits =
      schedule.second.includes(date.getUTCSeconds()) &&
      schedule.minute.includes(date.getUTCMinutes()) &&
      schedule.hour.includes(date.getUTCHours()) &&
      schedule.day.includes(date.getUTCDate()) &&
      schedule.month.includes(date.getUTCMonth() + 1) &&
      schedule.weekday.includes(date.getUTCDay());
    if (fits) return date.getTime();
  }
  return undefined;
}
