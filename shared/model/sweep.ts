import type { AnalystId, TargetName, TenantId } from "./ids.ts";
import type { Plan } from "./plan.ts";

/** What a sweep is about: everything, or less. */
export type SweepScope =
  | { readonly kind: "all" }
  | { readonly kind: "analyst"; readonly analyst: AnalystId }
  | { readonly kind: "target"; readonly target: TargetName }
  | { readonly kind: "tag"; readonly tag: string };

/**
 * One comparison of what the policy wants with what tenants show, whoever asked for it: the night, an operator, or another policy that
 * came into force. Times are epoch ms.
 */
export type Sweep = {
  readonly id: string;
  readonly occasion: "night" | "resync" | "policy";
  /** `plan`: say what would be done, and write nothing. */
  readonly mode: "plan" | "apply";
  readonly scope: SweepScope;
  /** Who asked, as their token says; null: nobody in person. */
  readonly by: string | null;
  readonly begunAt: number;
  /** When the last of its places was done; null while one is not. */
  readonly endedAt: number | null;
};

type SweepPlace = { readonly tenant: TenantId; readonly name: TargetName };

/**
 * How far a sweep is in one place. `waiting`: nobody has looked yet, or analysts there are just being told of something. `comparing`: it
 * is being read. `following`: who differed was put on the queue, and looks of their own are awaited. `failed`: it could not be read.
 */
export const sweepStates = ["waiting", "comparing", "following", "done", "failed"] as const;
type SweepState = (typeof sweepStates)[number];

export type SweepPart = SweepPlace & {
  readonly state: SweepState;
  readonly begunAt: number | null;
  readonly endedAt: number | null;
  /** Why it waits, or has failed; "" where there is nothing to say. */
  readonly why: string;
  /** Reads that failed one after the other. */
  readonly tries: number;
  /** When a message that carries it on is due, epoch ms: one that is long overdue has died. */
  readonly nextAt: number;
  /** Pairs of analyst and place that were compared, and those that were just being looked at, and were not. */
  readonly compared: number;
  readonly underWay: number;
  /** Pairs of whom somebody is to be out, and nothing proves it. */
  readonly orphans: number;
  /** Members of groups that Muster manages whom it has not put there. */
  readonly unmanaged: readonly Unmanaged[];
  /** What could not be read to its end: of that, nothing is said to be missing. */
  readonly unread: readonly string[];
  /** Whom nothing is taken from in this run, because it would have been too much at once. */
  readonly withheld: Withholding | null;
  /** How those ended that differed. */
  readonly counts: Readonly<Record<DifferenceEnd | "differ", number>>;
};

export type Unmanaged = {
  readonly name: string;
  readonly count: number;
  /** Some of them, by their object ids. */
  readonly some: readonly string[];
};

/** `removals` of `given`: what would have been taken, of what Muster has given there. */
type Withholding = {
  readonly removals: number;
  readonly given: number;
  readonly people: number;
};

/**
 * `repaired`: something was written, and is proven. `as-it-should-be`: a look found nothing to do. `held`: a rule of the policy keeps Muster
 * from it. `refused`: Graph does. `open`: there is something that people, or Muster, have yet to do. `planned`: said, as was asked for.
 */
export const differenceEnds = ["repaired", "as-it-should-be", "held", "refused", "open", "planned"] as const;
export type DifferenceEnd = (typeof differenceEnds)[number];

/** Somebody for whom a place does not show what it should. */
export type Difference = {
  readonly tenant: TenantId;
  readonly analyst: AnalystId;
  /** What they are called; null: nobody knows. */
  readonly person: string | null;
  /** In words, for people. */
  readonly why: readonly string[];
  /** How much of what Muster gave would be taken. */
  readonly removals: number;
  /** What was put on the queue for them: themselves in the source, or their access in the place. */
  readonly called: readonly ("analyst" | "access")[];
  /** When; null: nothing was. */
  readonly calledAt: number | null;
  /** How it ended, and in which words; null while it has not. */
  readonly end: { readonly kind: DifferenceEnd; readonly detail: string } | null;
  /** What would be done; null where nobody asked for a plan, or none could be made. */
  readonly plan: Plan | null;
};

const noCounts: SweepPart["counts"] = {
  differ: 0,
  repaired: 0,
  "as-it-should-be": 0,
  held: 0,
  refused: 0,
  open: 0,
  planned: 0,
};

export const waitingPart = (place: SweepPlace): SweepPart => ({
  ...place,
  state: "waiting",
  begunAt: null,
  endedAt: null,
  why: "",
  tries: 0,
  nextAt: 0,
  compared: 0,
  underWay: 0,
  orphans: 0,
  unmanaged: [],
  unread: [],
  withheld: null,
  counts: noCounts,
});

export const isOver = ({ state }: Pick<SweepPart, "state">): boolean =>
  state === "done" || state === "failed";
