import * as fc from "fast-check";
import type { BusTrouble } from "./bus.ts";
import type { GraphTrouble } from "./graph.ts";
import type { HostTrouble } from "./host.ts";

type NoticeTrouble = {
  /** From a change to its notification, at most. */
  readonly longestNoticeMs: number;
  readonly doubledNotices: number;
  /** Changes that Graph never announces. */
  readonly lostNotices: number;
  /** Group notifications that do not say whom they are about. */
  readonly unnamed: number;
};

/** Everything that may go wrong in a schedule, and how often. */
export type Trouble = BusTrouble &
  GraphTrouble &
  HostTrouble &
  NoticeTrouble & {
    /** How long a cycle of sync takes, which goes to its end by what it saw when it began. */
    readonly cycleLastsMs: number;
    /** How wrong the clocks of the two hosts are. */
    readonly skewMs: readonly [number, number];
  };

/** Nothing goes wrong; only what is in the nature of things takes its time. */
export const calm: Trouble = {
  lostLocks: 0,
  doubled: 0,
  disorder: 0,
  longestDelayMs: 0,
  lostWakes: 0,
  stale: 0,
  lagMs: 1,
  groupsLagMs: 0,
  refused: 0,
  lostAnswers: 0,
  assignmentMs: 0,
  throttled: 0,
  unnamedAccounts: 0,
  crashes: 0,
  slow: 0,
  longestSlowMs: 1_000,
  longestNoticeMs: 1_000,
  doubledNotices: 0,
  lostNotices: 0,
  unnamed: 0,
  brokenOff: 0,
  noIndex: 0,
  cycleLastsMs: 0,
  skewMs: [0, 0],
};

/** Mostly nothing of a kind, so that each kind is met alone and with every other. */
const rarely = (...values: readonly number[]) => fc.constantFrom(0, 0, 0, ...values);

const common = {
  lostLocks: rarely(0.05, 0.3),
  doubled: rarely(0.05, 0.3),
  disorder: rarely(0.1),
  longestDelayMs: rarely(2_000, 20_000),
  stale: rarely(0.2, 0.7),
  lagMs: fc.constantFrom(1_000, 5_000, 15_000, 40_000, 75_000),
  groupsLagMs: fc.constant(0),
  refused: rarely(0.05, 0.2),
  lostAnswers: rarely(0.05, 0.3),
  assignmentMs: rarely(20_000, 90_000),
  crashes: rarely(0.005, 0.02),
  slow: rarely(0.02, 0.1),
  longestSlowMs: fc.constantFrom(5_000, 30_000, 90_000),
  longestNoticeMs: fc.constantFrom(1_000, 15_000, 30_000),
  doubledNotices: rarely(0.3),
  lostNotices: fc.constant(0),
  unnamed: rarely(0.5, 1),
  brokenOff: fc.constant(0),
  noIndex: fc.constant(0),
  cycleLastsMs: fc.constant(0),
  skewMs: fc.constantFrom<readonly [number, number]>(
    [0, 0],
    [0, 0],
    [0, 2_500],
    [-2_500, 0],
    [0, 20_000],
    [-90_000, 0],
  ),
};

export const troubles: fc.Arbitrary<Trouble> = fc.record({
  ...common,
  lostWakes: fc.constant(0),
  throttled: fc.constant(0),
  unnamedAccounts: fc.constant(0),
});

/** What else Graph and sync do at times: limits, long waits for an assignment, answers that leave the account out. */
export const widerTroubles: fc.Arbitrary<Trouble> = fc.record({
  ...common,
  lostWakes: fc.constant(0),
  assignmentMs: rarely(90_000, 300_000),
  throttled: rarely(0.05, 0.2),
  unnamedAccounts: rarely(0.3, 1),
});

/** Changes that nobody hears of. Without the catch-up nobody would miss them. */
export const unannounced: fc.Arbitrary<Trouble> = fc.record({
  ...common,
  lostWakes: fc.constant(0),
  lostNotices: fc.constantFrom(0.2, 0.5, 1),
  throttled: rarely(0.1),
  unnamedAccounts: fc.constant(0),
});

/** Listings that break off, an index that does not answer, cycles that end long after they began. */
export const halfAnswers: fc.Arbitrary<Trouble> = fc.record({
  ...common,
  lostWakes: fc.constant(0),
  throttled: rarely(0.05),
  unnamedAccounts: rarely(0.3, 1),
  brokenOff: fc.constantFrom(0, 0.1, 0.5),
  noIndex: fc.constantFrom(0, 0.2, 1),
  assignmentMs: fc.constantFrom(0, 90_000, 100 * 60_000),
  cycleLastsMs: fc.constantFrom(0, 300_000, 1_200_000, 2_400_000),
});

/** Replicas that are behind for longer than anybody allows for. */
export const farBehind: fc.Arbitrary<Trouble> = fc
  .record({
    stale: fc.constantFrom(0.05, 0.2, 0.5),
    groupsLagMs: fc.constantFrom(300_000, 1_200_000, 7_200_000),
    lostAnswers: rarely(0.1),
  })
  .map((behind) => ({ ...calm, ...behind }));

/** Reminders that die. Without the catch-up nobody would miss them. */
export const lostReminders: fc.Arbitrary<Trouble> = fc.record({
  ...common,
  lostWakes: fc.constantFrom(0.1, 0.4, 1),
  throttled: rarely(0.1),
  unnamedAccounts: rarely(0.3),
});
