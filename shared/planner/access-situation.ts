import type { Seen, Sight } from "../model/sight.ts";
import type { Leaving } from "../model/analyst.ts";
import type { Denial } from "../model/denial.ts";
import type { Scope } from "../model/grant.ts";
import type { AnalystId, TargetName } from "../model/ids.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { MoverOrder } from "./step-order.ts";
import type { Heir, NamedGrant, Owned } from "./owned.ts";
import type { OtherAccount, AccountSeen } from "./account-situation.ts";
import type { Invitation } from "./invitation.ts";

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
  /** What somebody else took away of what Muster gave, and is left so: when that was seen, epoch ms, by keys of grants. */
  readonly taken: Readonly<Record<string, number>>;
  /** How long what was asked for may be on its way before a person should look. */
  readonly patienceMs: number;
  readonly now: number;
};

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

/** Of groups that Graph did not find anybody in who was to be taken out: whether they are there at all, by keys of grants and scopes. */
export type Subjects = ReadonlyMap<string, "there" | "not-there" | "unknown">;

/** `shared`: it and what the policy names by now give one and the same thing, so taking one takes the other. */
export type FormerScope = ScopeSeen & { readonly entry: LedgerEntry; readonly shared?: "yes" };
