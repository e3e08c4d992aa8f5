import type { AnalystRecord } from "../../model/analyst.ts";
import type { Unwritable } from "../../model/group.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Plan } from "../../model/plan.ts";
import type { AccessDecision } from "../../planner/access-decision.ts";
import type { AccessSituation } from "../../planner/access-situation.ts";
import type { Claim, KeyState } from "../../state/key-state.ts";
import type { AccessPorts, Rules } from "./access-ports.ts";
import type { Run } from "../run/handling.ts";
import type { Outcome, Parked } from "../run/outcome.ts";

/** Everything one look at an analyst in a target found. */
export type AccessRead =
  | {
      readonly kind: "read";
      readonly situation: AccessSituation;
      /** What is remembered of the pair, with what passed to it from another target. */
      readonly pair: PairRecord;
      /** What cannot be written although the policy names it, by keys of grants and scopes. */
      readonly unwritable: ReadonlyMap<string, Unwritable>;
      /** What the policy's wishes came to here: keys of grants, by keys of wishes. */
      readonly found: ReadonlyMap<string, string>;
      /** Names of the groups that show the analyst's roles, by their ids, where people are to hear of them. */
      readonly roleGroups: ReadonlyMap<string, string>;
      /** Set when the target could not be read: the rest is done, and this is how it ends. */
      readonly trouble: Outcome | null;
      /** When the first of it was asked, epoch ms. */
      readonly at: number;
    }
  /** The policy names something that is not there or not unique: nothing in this target is touched. */
  | { readonly kind: "refused"; readonly outcome: Parked };

/** What a round read when nothing was refused. */
export type ReadOk = Extract<AccessRead, { kind: "read" }>;

/** One round over a pair: what was read, decided and let through by the checks. */
export type Round = {
  readonly plan: Plan;
  readonly read: ReadOk;
  readonly decision: AccessDecision;
  readonly analyst: KeyState<AnalystRecord | null>;
  readonly record: AnalystRecord;
  readonly rules: Rules;
  readonly ports: AccessPorts;
  readonly claim: Claim<PairRecord>;
  readonly run: Run;
};
