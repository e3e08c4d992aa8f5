import * as fc from "fast-check";
import { families, familyOf, type FamilyName, type Plot } from "./families.ts";
import { playSchedule } from "./schedule.ts";
import { settledWorld } from "./settled-world.ts";
import type { Moment } from "./story.ts";
import { calm, type Trouble } from "./trouble.ts";

/** One schedule that went wrong, and how to see it again. */
export type Failure = {
  readonly seed: number;
  readonly family: FamilyName;
  readonly findings: readonly string[];
  readonly story: readonly Moment[];
  readonly trouble: Trouble;
};

export type DrawOptions = {
  /** Stories of this family, whatever the number's own is. */
  readonly family?: FamilyName;
  /** Kinds of trouble to leave in; all of them when left out. */
  readonly only?: readonly string[];
  /** Look for the smallest story that fails in the same way. */
  readonly shrink?: "yes";
  readonly onLine?: (line: string) => void;
};

/** Two sync cycles, and the longest pause that Muster makes of its own accord. */
const quietMs = 100 * 60_000;

/** Draws the schedule of this number and plays it. @returns null when all ends well */
export async function playNumber(seed: number, options: DrawOptions = {}): Promise<Failure | null> {
  const family = options.family ?? familyOf(seed);
  const { world, plots } = families[family];
  const begin = await settledWorld(world);
  let last: Failure | null = null;
  const property = fc.asyncProperty(plots, fc.scheduler(), async (plot, scheduler) => {
    const { story } = plot;
    const trouble = reduced(plot.trouble, options.only);
    const { onLine } = options;
    const { findings } = await playSchedule({
      ...plot,
      seed,
      begin,
      trouble,
      quietMs,
      scheduler,
      timers: timersOf(plot),
      ...(onLine === undefined ? {} : { onLine }),
    });
    if (findings.length > 0) last = { seed, family, findings, story, trouble };
    return findings.length === 0;
  });
  const result = await fc.check(property, { seed, numRuns: 1, endOnFailure: options.shrink !== "yes" });
  if (result.failed && last === null)
    throw new Error(`schedule ${seed} broke off`, { cause: result.errorInstance });
  return last;
}

/** Some things are never announced, and only the timers find them. */
function timersOf({ story, timers }: Plot): Plot["timers"] {
  const has = (...kinds: readonly Moment["deed"]["kind"][]) =>
    story.some(({ deed }) => kinds.includes(deed.kind));
  if (timers === "subscriptions") return timers;
  if (has("nest", "unnest", "forget-subscription")) return "catch-up and subscriptions";
  return has("deploy") && timers === "none" ? "catch-up" : timers;
}

function reduced(drawn: Trouble, only: readonly string[] | undefined): Trouble {
  if (only === undefined) return drawn;
  const left = Object.entries(drawn).filter(([kind]) => only.includes(kind));
  return { ...calm, ...Object.fromEntries(left) };
}

export function explainFailure({ seed, family, findings, story, trouble }: Failure): string {
  const odd = Object.entries(trouble).filter(
    ([kind, value]) => JSON.stringify(value) !== JSON.stringify(calm[kind as keyof Trouble]), // its own keys
  );
  const named = family === familyOf(seed) ? "" : ` --family ${family}`;
  return [
    `schedule ${seed} (${family}): ${findings.join("; ")}`,
    ...story.map(({ afterMs, deed }) => `  after ${afterMs} ms: ${JSON.stringify(deed)}`),
    `  with ${odd.map(([kind, value]) => `${kind} ${JSON.stringify(value)}`).join(", ") || "no trouble"}`,
    `  again, step by step: npm run soak -- schedules --first ${seed} --count 1${named} --trace`,
  ].join("\n");
}
