import { expect, test } from "vitest";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import { drawClimate, seedsOf } from "./draw-climate.ts";
import { drawWorld } from "./draw-world.ts";
import { layOut } from "./lay-out.ts";
import { storyMs } from "./times.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const plans = numbers(1_000).map(drawWorld);
const climates = numbers(100).map(drawClimate);
const sorted = (words: Iterable<string>) => [...new Set(words)].toSorted();

test("a seed draws the same world every time, and a company the same climate", () => {
  expect(numbers(100).map(drawWorld)).toEqual(plans.slice(0, 100));
  expect(numbers(20).map(drawClimate)).toEqual(climates.slice(0, 20));
});

test("the policy of every company is one that Muster accepts", () => {
  const wrong = climates.slice(0, 8).flatMap((climate) => {
    const { policy } = layOut(climate, seedsOf(climate.company).map(drawWorld));
    const parsed = parsePolicy(policy, "policy.yaml");
    return parsed.kind === "ok" ? [] : parsed.problems.map(({ message }) => `${climate.company}: ${message}`);
  });
  expect(wrong).toEqual([]);
});

test("a story is told in the order of time, and ends in time", () => {
  for (const { story } of plans) {
    const times = story.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.max(0, ...times)).toBeLessThanOrEqual(storyMs);
  }
});

test("every way to hold a role, to reach a target and to be given something is drawn", () => {
  const targets = plans.flatMap((plan) => plan.targets);
  const grants = targets.flatMap((target) => Object.values(target.grants));
  expect(sorted(plans.flatMap(({ roles }) => roles.map(({ shownBy }) => shownBy)))).toEqual([
    "attributes",
    "group",
    "team",
  ]);
  expect(sorted(targets.map(({ topology, scope }) => `${topology} by ${scope}`))).toEqual([
    "pull by group",
    "pull by none",
    "push by app role",
    "push by group",
    "push by package",
    "push by package with approval",
  ]);
  expect(sorted(targets.map(({ mode }) => mode))).toEqual(["add-only", "full", "observe"]);
  expect(
    sorted(
      grants.flatMap(({ groups, eligible, package: one, sourceGroup }) => [
        ...(groups.length > 0 ? ["groups"] : []),
        ...(eligible === null ? [] : [`eligible ${eligible.duration ?? "for long"}`]),
        ...(one === null ? [] : [`package, ${one.policy}, expires ${one.expires}, renew ${one.renew}`]),
        ...(sourceGroup === null ? [] : ["source group"]),
      ]),
    ),
  ).toEqual([
    "eligible PT2H",
    "eligible for long",
    "groups",
    "package, Direct, expires PT1H, renew false",
    "package, Direct, expires PT4H, renew true",
    "package, Direct, expires null, renew false",
    "package, With approval, expires PT1H, renew false",
    "package, With approval, expires PT4H, renew true",
    "package, With approval, expires null, renew false",
    "source group",
  ]);
});

/** A compiler would not notice a deed that nobody draws any more. */
const deeds =
  `activate, approve, assign, block, delete, deny, disable, drop, enable, end eligibility, fault, give, hire again,
  into scope, into source group, join, make a role holder, make a second account, make eligible, out of scope, out of source group, purge, remove account,
  rename, restore, review, stamp at home, stamp with a stranger's id, take, take the mail of, unassign, unmake a role holder`.split(
    /,\s+/,
  );

test("everything that people do is drawn, and most of it in the worlds of `npm test`", () => {
  const kinds = (some: typeof plans) =>
    sorted(some.flatMap(({ story }) => story.map(({ deed }) => deed.kind)));
  expect(kinds(plans)).toEqual(deeds.toSorted());
  expect(kinds(plans.slice(0, 50)).length).toBeGreaterThan(deeds.length * 0.75);
});

test("every weather and every common trouble is drawn, and no storm in `npm test`, which would take too long", () => {
  expect(sorted(climates.map(({ weather }) => weather))).toEqual(["azure", "calm", "storm"]);
  expect(sorted(climates.slice(0, 5).map(({ weather }) => weather))).toEqual(["azure", "calm"]);
  const troubles = climates.flatMap((climate) =>
    climate.troubles.map((trouble) => (trouble.kind === "host" ? "host" : trouble.fault.kind)),
  );
  expect(sorted(troubles).length).toBe(15);
});
