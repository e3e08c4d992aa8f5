import type { AccountRecord } from "../model/ledger.ts";
import type { Plan } from "../model/plan.ts";
import type { Given } from "./owned.ts";

type Refused = { readonly what: Given; readonly why: string | null };
type LedgerChange = "claim" | "gone" | "drop";

/** Writes to Muster's own memory that follow from what was read. */
export type Bookkeeping = {
  readonly ledger: readonly {
    readonly what: Given;
    /** `drop`: it is another place's. */
    readonly change: LedgerChange;
  }[];
  /** What will not come, and why; null: it has come all the same. */
  readonly refused: readonly Refused[];
  /** What the read taught about the account's record; null: nothing. */
  readonly account: (Pick<AccountRecord, "deleted"> & Partial<Pick<AccountRecord, "aliveAt">>) | null;
  /** The request for somebody without an account: it was denied, or nothing came of it, and is nobody's any more. */
  readonly invitation: "same" | "gone" | { readonly refused: string };
};

/** What is to be done for one analyst in one target, what is remembered of the look, and when to look again. */
export type AccessDecision = {
  readonly plan: Plan;
  readonly bookkeeping: Bookkeeping;
  /** Epoch ms from which this pair should be looked at again although nothing failed; null: no need. */
  readonly lookAgainAt: number | null;
};
