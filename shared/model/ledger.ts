import { grantKey, type Grant, type Scope } from "./grant.ts";
import type { AccountId } from "./ids.ts";

/**
 * Muster's own word on one grant or scope: `adding` and `removing` are written before the call, `added` and `removed`
 * after Graph answered. No entry: not ours.
 */
export type LedgerState = "adding" | "added" | "removing" | "removed";

export type LedgerEntry = {
  readonly state: LedgerState;
  /** When this state was written, epoch ms. */
  readonly at: number;
  /** When Muster last wrote the opposite (removed before it added, added before it removed), epoch ms; 0 for never. */
  readonly oppositeAt: number;
  /**
   * Of what was removed: Graph found nobody to remove. `group`: nor the group, as far as could be told, which may be restored with its
   * members; `member`: the group was there, as one replica knew it.
   */
  readonly missing?: "member" | "group";
  /**
   * Of what was asked for: that it was denied, or has failed for good, in words. Graph forgets that after three months, and nobody is asked
   * again.
   */
  readonly refused?: string;
  /**
   * Of what was asked for again, while the earlier request was open: when it was asked for first, epoch ms. What is said of that request is
   * said of this.
   */
  readonly askedAt?: number;
};

/** Something Muster gave: a grant in the target, or the scope in the source that leads there. */
export type LedgerItem =
  | { readonly kind: "grant"; readonly grant: Grant; readonly account: AccountId }
  | { readonly kind: "scope"; readonly scope: Scope };

/** What was given, wherever that is. */
export const grantOf = (
  item: { readonly kind: "grant"; readonly grant: Grant } | { readonly kind: "scope"; readonly scope: Scope },
): Grant => (item.kind === "scope" ? item.scope : item.grant);

export type LedgerRow = { readonly item: LedgerItem; readonly name: string; readonly entry: LedgerEntry };

/**
 * What Muster took back and a later read showed to be gone; `at`: when it was taken back, epoch ms. It is not Muster's any more,
 * and a replica that shows it once more may be far behind.
 */
export type Gone = { readonly item: LedgerItem; readonly at: number };

/** When this was last taken back, epoch ms; 0 for never. */
export const goneAt = (gone: readonly Gone[], what: LedgerItem): number =>
  gone.find(({ item }) => sameItem(item, what))?.at ?? 0;

/** Whether Muster's last word was to give, and not to take. */
export const isGiven = ({ state }: Pick<LedgerEntry, "state">) => state === "adding" || state === "added";

/** What is remembered of a grant or scope, if anything. */
export function rowOf(ledger: readonly LedgerRow[], what: LedgerItem): LedgerRow | undefined {
  return ledger.find(({ item }) => sameItem(item, what));
}

export function sameItem(a: LedgerItem, b: LedgerItem): boolean {
  if (a.kind === "scope") return b.kind === "scope" && grantKey(a.scope) === grantKey(b.scope);
  return b.kind === "grant" && a.account === b.account && grantKey(a.grant) === grantKey(b.grant);
}

/** What is on record of the scope that leads to the target: of several, the one that was joined last. */
export function scopeHeld(ledger: readonly LedgerRow[]): LedgerEntry | undefined {
  const entries = ledger.flatMap(({ item, entry }) => (item.kind === "scope" ? [entry] : []));
  return entries.toSorted((a, b) => Number(isGiven(b)) - Number(isGiven(a)) || b.at - a.at)[0];
}

/** Whether Graph has taken the analyst out of every scope that Muster had put them into. */
export const isOutOfScope = (ledger: readonly LedgerRow[]): boolean =>
  ledger.every(({ item, entry }) => item.kind !== "scope" || entry.state === "removed");

/**
 * How an account was proven to be this analyst's. Mail and UPN prove nothing. `own`: in the source, the user is the analyst.
 * `assignment`: it came of a request that Muster made for them.
 */
export type AccountProof = "stamp" | "provisioned" | "own" | "assignment";

/** What Muster remembers of one analyst in one target. Times are epoch milliseconds. */
export type AccountRecord = {
  readonly accountId: AccountId;
  readonly proof: AccountProof;
  /** `created`: it exists because Muster put the analyst in scope. `before`: it was there already. */
  readonly origin: "created" | "before";
  readonly blocked: ByMuster;
  /** `expected`: Muster ended the scope, so cross-tenant sync deletes the account, sooner or later. */
  readonly deleted: ByMuster | "expected" | "by-others";
  /** When Graph last confirmed something about the account itself: created, blocked, deleted, restored. */
  readonly changedAt: number;
  /** When it last came to life: created, restored or unblocked, as far as Muster knows; 0 for long ago. */
  readonly aliveAt: number;
  /** When Muster last unblocked it; 0 for never. */
  readonly unblockedAt: number;
};

/** `intended` is written before the call, `confirmed` after Graph answered; `no`: not by Muster's hand. */
export type ByMuster = "no" | "intended" | "confirmed";

/** Whose account is blocked and deleted when its owner leaves. */
export const goesWithOwner = ({ origin }: Pick<AccountRecord, "origin">, accounts: "owned" | "all") =>
  accounts === "all" || origin === "created";
