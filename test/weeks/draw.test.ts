import { expect, test } from "vitest";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import { layOut } from "../worlds/lay-out.ts";
import { weekFrom, weeksBeginAt } from "./calendar.ts";
import { drawOrganisation, drawTerms } from "./draw-organisation.ts";
import { drawWeek } from "./draw-week.ts";

const seeds = Array.from({ length: 30 }, (_, index) => index + 1);
const dayMs = 24 * 60 * 60_000;
const calendar = weekFrom(weeksBeginAt);
const weeksOf = (seed: number) =>
  [0, 1, 2, 3].map((week) => drawWeek(drawOrganisation(seed, 4), { seed, week, storyMs: calendar.storyMs }));

test("a seed draws the same organisation and the same weeks every time, and no two alike", () => {
  for (const seed of seeds.slice(0, 5)) {
    expect(drawOrganisation(seed, 4)).toEqual(drawOrganisation(seed, 4));
    expect(weeksOf(seed)).toEqual(weeksOf(seed));
    expect(new Set(weeksOf(seed).map((week) => JSON.stringify(week))).size).toBe(4);
  }
});

test("more weeks make more people, and the same ones do the same in the weeks before", () => {
  const [few, many] = [drawOrganisation(3, 2), drawOrganisation(3, 8)];
  expect(many.people.slice(0, few.people.length)).toEqual(few.people);
  expect(many.targets).toEqual(few.targets);
  const first = { seed: 3, week: 0, storyMs: calendar.storyMs };
  expect(drawWeek(many, first)).toEqual(drawWeek(few, first));
});

test("the policy of every organisation is one that Muster accepts", () => {
  const wrong = seeds.flatMap((seed) => {
    const { policy } = layOut(drawTerms(seed), [drawOrganisation(seed, 8)]);
    const parsed = parsePolicy(policy, "policy.yaml");
    return parsed.kind === "ok" ? [] : parsed.problems.map(({ message }) => `${seed}: ${message}`);
  });
  expect(wrong).toEqual([]);
});

test("whoever leaves does so in every way, and comes back", () => {
  const kinds = new Set(
    seeds.flatMap((seed) => weeksOf(seed).flatMap(({ story }) => story.map(({ deed }) => deed.kind))),
  );
  for (const kind of [
    "join",
    "drop",
    "disable",
    "enable",
    "delete",
    "restore",
    "purge",
    "hire again",
  ] as const)
    expect(kinds).toContain(kind);
});

test("a story ends in time for a night that repairs what is left of it, and another one", () => {
  for (const { story } of seeds.flatMap(weeksOf))
    expect(story.every(({ at }) => at >= 0 && at <= calendar.storyMs)).toBe(true);
  expect(new Date(calendar.lastNightAt).toISOString()).toBe("2026-01-12T02:00:00.000Z");
  expect(calendar.lastNightAt - (calendar.beginsAt + calendar.storyMs)).toBeGreaterThan(dayMs);
  expect(weekFrom(calendar.endsAt).beginsAt - calendar.beginsAt).toBe(7 * dayMs);
});
