import type { Leaving } from "../model/analyst.ts";
import { grantKey, type Grant, type Scope } from "../model/grant.ts";
import type { AccountId, AnalystId, TargetName } from "../model/ids.ts";
import type { AccountProof, AccountRecord, LedgerEntry } from "../model/ledger.ts";
import type { Note, Plan, Step } from "../model/plan.ts";
import { decideMembership, replicationWindowMs, type MembershipDecision, type Seen } from "./membership.ts";
import { sortSteps, type MoverOrder } from "./step-order.ts";

/** One analyst in one target: everything the plan may depend on. Times are epoch milliseconds. */
export type AccessSituation = {
  readonly analyst: AnalystId;
  readonly target: TargetName;
  readonly leaving: Leaving | null;
  /** What the analyst should hold here; empty when they leave this target. */
  readonly wanted: readonly NamedGrant[];
  /** Every grant the policy names for this target, so that native ones can be told apart. */
  readonly managed: readonly NamedGrant[];
  /** null: the policy's scope group cannot be found, and Muster never put the analyst into one. */
  readonly scope: ScopeSeen | null;
  readonly account: AccountSeen;
  readonly owned: Owned;
  readonly leavers: {
    readonly block: boolean;
    readonly deleteAfterMs: number | "never";
    readonly accounts: "owned" | "all";
  };
  readonly movers: MoverOrder;
  readonly now: number;
};

/** `deleted`: the source user is in the recycle bin, and so are their memberships; nothing can be written. */
type ScopeSeen = { readonly scope: Scope; readonly name: string; readonly seen: Seen | "deleted" };

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
      readonly seen: (grant: Grant) => Seen;
    }
  | { readonly kind: "soft-deleted"; readonly id: AccountId };

export type Owned = {
  readonly grants: readonly OwnedGrant[];
  readonly scope: LedgerEntry | undefined;
  readonly account: AccountRecord | null;
  readonly leftAt: number | null;
  /** Runs that failed so far: a revoke that cannot be done must not keep the account alive for ever. */
  readonly attempts: number;
};

export type OwnedGrant = NamedGrant & {
  readonly entry: LedgerEntry;
  /** "no": the group has become one that nobody can write by hand, so nothing waits for it. */
  readonly writable: "yes" | "no";
};

/** Writes to Muster's own memory that follow from what was read. */
type Bookkeeping = {
  readonly ledger: readonly {
    readonly what: Grant | "scope";
    readonly change: "claim" | "drop";
  }[];
  /** What the read taught about the account's record; null: nothing. */
  readonly account: Partial<Pick<AccountRecord, "blocked" | "deleted">> | null;
};

export type AccessDecision = {
  readonly plan: Plan;
  readonly bookkeeping: Bookkeeping;
  /** Epoch ms from which this pair should be looked at again although nothing failed; null: no need. */
  readonly lookAgainAt: number | null;
};

/** How long to wait before asking whether a write has become visible. */
const settleMs = 2_000;
/** After this many failed rounds the account goes even if a revoke could not be done: no account, no access. */
const patience = 3;

/** Wanted, seen and owned in; one plan out. Nothing else goes in: same input, same plan. */
export function planAccess(situation: AccessSituation): AccessDecision {
  return situation.wanted.length > 0 ? planStay(situation) : planLeave(situation);
}

function planStay(situation: AccessSituation): AccessDecision {
  const draft = new Draft(situation);
  joinScope(draft);
  const { account } = situation;
  switch (account.kind) {
    case "none":
      if (draft.accountChangedJustNow()) draft.settling("the account");
      else draft.step({ kind: "provision" });
      draft.note({ kind: "waits-for-account" });
      break;
    case "soft-deleted":
      bringBack(draft, account.id);
      draft.note({ kind: "waits-for-account" });
      break;
    case "present":
      stayPresent(draft, account);
      break;
    case "unreachable":
      break;
    default:
      return account satisfies never;
  }
  return draft.decided("join", situation.movers);
}

function joinScope(draft: Draft): void {
  const { scope } = draft.situation;
  if (scope === null || draft.decideScope(scope, "yes").act !== "add") return;
  draft.step({ kind: "join-scope", scope: scope.scope, name: scope.name });
}

/** What Muster deleted, Muster restores: on-demand provisioning would make a second account beside it. */
function bringBack(draft: Draft, account: AccountId): void {
  const { account: known, leftAt } = draft.situation.owned;
  const deleted = known?.deleted ?? "no";
  // Cross-tenant sync deletes the account when Muster ends the scope, and may be quicker than Muster.
  const byLeaving = known?.origin === "created" && leftAt !== null && deleted === "no";
  if (deleted === "intended" || deleted === "confirmed" || byLeaving) {
    draft.step({ kind: "restore-account", account });
  } else if (draft.accountChangedJustNow()) draft.settling("the account");
  else {
    draft.learn({ deleted: "by-others" });
    draft.note({ kind: "account-deleted-by-others", account });
  }
}

function stayPresent(draft: Draft, account: PresentAccount): void {
  const { situation } = draft;
  if (account.proof === "contested") {
    draft.note({ kind: "account-not-proven", account: account.id, detail: account.detail });
    return;
  }
  const blocked = situation.owned.account?.blocked ?? "no";
  if (account.enabled && blocked !== "no") {
    if (draft.accountChangedJustNow()) draft.settling("the account");
    else draft.learn({ blocked: "no" });
  }
  if (situation.owned.account?.deleted === "by-others") draft.learn({ deleted: "no" });
  if (!account.enabled) {
    if (blocked !== "no") draft.step({ kind: "unblock-account", account: account.id });
    else if (draft.accountChangedJustNow()) draft.settling("the account");
    else draft.note({ kind: "account-blocked-by-others", account: account.id });
  }
  const wanted = new Set(situation.wanted.map(({ grant }) => grantKey(grant)));
  for (const named of allGrants(situation)) {
    draft.grant(account, named, wanted.has(grantKey(named.grant)) ? "yes" : "no");
  }
}

function planLeave(situation: AccessSituation): AccessDecision {
  const draft = new Draft(situation);
  const { account, owned, leavers } = situation;
  const ours = leavers.accounts === "all" || owned.account?.origin === "created";
  if (account.kind === "present") {
    for (const named of allGrants(situation)) draft.grant(account, named, "no");
  } else if (account.kind === "none" && owned.account !== null) {
    takeBackUnseen(draft, owned.account.accountId);
  }
  // An account that was there before goes with the scope, so the scope stays while it may still be there.
  const nobodys = account.kind === "none" || account.kind === "soft-deleted";
  leaveScope(draft, ours || nobodys ? "may-go" : "stays");
  if (account.kind === "present") leaveAccount(draft, account, ours);
  if (
    account.kind === "none" &&
    owned.account?.origin === "created" &&
    owned.account.deleted !== "confirmed"
  ) {
    // Two reads said "not found". The account was Muster's to delete, so it is deleted, and Graph's answer settles it.
    draft.step({ kind: "delete-account", account: owned.account.accountId });
  }
  if (account.kind === "soft-deleted" && ours && owned.account?.deleted === "no") {
    // Cross-tenant sync deletes when Muster ends the scope; before that, it was somebody else.
    draft.learn({ deleted: owned.leftAt === null ? "by-others" : "confirmed" });
  }
  return draft.decided("leave", situation.movers);
}

function takeBackUnseen(draft: Draft, account: AccountId): void {
  for (const { grant, name, entry } of draft.situation.owned.grants) {
    draft.apply(
      decideMembership({ wanted: "no", seen: "absent", entry, now: draft.situation.now }),
      grant,
      () => ({
        kind: "revoke",
        account,
        grant,
        name,
      }),
    );
  }
}

function leaveScope(draft: Draft, account: "may-go" | "stays"): void {
  const { scope, owned, leavers } = draft.situation;
  if (scope === null || scope.seen === "deleted") return;
  if (owned.scope === undefined) {
    if (scope.seen !== "present") return;
    if (leavers.accounts === "all") draft.step({ kind: "leave-scope", scope: scope.scope, name: scope.name });
    else draft.note({ kind: "scope-stays", name: scope.name, why: "before" });
    return;
  }
  if (account === "stays") {
    draft.note({ kind: "scope-stays", name: scope.name, why: "keeps-account" });
    return;
  }
  if (draft.decideScope(scope, "no").act === "remove") {
    draft.step({ kind: "leave-scope", scope: scope.scope, name: scope.name });
  }
}

function leaveAccount(draft: Draft, account: PresentAccount, ours: boolean): void {
  const { leavers, owned, now } = draft.situation;
  if (!ours) return draft.note({ kind: "account-stays", account: account.id, why: "before" });
  if (account.proof === "contested") {
    return draft.note({ kind: "account-not-proven", account: account.id, detail: account.detail });
  }
  const { blocked, deleted } = owned.account ?? { blocked: "no", deleted: "no" };
  const justNow = draft.accountChangedJustNow();
  if (deleted === "confirmed" && justNow) return draft.settling("the account");
  // Unblocked a moment ago and seen blocked: the replica is behind, and blocking once more settles it.
  const perhapsEnabled = account.enabled || (blocked === "no" && justNow);
  if (leavers.block && perhapsEnabled) {
    if (blocked === "confirmed" && justNow) draft.settling("the account");
    else draft.step({ kind: "block-account", account: account.id });
  }
  if (leavers.deleteAfterMs === "never") return;
  const dueAt = (owned.leftAt ?? now) + leavers.deleteAfterMs;
  if (now < dueAt) {
    draft.note({ kind: "deletion-waits", account: account.id });
    return draft.lookAgain(dueAt);
  }
  // Grants first, and seen gone: an account that is restored later must come back empty.
  if (draft.unsettledGrants === 0 || owned.attempts >= patience) {
    draft.step({ kind: "delete-account", account: account.id });
  }
}

/** Managed and owned grants, once each, in a stable order. */
function allGrants(situation: AccessSituation): readonly NamedGrant[] {
  const named = new Map<string, NamedGrant>();
  for (const { grant, name } of [...situation.owned.grants, ...situation.managed, ...situation.wanted]) {
    named.set(grantKey(grant), { grant, name });
  }
  return [...named].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, grant]) => grant);
}

type PresentAccount = Extract<AccountSeen, { kind: "present" }>;

/** Collects steps, notes and bookkeeping while a plan is being made. */
class Draft {
  private learnt: Bookkeeping["account"] = null;
  unsettledGrants = 0;
  private readonly steps: Step[] = [];
  private readonly notes: Note[] = [];
  private readonly ledger: { what: Grant | "scope"; change: "claim" | "drop" }[] = [];
  private lookAgainAt: number | null = null;
  readonly situation: AccessSituation;

  constructor(situation: AccessSituation) {
    this.situation = situation;
  }

  step(step: Step): void {
    this.steps.push(step);
  }

  note(note: Note): void {
    this.notes.push(note);
  }

  learn(what: NonNullable<Bookkeeping["account"]>): void {
    this.learnt = { ...this.learnt, ...what };
  }

  lookAgain(at: number): void {
    this.lookAgainAt = this.lookAgainAt === null ? at : Math.min(at, this.lookAgainAt);
  }

  decideScope(scope: ScopeSeen, wanted: "yes" | "no"): MembershipDecision {
    const { owned, now } = this.situation;
    if (scope.seen === "deleted") return { act: "nothing", ledger: "same" };
    const decision = decideMembership({ wanted, seen: scope.seen, entry: owned.scope, now });
    if (decision.ledger !== "same") this.ledger.push({ what: "scope", change: decision.ledger });
    if (decision.act === "wait") this.settling(scope.name);
    return decision;
  }

  grant(account: PresentAccount, { grant, name }: NamedGrant, wanted: "yes" | "no"): void {
    const owned = this.situation.owned.grants.find(
      (candidate) => grantKey(candidate.grant) === grantKey(grant),
    );
    const entry = owned?.entry;
    const seen = account.seen(grant);
    const decision = decideMembership({ wanted, seen, entry, now: this.situation.now });
    this.apply(decision, grant, () => ({
      kind: decision.act === "add" ? "grant" : "revoke",
      account: account.id,
      grant,
      name,
    }));
    if (decision.act === "wait") this.settling(name);
    if (owned?.writable !== "no" && (decision.act === "remove" || decision.act === "wait")) {
      this.unsettledGrants += 1;
    }
    if (entry === undefined && seen === "present") this.note({ kind: "native-grant", name });
  }

  apply(decision: MembershipDecision, grant: Grant, step: () => Step): void {
    if (decision.act === "add" || decision.act === "remove") this.step(step());
    if (decision.ledger !== "same") this.ledger.push({ what: grant, change: decision.ledger });
  }

  decided(purpose: Plan["purpose"], order: MoverOrder): AccessDecision {
    const { analyst, target, leaving } = this.situation;
    return {
      plan: {
        analyst,
        target,
        purpose,
        leaving,
        steps: sortSteps(this.steps, order),
        withheld: [],
        notes: this.notes.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      },
      bookkeeping: { ledger: this.ledger, account: this.learnt },
      lookAgainAt: this.lookAgainAt,
    };
  }

  /** A replica may still show the account as it was before Muster's last write. */
  accountChangedJustNow(): boolean {
    const { owned, now } = this.situation;
    return owned.account !== null && now - owned.account.changedAt < replicationWindowMs;
  }

  settling(name: string): void {
    this.note({ kind: "settling", name });
    this.lookAgain(this.situation.now + settleMs);
  }
}
