/**
 * NCRONTAB, the schedule language of timer triggers, as the Functions host reads it: six fields, UTC, `a/n` runs from a
 * to the end of the field, a backwards range is swapped, and day AND day of week must both match.
 * https://github.com/atifaziz/NCrontab
 */
export type Schedule = { readonly [field in FieldName]: readonly number[] };

const months = "January February March April May June July August September October November December".split(
  " ",
);
const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

const fields = [
  { name: "second", first: 0, last: 59, words: [] },
  { name: "minute", first: 0, last: 59, words: [] },
  { name: "hour", first: 0, last: 23, words: [] },
  { name: "day", first: 1, last: 31, words: [] },
  { name: "month", first: 1, last: 12, words: months },
  { name: "weekday", first: 0, last: 6, words: weekdays },
] as const;

type Field = {
  readonly name: FieldName;
  readonly first: number;
  readonly last: number;
  readonly words: readonly string[];
};
type FieldName = (typeof fields)[number]["name"];

/** Throws an error that names the wrong field. */
export function parseNcrontab(expression: string): Schedule {
  const parts = expression.trim().split(/\s+/);
  if (/^\S*:\S*$/.test(expression.trim())) {
    throw new Error(
      `"${expression}" is a time span, which timers accept on dedicated plans only. Use six NCRONTAB fields.`,
    );
  }
  if (parts.length !== fields.length) {
    throw new Error(
      `"${expression}" has ${parts.length} fields. NCRONTAB needs six: second minute hour day month day-of-week.`,
    );
  }
  const schedule = Object.fromEntries(
    fields.map((field, index) => [field.name, parseField(parts[index] ?? "", field, expression)]),
  ) as { [field in FieldName]: number[] }; // fromEntries forgets the key type
  return schedule;
}

function parseField(text: string, field: Field, expression: string): number[] {
  const values = new Set(text.split(",").flatMap((item) => parseItem(item, field, expression)));
  return [...values].toSorted((a, b) => a - b);
}

function parseItem(item: string, field: Field, expression: string): number[] {
  const wrong = (why: string) =>
    new Error(
      `"${expression}": the ${field.name} field holds "${item}", ${why} (${field.first}-${field.last}).`,
    );
  const match = /^(\*|[^-/*]+)(?:-([^-/*]+))?(?:\/(\d+))?$/.exec(item);
  if (match === null) throw wrong("which is not a number, a name, a range or a step");
  const [, from = "", to, step] = match;

  const value = (text: string): number => {
    const found = /^\d+$/.test(text) ? Number(text) : wordValue(text, field);
    if (found === undefined || found < field.first || found > field.last)
      throw wrong("which is out of range");
    return found;
  };
  if (step !== undefined && Number(step) < 1) throw wrong("whose step is below 1");
  if (from === "*" && to !== undefined) throw wrong("which is no range");
  const start = from === "*" ? field.first : value(from);
  const end = from === "*" || (to === undefined && step !== undefined) ? field.last : value(to ?? from);
  return range(Math.min(start, end), Math.max(start, end), Number(step ?? 1));
}

// Any beginning of a name counts, in any case: the first month or day that fits.
function wordValue(text: string, field: Field): number | undefined {
  const index = field.words.findIndex((word) => word.toLowerCase().startsWith(text.toLowerCase()));
  return index < 0 ? undefined : index + field.first;
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

const dayMs = 86_400_000;
// 29 February on a given day of the week comes back within 40 years, even across a century without a leap year.
const searchDays = 41 * 366;

/** The first occurrence after `afterMs` (epoch milliseconds), or undefined for a date that never comes, like 30 February. */
export function nextOccurrence(schedule: Schedule, afterMs: number): number | undefined {
  const from = (Math.floor(afterMs / 1000) + 1) * 1000;
  const today = Math.floor(from / dayMs) * dayMs;
  for (let day = 0; day < searchDays; day++) {
    const midnight = today + day * dayMs;
    if (!matchesDay(schedule, new Date(midnight))) continue;
    const second = firstSecondOfDay(schedule, Math.max(0, (from - midnight) / 1000));
    if (second !== undefined) return midnight + second * 1000;
  }
  return undefined;
}

function matchesDay({ day, month, weekday }: Schedule, date: Date): boolean {
  return (
    month.includes(date.getUTCMonth() + 1) &&
    day.includes(date.getUTCDate()) &&
    weekday.includes(date.getUTCDay())
  );
}

function firstSecondOfDay({ hour, minute, second }: Schedule, from: number): number | undefined {
  for (const h of hour) {
    if (h * 3600 + 3599 < from) continue;
    for (const m of minute) {
      if (h * 3600 + m * 60 + 59 < from) continue;
      for (const s of second) if (h * 3600 + m * 60 + s >= from) return h * 3600 + m * 60 + s;
    }
  }
  return undefined;
}
