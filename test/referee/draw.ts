import * as fc from "fast-check";
import type { Guard } from "./policies.ts";
import { playSchedule } from "./schedule.ts";
import { settledWorld } from "./settled-world.ts";
import { policyStories, stories, type Moment } from "./story.ts";
import { calm, troubles, type Trouble } from "./trouble.ts";

/** One schedule that went wrong, and how to see it again. */
export type Failure = {
  readonly seed: number;
  readonly findings: readonly string[];
  readonly story: readonly Moment[];
  readonly trouble: Trouble;
};

export type DrawOptions = {
  /** Kinds of trouble to leave in; all of them when left out. */
  readonly only?: readonly string[];
  /** Look for the smallest story that fails in the same way. */
  readonly shrink?: "yes";
  readonly onLine?: (line: string) => void;
};

const days = 24 * 60 * 60_000;
/** Two sync cycles, and the longest pause that Muster makes of its own accord. */
const quietMs = 100 * 60_000;

const ordinary = fc.record({
  story: stories,
  trouble: troubles,
  terms: fc.record({
    deleteAfterMs: fc.constantFrom(0, 0, 30 * days),
    guard: fc.constant<Guard>("wide"),
  }),
  catchUp: fc.constantFrom("off" as const, "off" as const, "on" as const),
});

const edited = fc.record({
  story: policyStories,
  trouble: troubles,
  terms: fc.constant({ deleteAfterMs: 0, guard: "tight" as const }),
  catchUp: fc.constant("on" as const),
});

/** Draws the schedule of this number and plays it. @returns null when all ends well */
export async function playNumber(seed: number, options: DrawOptions = {}): Promise<Failure | null> {
  const begin = await settledWorld();
  let last: Failure | null = null;
  const property = fc.asyncProperty(
    fc.oneof({ weight: 9, arbitrary: ordinary }, { weight: 1, arbitrary: edited }),
    fc.scheduler(),
    async ({ trouble: drawn, catchUp, ...plot }, scheduler) => {
      const { story } = plot;
      const trouble = reduced(drawn, options.only);
      const { onLine } = options;
      const { findings } = await playSchedule({
        ...plot,
        seed,
        begin,
        trouble,
        quietMs,
        scheduler,
        // Nobody else says that there is a new policy.
        catchUp: story.some(({ deed }) => deed.kind === "deploy") ? "on" : catchUp,
        ...(onLine === undefined ? {} : { onLine }),
      });
      if (findings.length > 0) last = { seed, findings, story, trouble };
      return findings.length === 0;
    },
  );
  const result = await fc.check(property, { seed, numRuns: 1, endOnFailure: options.shrink !== "yes" });
  if (result.failed && last === null)
    throw new Error(`schedule ${seed} broke off`, { cause: result.errorInstance });
  return last;
}

function reduced(drawn: Trouble, only: readonly string[] | undefined): Trouble {
  if (only === undefined) return drawn;
  const left = Object.entries(drawn).filter(([kind]) => only.includes(kind));
  return { ...calm, ...Object.fromEntries(left) };
}

export function explainFailure({ seed, findings, story, trouble }: Failure): string {
  const odd = Object.entries(trouble).filter(
    ([kind, value]) => JSON.stringify(value) !== JSON.stringify(calm[kind as keyof Trouble]), // its own keys
  );
  return [
    `schedule ${seed}: ${findings.join("; ")}`,
    ...story.map(({ afterMs, deed }) => `  after ${afterMs} ms: ${JSON.stringify(deed)}`),
    `  with ${odd.map(([kind, value]) => `${kind} ${JSON.stringify(value)}`).join(", ") || "no trouble"}`,
    `  again, step by step: npm run soak -- schedules --first ${seed} --count 1 --trace`,
  ].join("\n");
}
