import type { Invitations } from "../../graph/invitations.ts";
import type { TargetAccount } from "../../graph/target-reader.ts";
import type { AccountRecord } from "../../model/ledger.ts";
import type { AccountSeen } from "../../planner/account-situation.ts";
import type { Outcome, Parked } from "../run/outcome.ts";

/** What was found of the analyst's account; `trouble`: how the look ends when it could not be all that it should be. */
export type AccountAnswer = {
  readonly seen: AccountSeen;
  readonly record: AccountRecord | null;
  readonly others: readonly TargetAccount[];
  readonly trouble: Outcome | null;
  /** Nothing may be done in this target before a person has acted. */
  readonly refusal?: Parked;
  /** What has become of invitations, where there is no account. */
  readonly invitations?: Invitations;
};

/** The same without a leaver's other accounts. */
export type Found = Omit<AccountAnswer, "others">;
