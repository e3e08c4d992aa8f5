/** What each kind of finding is. A new kind is one line here, and one in docs/decisions/0022-findings.md. */
export const findingKinds = [
  /** Somebody has left a target, and nothing proves that they are out. */
  "orphan",
  /** Graph refuses a call: a consent, a permission, a licence, or a person whom no application may change. */
  "refused-call",
  /** Graph says that a call is wrong. */
  "wrong-call",
  /** One run after the other has failed. */
  "failing",
  /** A tenant has answered nobody for a while. */
  "silent-tenant",
  /** What the policy names is missing, is not unique, or is used for something else. */
  "unusable-name",
  /** A target is not in the policy any more, and Muster has given people access there. */
  "not-in-policy",
  /** Sync does not make the account of a joiner. */
  "not-provisioned",
  /** No cycle of sync ends that could show that nothing was made for a leaver. */
  "sync-asleep",
  /** The account carries somebody else's stamp. */
  "foreign-stamp",
  /** More than one account carries the analyst's stamp. */
  "second-account",
  /** Somebody made the account by hand while sync was to. */
  "handmade-account",
  /** Somebody else deleted the account. */
  "deleted-account",
  /** Somebody else blocked the account of an analyst who belongs in. */
  "blocked-account",
  /** Somebody else has put a leaver in scope, so that sync makes the account anew. */
  "scope-by-others",
  /** Accounts come without the stamp that proves whose they are. */
  "unstamped-account",
  /** What a role gives can be written by nobody. */
  "not-writable",
  /** More would be taken from one analyst than the policy allows. */
  "over-budget",
  /** A role is kept because too many lost it at once. */
  "kept-role",
  /** What a kept role and a lost one gave alike stays. */
  "kept-grant",
  /** Kept roles are all that somebody has left. */
  "left-behind",
  /** A stamp does not fit into its property. */
  "unfit-stamp",
  /** People stay in a group of the source that was given for a target which the policy does not name any more. */
  "stranded-group",
  /** A role group contains a group that Muster itself puts people into. */
  "role-loop",
  /** A request was denied, or has failed for good. */
  "undelivered",
  /** A request takes longer than it may. */
  "overdue",
  /** Somebody else took away what Muster gave, and the policy says to ask. */
  "taken-away",
  /** An access review denied what Muster gave, and the policy goes on giving it. */
  "denied-review",
  /** Nothing announces what changes in the source. */
  "unsubscribed",
  /** A subscription is there and announces nothing. */
  "silent-subscription",
  /** A sweep could not compare a tenant. */
  "failed-sweep",
  /** A sweep would have taken more than the policy allows at once. */
  "withheld-removals",
  /** A lifecycle workflow was told that what it asked for could not be proven in time. */
  "workflow-failed",
] as const;

export type FindingKind = (typeof findingKinds)[number];

/** Something that people have to see to, as the row of its key remembers it. Times are epoch ms. */
export type Finding = {
  /** Its kind and what it is about: the same one in other words is the same one. */
  readonly id: string;
  readonly kind: FindingKind;
  /** What was found, and what to do. */
  readonly found: string;
  readonly advice: string;
  /** When it began, as far as anybody saw; of an orphan, since when they are to be out. */
  readonly since: number;
  /** When a look last met it. */
  readonly seen: number;
  /** When a look found it resolved; null while it is open. */
  readonly over: number | null;
};

/** The findings of one key: those that are open, and those that are over and are not shown as such yet. */
export type KeptFindings = {
  /** Grows with every change, also when the key's row was lost: of two hosts that show them, the later one is right. */
  readonly version: number;
  /** The version that the table Findings shows for certain. */
  readonly shown: number;
  readonly all: readonly Finding[];
};

export const noFindings: KeptFindings = { version: 0, shown: 0, all: [] };

/** Somebody who is to be out of a target, and of whom no proof says so. */
export type Unproven = {
  /** Epoch ms. */
  readonly since: number;
  /** What the last plan left open, in words; "" where there was none yet. */
  readonly why: string;
  readonly advice: string;
};
