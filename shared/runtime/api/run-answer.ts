import { z } from "zod";
import type { Plan } from "../../model/plan.ts";
import {
  differenceEnds,
  isOver,
  sweepStates,
  type Difference,
  type Sweep,
  type SweepPart,
} from "../../model/sweep.ts";
import { explain } from "../../planner/explain.ts";
import type { FindingRow } from "../../state/findings.ts";
import { scopeInApi, scopeSchema } from "./run-words.ts";

const time = z.iso.datetime().describe("ISO 8601, UTC.");

const headShape = {
  id: z.string(),
  occasion: z.enum(["night", "resync", "policy"]).describe("Why it was begun."),
  mode: z.enum(["plan", "apply"]),
  scope: scopeSchema,
  by: z.string().nullable().describe("Who asked for it; null: nobody in person."),
  state: z.enum(["running", "over"]),
  begun: time,
  ended: time.nullable(),
};
export const runHeadSchema = z.object(headShape).meta({ id: "RunHead" });

/** The kinds of steps and notes grow; what they mean stands in `words`. */
const someKind = z.looseObject({ kind: z.string() });

const planSchema = z
  .object({
    target: z.string().nullable().describe("null: the source."),
    purpose: z.enum(["join", "leave"]),
    leaving: z.string().nullable(),
    words: z.array(z.string()).describe("The plan, in words."),
    steps: z.array(someKind),
    withheld: z
      .array(z.object({ step: someKind, check: z.string(), reason: z.string(), advice: z.string() }))
      .describe("What a rule took out of it."),
    notes: z.array(someKind),
  })
  .meta({ id: "Plan" });

const differenceSchema = z
  .object({
    analyst: z.guid(),
    person: z.string().nullable(),
    why: z.array(z.string()).describe("In what way the place does not show what it should."),
    removals: z.int().describe("How much of what Muster gave would be taken."),
    called: time.nullable().describe("When a look of their own was asked for; null: none was."),
    end: z
      .object({ kind: z.enum(differenceEnds), detail: z.string() })
      .nullable()
      .describe("How it ended; null: it has not."),
    plan: planSchema.nullable(),
  })
  .meta({ id: "Difference" });

const findingSchema = z
  .object({
    kind: z.string().describe("As `muster findings` has it."),
    subject: z.string().describe("The object id of an analyst, or what is compared as a whole."),
    person: z.string().nullable(),
    found: z.string(),
    advice: z.string(),
    since: time,
    seen: time.describe("When a look last met it."),
  })
  .meta({ id: "Finding" });

const placeSchema = z
  .object({
    tenant: z.guid(),
    name: z.string(),
    state: z.enum(sweepStates),
    why: z.string().describe("Why it waits, or has failed."),
    begun: time.nullable(),
    ended: time.nullable(),
    tries: z.int().describe("Reads that failed one after the other."),
    compared: z.int().describe("Analysts who were compared."),
    underWay: z.int().describe("Those who were just being looked at, and were not compared."),
    counts: z.record(z.enum(["differ", ...differenceEnds]), z.int()).describe("How those ended that differ."),
    orphans: z.int().describe("Who is to be out, and nothing proves it."),
    unmanaged: z
      .array(z.object({ name: z.string(), count: z.int(), some: z.array(z.string()) }))
      .describe("Members of groups that Muster manages whom it has not put there."),
    unread: z
      .array(z.string())
      .describe("What could not be read to its end: of that, nothing is said to be missing."),
    withheld: z
      .object({ removals: z.int(), given: z.int(), people: z.int() })
      .nullable()
      .describe("What is not taken, because it would have been too much at once."),
    differences: z.array(differenceSchema),
    findings: z
      .array(findingSchema)
      .describe(
        "What people have to see to there now, whichever look has met it; in a run about one analyst, theirs.",
      ),
  })
  .meta({ id: "Place" });

export const runSchema = z
  .object({
    ...headShape,
    progress: z.object({ places: z.int(), over: z.int() }),
    places: z.array(placeSchema),
  })
  .meta({ id: "Run" });

const iso = (at: number) => new Date(at).toISOString();
const isoOrNull = (at: number | null) => (at === null ? null : iso(at));

export const headOf = ({ begunAt, endedAt, scope, ...same }: Sweep): z.input<typeof runHeadSchema> => ({
  ...same,
  scope: scopeInApi(scope),
  state: endedAt === null ? "running" : "over",
  begun: iso(begunAt),
  ended: isoOrNull(endedAt),
});

export type KnownRun = {
  readonly sweep: Sweep;
  /** All of them. */
  readonly parts: readonly SweepPart[];
  /** Those that were asked for, with who differed there, and what is open there. */
  readonly places: readonly (SweepPart & {
    readonly differences: readonly Difference[];
    readonly findings: readonly FindingRow[];
  })[];
};

export const runOf = ({ sweep, parts, places }: KnownRun): z.input<typeof runSchema> => ({
  ...headOf(sweep),
  progress: { places: parts.length, over: parts.filter(isOver).length },
  places: places.map(placeOf),
});

function placeOf({
  begunAt,
  endedAt,
  nextAt: _nextAt,
  differences,
  findings,
  ...same
}: KnownRun["places"][number]): z.input<typeof placeSchema> {
  return {
    ...same,
    begun: isoOrNull(begunAt),
    ended: isoOrNull(endedAt),
    counts: { ...same.counts },
    unmanaged: same.unmanaged.map((one) => ({ ...one, some: [...one.some] })),
    unread: [...same.unread],
    differences: differences.map(differenceOf),
    findings: findings.map(findingOf),
  };
}

const differenceOf = ({
  tenant: _tenant,
  calledAt,
  plan,
  why,
  ...same
}: Difference): z.input<typeof differenceSchema> => ({
  ...same,
  why: [...why],
  called: isoOrNull(calledAt),
  plan: plan === null ? null : planOf(plan),
});

const findingOf = (row: FindingRow): z.input<typeof findingSchema> => ({
  kind: row.kind,
  subject: row.subject,
  person: row.person,
  found: row.found,
  advice: row.advice,
  since: iso(row.since),
  seen: iso(row.seen),
});

const planOf = (plan: Plan): z.input<typeof planSchema> => ({
  target: plan.target,
  purpose: plan.purpose,
  leaving: plan.leaving,
  words: [...explain(plan)],
  steps: [...plan.steps],
  withheld: plan.withheld.map((one) => ({ ...one })),
  notes: [...plan.notes],
});
