import type { LedgerEntry } from "../model/ledger.ts";
import type { Seen } from "../model/sight.ts";

/** All that the decision about one membership, a grant or a scope, depends on. */
export type MembershipSituation = {
  readonly wanted: "yes" | "no";
  readonly seen: Seen;
  /** When what is seen came about, epoch ms; left out where nobody knows. */
  readonly seenAt?: number | undefined;
  readonly entry: LedgerEntry | undefined;
  /** Without an entry: when Muster took it back, epoch ms; 0 for never. */
  readonly goneAt: number;
  /** Epoch ms. */
  readonly now: number;
};

export type MembershipDecision = {
  /** `wait`: until a write shows. `await`: until what is under way has come to its end. */
  readonly act: "add" | "remove" | "wait" | "await" | "nothing";
  readonly ledger: "same" | "claim" | "gone";
  /** The read shows what is wanted, but might show the past until then (epoch ms); null when it proves something. */
  readonly unsureUntil: number | null;
};

export const decision = (
  act: MembershipDecision["act"],
  ledger: MembershipDecision["ledger"] = "same",
): MembershipDecision => ({ act, ledger, unsureUntil: null });
