import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { weatherNames, weatherOf, type Weather } from "../../lab/weather.ts";

type Value = Weather[keyof Weather];

const rows = Object.keys(weatherOf("calm")) as (keyof Weather)[]; // one for every row of the table

/** What a cell of docs/lab.md says: a share as "1 %", a span as "1–5 min", and words for the rest. */
function read(cell: string): Value | "nothing" {
  if (cell === "endless") return [Infinity, Infinity];
  if (cell === "0" || cell === "no") return "nothing";
  if (cell === "yes") return 1;
  const share = /^([\d.]+) %$/.exec(cell);
  if (share !== null) return Number(share[1]) / 100;
  const [, from = "", to = "", unit = ""] = /^([\d.,]+)–([\d.,]+) (ms|s|min)$/.exec(cell) ?? [];
  const ms = (text: string) =>
    Number(text.replace(",", "")) * ({ ms: 1, s: 1_000, min: 60_000 }[unit] ?? NaN);
  return [ms(from), ms(to)];
}

const inForce = (value: Value) =>
  value === 0 || (Array.isArray(value) && value[1] === 0) ? "nothing" : value;

test("docs/lab.md shows the table of the weathers as it is", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/lab.md"), "utf8");
  const lines = [...page.matchAll(/^\| `(\w+)` +\| ([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\|/gm)];
  const shown = Object.fromEntries(lines.map(([, name, ...cells]) => [name, cells.map(read)]));
  const actual = rows.map((row) => [row, weatherNames.map((name) => inForce(weatherOf(name)[row]))]);
  expect(rows.length).toBeGreaterThan(10);
  expect(shown).toMatchObject(Object.fromEntries(actual));
});

test("calm has nothing of it, and storm is never kinder than azure", () => {
  const worst = (value: Value) => (typeof value === "number" ? value : value[1]);
  for (const row of rows) {
    const [calm = 0, azure = 0, storm = 0] = weatherNames.map((name) => worst(weatherOf(name)[row]));
    expect({ row, calm }).toEqual({ row, calm: row === "subscriptionAccessMs" ? Infinity : 0 });
    expect(storm, row).toBeGreaterThanOrEqual(azure);
  }
});
