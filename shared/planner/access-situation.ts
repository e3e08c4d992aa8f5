import type { Seen, Sight } from "../model/sight.ts";
import type { Leaving } from "../model/analyst.ts";
import type { Denial } from "../model/denial.ts";
import { grantKey, type Grant, type Scope } from "../model/grant.ts";
import type { AccountId, AnalystId, TargetName } from "../model/ids.ts";
import { grantOf, type AccountProof, type AccountRecord, type LedgerEntry } from "../model/ledger.ts";
import type { MoverOrder } from "./step-order.ts";

/** One analyst in one target: everything the plan may depend on. Times are epoch milliseconds. */
export type AccessSituation = {
  readonly analyst: AnalystId;
  readonly target: TargetName;
  readonly leaving: Leaving | null;
  /** Whether an event about the analyst is known that nobody has looked at yet. */
  readonly news: "none" | "waits";
  /** Until when the analyst was in the recycle bin, or nowhere, as far as that was lately, epoch ms; 0 for never. */
  readonly goneUntil: number;
  /** Since when the analyst is nowhere in the source to be found, not among the deleted users either, epoch ms; null: they are. */
  readonly nowhereSince: number | null;
  /** What the analyst should hold here; empty when they leave this target. */
  readonly wanted: readonly NamedGrant[];
  /** The source kept a role of which the policy does not say any more what it gives. null: no such role, or it gave nothing here. */
  readonly keeps: Keeps | null;
  /** Every grant the policy names for this target, so that native ones can be told apart. */
  readonly managed: readonly NamedGrant[];
  /** null: nobody needs one here; or the policy's scope group cannot be found, and Muster never put the analyst into one. */
  readonly scope: ScopeSeen | null;
  /** Scopes that Muster put the analyst into and the policy does not name any more. */
  readonly formerScopes: readonly FormerScope[];
  /** Since when the policy says what it says. */
  readonly policySince: number;
  /**
   * `synced`: they come and go with the scope. `own`: it is the analyst's own user, which Muster neither makes nor ends. `invited`: they
   * come with an access package, and the target's entitlement management ends them.
   */
  readonly accounts: "synced" | "own" | "invited";
  /** What the analyst is invited with; null: nobody is invited here. */
  readonly invitation: Invitation | null;
  readonly account: AccountSeen;
  /** Other accounts with the analyst's stamp, that came while they were in scope. Looked for when the analyst leaves. */
  readonly others: readonly OtherAccount[];
  readonly owned: Owned;
  readonly subjects: Subjects;
  readonly leavers: {
    readonly block: boolean;
    readonly deleteAfterMs: number | "never";
    readonly accounts: "owned" | "all";
  };
  readonly movers: MoverOrder;
  /** How long somebody who stays keeps what a lost role gave, ms. */
  readonly graceMs: number;
  readonly onExternalRemoval: "restore" | "respect" | "hold";
  /**
   * What access reviews have denied since Muster gave it, and is respected; `unknown`: it was taken away, and whether by a review could
   * not be read this time. By keys of grants.
   */
  readonly denials: ReadonlyMap<string, Denial | "unknown">;
  /** How long what was asked for may be on its way before a person should look. */
  readonly patienceMs: number;
  readonly now: number;
};

export type Invitation = {
  /** The address to invite. */
  readonly mail: string;
  /** What was asked for already, and what has become of it; null: nothing. */
  readonly asked: {
    readonly grant: Grant<"package">;
    readonly name: string;
    readonly entry: LedgerEntry;
    readonly sight: Sight;
    /** What was asked for before it, and will not come. */
    readonly refused: readonly NamedGrant[];
  } | null;
  /** Since when an account that they had is on show nowhere, epoch ms; null: it was, or there was none. */
  readonly unseenSince: number | null;
  /** What becomes of a guest whose last package is gone. */
  readonly ends: GuestEnd;
};

/** `how`: in words. `unasked`: nobody was about to lose anything. */
export type GuestEnd =
  { readonly kind: "ends"; readonly how: string } | { readonly kind: "stays" } | { readonly kind: "unasked" };

/** What may not be taken back although nothing says that it should be there. Grants by their keys. */
export type Keeps = {
  readonly why: string;
  /** What these roles gave when the policy last said so; null: that is not known, so it may be anything. */
  readonly gave: readonly string[] | null;
  /** What roles gave that are truly lost. */
  readonly lost: readonly string[];
};

/** `deleted`: the source user is in the recycle bin, and so are their memberships; nothing can be written. */
export type ScopeSight = Omit<Sight, "seen"> & { readonly seen: Seen | "deleted" };

export type ScopeSeen = ScopeSight & {
  readonly scope: Scope;
  readonly name: string;
  readonly heir: Heir;
  /** They are in it through another group, which sync does not count. */
  readonly nested?: "yes";
};

/** Another place that the analyst belongs in needs the same membership by now: it `has` it on record, or `waits` for it. */
export type Heir = "none" | "waits" | "has";

/** Of groups that Graph did not find anybody in who was to be taken out: whether they are there at all, by keys of grants and scopes. */
export type Subjects = ReadonlyMap<string, "there" | "not-there" | "unknown">;

type OtherAccount = { readonly id: AccountId; readonly enabled: boolean };

/** `shared`: it and what the policy names by now give one and the same thing, so taking one takes the other. */
export type FormerScope = ScopeSeen & { readonly entry: LedgerEntry; readonly shared?: "yes" };

export type NamedGrant = { readonly grant: Grant; readonly name: string };

export type AccountSeen =
  | { readonly kind: "none" }
  /** The target cannot be read at all: what can be done from the source is done all the same. */
  | { readonly kind: "unreachable" }
  | {
      readonly kind: "present";
      readonly id: AccountId;
      readonly enabled: boolean;
      readonly proof: AccountProof | "contested";
      readonly detail: string;
      /** Whether it carries a stamp that names an owner. */
      readonly stamped: "yes" | "no";
      readonly seen: (grant: Grant, wanted: "yes" | "no") => Sight;
    }
  | {
      readonly kind: "soft-deleted";
      readonly id: AccountId;
      /** What goes on all the same; the rest is unreadable. Left out: nothing was read. */
      readonly seen?: (grant: Grant, wanted: "yes" | "no") => Sight;
    };

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

export type PresentAccount = Extract<AccountSeen, { kind: "present" }>;

/** What is true of one of which nothing is remembered. */
export const unknownAccount = { blocked: "no", deleted: "no", changedAt: 0, unblockedAt: 0 } as const;
