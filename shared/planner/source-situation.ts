import type {
  AnalystRecord,
  HeldRole,
  Leaving,
  Recent,
  SourceUserRead,
  UserState,
} from "../model/analyst.ts";
import type { AnalystId, RoleName } from "../model/ids.ts";
import type { Plan } from "../model/plan.ts";
import type { Loss } from "./loss-checks.ts";

/** One analyst in the source tenant: everything the plan may depend on. Times are epoch milliseconds. */
export type SourceSituation = {
  readonly analyst: AnalystId;
  readonly read: SourceUserRead;
  /** Roles for which there is direct evidence now. */
  readonly held: readonly HeldRole[];
  /** What is known about the roles that are gone since last time; null when none is. */
  readonly loss: Loss | null;
  readonly record: AnalystRecord | null;
  /** Whether somebody has said that they leave, and nobody that they are back. */
  readonly departed: "yes" | "no";
  readonly protected: "yes" | "no";
  readonly revokeSessions: boolean;
  /** Stamp values for a set of roles: property -> value. */
  readonly stamps: (roles: readonly RoleName[]) => Readonly<Record<string, string>>;
  /** All properties that the policy names, also those whose value does not fit. */
  readonly properties: readonly string[];
  readonly now: number;
};

export type SourceDecision = {
  /** Roles that are believed to be held, and those the targets should act on: a check may keep more, leaving keeps none. */
  readonly held: readonly HeldRole[];
  readonly roles: readonly HeldRole[];
  readonly refused: AnalystRecord["refused"];
  readonly leftBehind: AnalystRecord["leftBehind"];
  readonly lost: AnalystRecord["lost"];
  readonly moved: AnalystRecord["moved"];
  readonly leaving: Leaving | null;
  readonly leftAt: number | null;
  readonly missingSince: number | null;
  readonly recent: Recent;
  readonly stamped: AnalystRecord["stamped"];
  readonly plan: Plan;
  /** What keeps this from being the last word; nothing when all is settled. */
  readonly verdicts: readonly Verdict[];
};

export type Verdict =
  /** Not enough is known yet: look again at this time, epoch ms. */
  | { readonly kind: "uncertain"; readonly lookAgainAt: number; readonly why: string }
  /** A read broke off: it is repeated. */
  | { readonly kind: "unproven"; readonly why: string }
  /** A check kept roles that would have gone; a person has to look. */
  | {
      readonly kind: "refused";
      readonly reason: string;
      readonly advice: string;
      readonly cause: string | null;
    };

export function stateOf(read: SourceUserRead): UserState {
  return read.kind === "present" ? (read.user.enabled ? "enabled" : "disabled") : read.kind;
}
