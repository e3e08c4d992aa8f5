import type { Denial } from "./denial.ts";
import type { Unproven } from "./finding.ts";
import type { Grant } from "./grant.ts";
import type { AccountId, TenantId } from "./ids.ts";
import type { AccountRecord, Gone, LedgerEntry, LedgerRow } from "./ledger.ts";

/** What Muster remembers of one analyst in one target tenant. Times are epoch ms. */
export type PairRecord = {
  readonly account: AccountRecord | null;
  /**
   * One of theirs that was in the recycle bin when they had no other: who is in scope gets it back from a cycle of sync, so it is there
   * for Muster's sake. null: there was none.
   */
  readonly twin: AccountId | null;
  /** Everything Muster gave here, the scope included. */
  readonly ledger: readonly LedgerRow[];
  /** What Muster gave here once, for a day after it was taken back. */
  readonly gone: readonly Gone[];
  /**
   * What each role of the analyst's gave here when the policy last said so: keys of grants, by what shows the role. A role that is
   * lost stays on record beside one that is kept: that is how what they gave is told apart.
   */
  readonly gave: Readonly<Record<string, readonly string[]>>;
  /** Since when what Muster gave somebody who stays is not wanted any more, by keys of grants, epoch ms. */
  readonly unwanted: Readonly<Record<string, number>>;
  /** Denials of access reviews that are respected, as long as what was denied is wanted and not given anew, by keys of grants. */
  readonly denials: Readonly<Record<string, Denial>>;
  /** Since when an earlier denial of what Muster gave does not count any more, by keys of grants, epoch ms. */
  readonly overruled: Readonly<Record<string, number>>;
  /** What somebody else took away and is left so, as the policy says: when that was seen, epoch ms, by keys of grants. It outlasts the account. */
  readonly taken: Readonly<Record<string, number>>;
  /** What has ended by its own rule and is not given again, as long as it is wanted: keys of grants. */
  readonly ended: readonly string[];
  /** Scopes by somebody else's hand that the last look let a leaver stay in: keys of grants. */
  readonly leftIn: readonly string[];
  /** What the policy called the place when it last had it: people know it by that. null: nobody has looked since that is kept. */
  readonly place: string | null;
  /** In the source: the targets that gave it when the policy last named it, by keys of grants. */
  readonly givers: Readonly<Record<string, readonly TenantId[]>>;
  /**
   * While the analyst was in scope by Muster's hand, in Graph's time: what came to be then is Muster's. `until` is null as long as
   * they are. It outlasts the ledger's row, because sync may make an account late, and a target may show it later still.
   */
  readonly scoped: Scoped | null;
  /** Since when, and by whom, they are said to have left this target alone; null: they are not. */
  readonly departed: { readonly at: number; readonly by: string } | null;
  /** When the analyst was first seen to leave this target; null while they belong there. */
  readonly leftAt: number | null;
  /** What was asked for by address, as long as there is no account; null: nothing. */
  readonly invited: Invited | null;
  /** Tries of on-demand provisioning that did not see the analyst in scope, and since when they are in scope. */
  readonly asked: { readonly tries: number; readonly scopedAt: number | null };
  /** On-demand provisioning did not answer, or was throttled, and is asked once more then, and not before; 0: it may be asked. */
  readonly askAfter: number;
  /** Since when looks have found the account of somebody who belongs in blocked, epoch ms; null: they do not. */
  readonly blockedSince: number | null;
  /** An account that their address led to, while it is not known yet whether it leads another analyst there at this moment. */
  readonly adopting: AccountId | null;
  /** When a run last wrote something to Graph for this pair; 0 for never. */
  readonly wroteAt: number;
  /** Calls whose answer nobody has seen may still take effect until then: those that give access, and those that take it. */
  readonly doubt: { readonly gives: number; readonly takes: number };
  /** The version of the analyst's record that was last acted on, under the policy that it was made under; 0: none. */
  readonly served: number;
  /** The last proof: what it says, whether it is in the journal already, and whether it is about somebody who has left. */
  readonly proof: {
    readonly hash: string;
    readonly at: number;
    readonly entered: "yes" | "no";
    readonly purpose?: "join" | "leave";
  } | null;
  /** Set while the analyst is to be out of here and no proof says that they are; null: they belong here, or are proven out. */
  readonly unproven: Unproven | null;
};

/** An access package that was asked for on behalf of an address; `refused`: those that were asked for before, and will not come. */
type Invited = Asked & { readonly mail: string; readonly refused: readonly Asked[] };

type Asked = {
  readonly grant: Grant<"package">;
  readonly name: string;
  readonly entry: LedgerEntry;
};

export type Scoped = {
  readonly since: number;
  readonly until: number | null;
  /** The last times before that; what came to be in between is not Muster's. */
  readonly earlier: readonly { readonly since: number; readonly until: number }[];
};

export const unknownPair: PairRecord = {
  account: null,
  twin: null,
  ledger: [],
  gone: [],
  gave: {},
  unwanted: {},
  denials: {},
  overruled: {},
  taken: {},
  ended: [],
  leftIn: [],
  place: null,
  givers: {},
  scoped: null,
  departed: null,
  leftAt: null,
  invited: null,
  asked: { tries: 0, scopedAt: null },
  askAfter: 0,
  blockedSince: null,
  adopting: null,
  wroteAt: 0,
  doubt: { gives: 0, takes: 0 },
  served: 0,
  proof: null,
  unproven: null,
};
