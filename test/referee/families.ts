import * as fc from "fast-check";
import { crowdStories, strangerStories } from "./crowd-stories.ts";
import type { Terms } from "./policies.ts";
import type { Schedule } from "./schedule.ts";
import type { World } from "./settled-world.ts";
import {
  handStories,
  listeningStories,
  movedScopeStories,
  nestingStories,
  outageStories,
  policyStories,
  stories,
  swapStories,
  teamStories,
} from "./story.ts";
import { lostReminders, troubles, widerTroubles } from "./trouble.ts";

/** Everything of a schedule that is drawn before it begins. */
export type Plot = Pick<Schedule, "story" | "trouble" | "terms" | "timers" | "cycleMs" | "tellsOnce">;

/** Stories of one kind, with the trouble and the policy that go with them. */
type Family = { readonly world: World; readonly plots: fc.Arbitrary<Plot> };

const days = 24 * 60 * 60_000;
const minutes = 60_000;

const wide = fc.record<Terms>({
  deleteAfterMs: fc.constantFrom(0, 0, 30 * days),
  guard: fc.constant("wide" as const),
});
const cycle = fc.constant(40 * minutes);
const seldom = fc.constantFrom<Plot["timers"]>("none", "none", "catch-up");
const always = fc.constant<Plot["timers"]>("catch-up");

const plots = (parts: Partial<{ [Key in keyof Plot]: fc.Arbitrary<Plot[Key]> }>): fc.Arbitrary<Plot> =>
  fc.record({
    story: stories,
    trouble: troubles,
    terms: wide,
    timers: seldom,
    cycleMs: cycle,
    tellsOnce: fc.constant(false),
    ...parts,
  });

export const families = {
  ordinary: { world: "two", plots: plots({}) },
  edits: {
    world: "two",
    plots: plots({
      story: policyStories,
      terms: fc.constant({ deleteAfterMs: 0, guard: "tight" as const }),
      timers: always,
    }),
  },
  provisioning: { world: "two", plots: plots({ trouble: widerTroubles }) },
  teams: { world: "two", plots: plots({ story: teamStories }) },
  nesting: { world: "two", plots: plots({ story: nestingStories }) },
  listening: {
    world: "two",
    plots: plots({
      story: listeningStories,
      timers: fc.constant<Plot["timers"]>("subscriptions"),
    }),
  },
  outages: { world: "two", plots: plots({ story: outageStories("no application"), trouble: widerTroubles }) },
  hands: { world: "two", plots: plots({ story: handStories }) },
  reminders: { world: "two", plots: plots({ trouble: lostReminders, timers: always }) },
  crowds: {
    world: "crowd",
    plots: plots({
      story: crowdStories,
      terms: fc.constant({ deleteAfterMs: 0, guard: "few" as const }),
    }),
  },
  strangers: { world: "strangers", plots: plots({ story: strangerStories, trouble: widerTroubles }) },
  refusals: {
    world: "two",
    plots: plots({
      story: outageStories("no permission"),
      trouble: widerTroubles,
      tellsOnce: fc.constant(true),
    }),
  },
  swaps: { world: "two", plots: plots({ story: swapStories, timers: always }) },
  "moved scopes": { world: "two", plots: plots({ story: movedScopeStories, timers: always }) },
  "quick cycles": {
    world: "two",
    plots: plots({
      terms: fc.constant({ deleteAfterMs: 30 * days, guard: "wide" as const }),
      cycleMs: fc.constantFrom(2 * minutes, 10 * minutes),
    }),
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof families;
export const familyNames = Object.keys(families) as readonly FamilyName[]; // the keys of a literal

/** Whose turn it is, again and again: how often a family is in here is how much of all schedules it gets. */
const turns: readonly FamilyName[] = [
  "ordinary",
  "teams",
  "ordinary",
  "provisioning",
  "edits",
  "ordinary",
  "outages",
  "ordinary",
  "crowds",
  "nesting",
  "ordinary",
  "hands",
  "ordinary",
  "reminders",
  "ordinary",
  "teams",
  "ordinary",
  "provisioning",
  "ordinary",
  "listening",
  "outages",
  "strangers",
];

export const familyOf = (seed: number): FamilyName => turns[seed % turns.length] ?? "ordinary";
