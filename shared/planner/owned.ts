import { grantKey, type Grant, type Scope } from "../model/grant.ts";
import { grantOf, type AccountRecord, type LedgerEntry } from "../model/ledger.ts";

export type NamedGrant = { readonly grant: Grant; readonly name: string };

/** Another place that the analyst belongs in needs the same membership by now: it `has` it on record, or `waits` for it. */
export type Heir = "none" | "waits" | "has";

/** What is Muster's of one analyst in one place, and how that came about. */
export type Owned = {
  readonly grants: readonly OwnedGrant[];
  readonly scope: LedgerEntry | undefined;
  /** What was Muster's not long ago, and when it was taken back, epoch ms. */
  readonly gone: readonly { readonly what: Given; readonly at: number }[];
  /**
   * When the analyst left the last scope that Muster had put them into, epoch ms; whoever was not taken out of it by Muster is
   * out since they leave, for a source user who is deleted is in no scope. Null: there was none.
   */
  readonly scopedUntil: number | null;
  readonly account: AccountRecord | null;
  readonly leftAt: number | null;
  /** Tries of on-demand provisioning since the analyst is in scope, and when that began; null: not in scope yet. */
  readonly asked: { readonly tries: number; readonly scopedAt: number | null };
  /** Whether sync may be making an account: none was seen while the analyst was in scope. */
  readonly awaited: "yes" | "no";
  /** On-demand provisioning is not to be asked before this, epoch ms; 0: it may be asked. */
  readonly askAfter: number;
  /** When a run last wrote something to Graph, epoch ms; 0 for never. */
  readonly wroteAt: number;
  /** Calls whose answer nobody has seen may still take effect until then, epoch ms; 0 for none. */
  readonly doubt: { readonly gives: number; readonly takes: number };
  /** Runs that failed so far: a revoke that cannot be done must not keep the account alive for ever. */
  readonly attempts: number;
};

export type OwnedGrant = NamedGrant & {
  readonly entry: LedgerEntry;
  /** Since when it is not wanted any more, epoch ms; null: it is, or nobody has looked yet. */
  readonly unwantedSince: number | null;
  /** "no": it has become something that nobody can write by hand, so nothing waits for it. */
  readonly writable: "yes" | "no";
  readonly heir: Heir;
};

/** A row of the ledger, without the account a grant was given to: a plan is about one. */
export type Given =
  { readonly kind: "grant"; readonly grant: Grant } | { readonly kind: "scope"; readonly scope: Scope };

export const sameGiven = (one: Given, other: Given) =>
  one.kind === other.kind && grantKey(grantOf(one)) === grantKey(grantOf(other));
