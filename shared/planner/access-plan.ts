import type { Leaving } from "../model/analyst.ts";
import { grantKey, type Grant, type Scope } from "../model/grant.ts";
import type { AccountId, AnalystId, TargetName } from "../model/ids.ts";
import { goesWithOwner, type AccountProof, type AccountRecord, type LedgerEntry } from "../model/ledger.ts";
import type { Note, Plan, Step } from "../model/plan.ts";
import {
  decideMembership,
  replicationWindowMs,
  visibleMs,
  type MembershipDecision,
  type Seen,
} from "./membership.ts";
import { cyclePollMs, nextAskAt } from "./provisioning.ts";
import { sortSteps, type MoverOrder } from "./step-order.ts";

/** One analyst in one target: everything the plan may depend on. Times are epoch milliseconds. */
export type AccessSituation = {
  readonly analyst: AnalystId;
  readonly target: TargetName;
  readonly leaving: Leaving | null;
  /** Whether an event about the analyst is known that nobody has looked at yet. */
  readonly news: "none" | "waits";
  /** Until when the analyst was in the recycle bin, or nowhere, as far as that was lately, epoch ms; 0 for never. */
  readonly goneUntil: number;
  /** What the analyst should hold here; empty when they leave this target. */
  readonly wanted: readonly NamedGrant[];
  /** The source kept a role of which the policy does not say any more what it gives. null: no such role, or it gave nothing here. */
  readonly keeps: Keeps | null;
  /** Every grant the policy names for this target, so that native ones can be told apart. */
  readonly managed: readonly NamedGrant[];
  /** null: the policy's scope group cannot be found, and Muster never put the analyst into one. */
  readonly scope: ScopeSeen | null;
  /** Scopes that Muster put the analyst into and the policy does not name any more. */
  readonly formerScopes: readonly FormerScope[];
  /** Since when the policy says what it says. */
  readonly policySince: number;
  readonly account: AccountSeen;
  /** Other accounts with the analyst's stamp, that came while they were in scope. Looked for when the analyst leaves. */
  readonly others: readonly OtherAccount[];
  readonly owned: Owned;
  readonly leavers: {
    readonly block: boolean;
    readonly deleteAfterMs: number | "never";
    readonly accounts: "owned" | "all";
  };
  readonly movers: MoverOrder;
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
export type ScopeSeen = {
  readonly scope: Scope;
  readonly name: string;
  readonly seen: Seen | "deleted";
  /** Another target that the analyst belongs in has the same scope by now: it `has` the membership on record, or `waits` for it. */
  readonly heir: "none" | "waits" | "has";
};

type OtherAccount = { readonly id: AccountId; readonly enabled: boolean };

type FormerScope = ScopeSeen & { readonly entry: LedgerEntry };

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
      readonly seen: (grant: Grant) => Seen;
    }
  | { readonly kind: "soft-deleted"; readonly id: AccountId };

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
  /** "no": the group has become one that nobody can write by hand, so nothing waits for it. */
  readonly writable: "yes" | "no";
};

/** A row of the ledger, without the account a grant was given to: a plan is about one. */
type Given =
  { readonly kind: "grant"; readonly grant: Grant } | { readonly kind: "scope"; readonly scope: Scope };

export const sameGiven = (one: Given, other: Given) =>
  one.kind === "scope"
    ? other.kind === "scope" && grantKey(one.scope) === grantKey(other.scope)
    : other.kind === "grant" && grantKey(one.grant) === grantKey(other.grant);

/** Writes to Muster's own memory that follow from what was read. */
type Bookkeeping = {
  readonly ledger: readonly {
    readonly what: Given;
    /** `drop`: it is another target's. */
    readonly change: "claim" | "gone" | "drop";
  }[];
  /** What the read taught about the account's record; null: nothing. */
  readonly account: Pick<AccountRecord, "deleted"> | null;
};

export type AccessDecision = {
  readonly plan: Plan;
  readonly bookkeeping: Bookkeeping;
  /** Epoch ms from which this pair should be looked at again although nothing failed; null: no need. */
  readonly lookAgainAt: number | null;
};

/** How long to wait before asking whether a write has become visible. */
const settleMs = 2_000;
/** How soon to read again what could not be read, or may have another reason that is not known yet. */
const unknownMs = 10_000;
/** After this many failed rounds the account goes even if a revoke could not be done: no account, no access. */
const patience = 3;

/** Wanted, seen and owned in; one plan out. Nothing else goes in: same input, same plan. */
export function planAccess(situation: AccessSituation): AccessDecision {
  const stays = situation.wanted.length > 0 || situation.keeps !== null;
  return stays ? planStay(situation) : planLeave(situation);
}

function planStay(situation: AccessSituation): AccessDecision {
  const draft = new Draft(situation);
  const { account } = situation;
  // Who is kept stays in scope, also when the policy moves it.
  if (situation.wanted.length > 0 || situation.formerScopes.length > 0) {
    joinScope(draft);
    leaveFormerScopes(draft);
  }
  switch (account.kind) {
    case "none":
      if (situation.wanted.length > 0) provision(draft);
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

/** On-demand provisioning sees an assignment after a while only, so it is asked at intervals, and then left to the cycle. */
function provision(draft: Draft): void {
  const { owned, now } = draft.situation;
  const changedAt = owned.account?.changedAt;
  if (draft.accountChanged("just now")) return draft.settling("the account", changedAt);
  const binUntil = draft.mayBeInBinUntil();
  // The next round, when the analyst is in scope, knows until when.
  if (binUntil === Infinity) return;
  if (binUntil > now) return draft.unsureOf("the account", binUntil);
  // It was there a moment ago: a replica that shows it neither here nor in the recycle bin is behind.
  if (draft.accountChanged("lately")) return draft.settling("the account", changedAt);
  const { scopedAt, tries } = owned.asked;
  const askAt = Math.max(scopedAt === null ? now : nextAskAt(scopedAt, tries), owned.askAfter);
  if (askAt <= now) draft.step({ kind: "provision" });
  else draft.lookAgain(Math.min(askAt, now + cyclePollMs));
}

function joinScope(draft: Draft): void {
  const { scope, owned } = draft.situation;
  if (scope === null || draft.decideScope(scope, owned.scope, "yes").act !== "add") return;
  draft.step({ kind: "join-scope", scope: scope.scope, name: scope.name });
}

/** A cycle of cross-tenant sync, and longer than what its replicas are behind. */
const wholeCycleMs = 45 * 60_000;

/**
 * Who changes from one scope group to another is in both until a whole cycle of sync has seen the new one: a cycle that sees
 * neither would delete the account.
 */
function leaveFormerScopes(draft: Draft): void {
  const { scope, formerScopes, owned, policySince, now } = draft.situation;
  if (scope?.seen !== "present") return;
  const dueAt = Math.max(policySince, owned.scope?.at ?? 0) + wholeCycleMs;
  for (const former of formerScopes) {
    if (now >= dueAt || former.heir !== "none") leaveScope(draft, former);
    else draft.moves(former.name, dueAt);
  }
}

function leaveScope(draft: Draft, former: FormerScope): void {
  const { scope, name, heir, entry } = former;
  if (heir === "has") draft.handOver(scope);
  else if (heir === "waits") draft.moves(name, draft.situation.now + heirMs);
  else if (draft.decideScope(former, entry, "no").act === "remove")
    draft.step({ kind: "leave-scope", scope, name });
  // It was left before, and whether it still is could not be read.
  else if (former.seen === "unknown") draft.unreadable(name);
}

/** How soon to look whether another target has taken a scope over. */
const heirMs = 5 * 60_000;

/**
 * What Muster deleted, or made sync delete, Muster restores: on-demand provisioning would make a second account beside it.
 */
function bringBack(draft: Draft, account: AccountId): void {
  const deleted = draft.situation.owned.account?.deleted ?? "no";
  if (deleted === "intended" || deleted === "confirmed" || deleted === "expected") {
    draft.step({ kind: "restore-account", account });
  } else if (draft.accountChanged("lately"))
    draft.settling("the account", draft.situation.owned.account?.changedAt);
  // Sync deletes the account of a source user who is deleted, and may have heard of that before Muster has.
  else if (draft.situation.news === "waits" || draft.situation.scope?.seen === "deleted")
    draft.unsureOf("the account", draft.situation.now + unknownMs);
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
  const { blocked, deleted, changedAt } = situation.owned.account ?? unknownAccount;
  const lately = draft.accountChanged("lately");
  const isInScope = situation.scope?.seen === "present" && !draft.scopeChangedLately();
  if (deleted !== "no" && !lately && isInScope) draft.learn({ deleted: "no" });
  if (blocked !== "no") {
    // A replica that shows it enabled may be far behind, and unblocking once more harms nobody.
    if (account.enabled && lately) draft.settling("the account", changedAt);
    else draft.step({ kind: "unblock-account", account: account.id });
  } else if (!account.enabled) {
    if (lately) draft.settling("the account", changedAt);
    else draft.note({ kind: "account-blocked-by-others", account: account.id });
  }
  const wanted = new Set(situation.wanted.map(({ grant }) => grantKey(grant)));
  for (const named of allGrants(situation)) {
    if (wanted.has(grantKey(named.grant))) draft.grant(account, named, "yes");
    else if (mayBeKept(named.grant, situation.keeps)) draft.keep(account, named, situation.keeps);
    else draft.grant(account, named, "no");
  }
}

function planLeave(situation: AccessSituation): AccessDecision {
  const draft = new Draft(situation);
  const { account, owned, leavers } = situation;
  const known = owned.account;
  const ours = goesWithOwner(known ?? { origin: "before" }, leavers.accounts);
  if (account.kind === "present") {
    for (const named of allGrants(situation)) draft.grant(account, named, "no");
  } else if (
    account.kind !== "unreachable" &&
    known !== null &&
    (account.kind === "none" || draft.isNewborn(known))
  ) {
    takeBackUnseen(draft, known.accountId);
  }
  // An account that was there before goes with the scope, so the scope stays while it may still be there.
  const nobodys = account.kind === "none" || account.kind === "soft-deleted";
  // Whoever could never be looked at came with the scope, as far as anybody can tell.
  const isUnknown = account.kind === "unreachable" && known === null;
  leaveScopes(draft, ours || nobodys || isUnknown ? "may-go" : "stays");
  // Sync deletes what came with a source user who is deleted, long before Muster would after leavers.deleteAfter.
  if (situation.leaving === "deleted" && ours && known?.deleted === "no")
    draft.learn({ deleted: "expected" });
  if (account.kind === "present") leaveAccount(draft, account, ours);
  leaveOthers(draft);
  if (nobodys && known !== null && ours) leaveUnseen(draft, account.kind, known);
  if (account.kind === "none" && (known === null || owned.awaited === "yes")) maybeInTheMaking(draft);
  return draft.decided("leave", situation.movers);
}

/** The account is not among the users, as some replica knows them; one that came to life lately may be there all the same. */
function leaveUnseen(draft: Draft, seen: "none" | "soft-deleted", known: AccountRecord): void {
  if (draft.isNewborn(known)) draft.unsureOf("the account", known.aliveAt + replicationWindowMs);
  const mayBeThere = seen === "none" || draft.isNewborn(known);
  if (mayBeThere && known.deleted !== "confirmed")
    // It was Muster's to delete, so it is deleted, and Graph's answer settles it.
    draft.step({ kind: "delete-account", account: known.accountId });
  // Whoever was quicker, sync or Muster: it is what leaving means, so coming back means restoring it.
  else if (seen === "soft-deleted" && known.deleted !== "by-others") draft.learn({ deleted: "confirmed" });
}

function takeBackUnseen(draft: Draft, account: AccountId): void {
  for (const { grant, name, entry } of draft.situation.owned.grants) {
    draft.apply(
      decideMembership({ wanted: "no", seen: "absent", entry, goneAt: 0, now: draft.situation.now }),
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

function leaveScopes(draft: Draft, account: "may-go" | "stays"): void {
  const { scope, formerScopes, owned, leavers } = draft.situation;
  const entry = owned.scope;
  const mine = scope === null || entry === undefined ? formerScopes : [{ ...scope, entry }, ...formerScopes];
  for (const one of mine) {
    if (account === "may-go" || one.seen === "deleted" || one.heir !== "none") leaveScope(draft, one);
    else draft.note({ kind: "scope-stays", name: one.name, why: "keeps-account" });
  }
  if (scope === null || entry !== undefined) return;
  if (scope.seen === "unknown" && leavers.accounts === "all") draft.unreadable(scope.name);
  if (scope.seen !== "present") return;
  if (leavers.accounts === "all") draft.step({ kind: "leave-scope", scope: scope.scope, name: scope.name });
  else draft.note({ kind: "scope-stays", name: scope.name, why: "before" });
}

function leaveAccount(draft: Draft, account: PresentAccount, ours: boolean): void {
  const { leavers, owned } = draft.situation;
  if (!ours) return draft.note({ kind: "account-stays", account: account.id, why: "before" });
  if (account.proof === "contested") {
    return draft.note({ kind: "account-not-proven", account: account.id, detail: account.detail });
  }
  const { blocked, deleted, changedAt } = owned.account ?? unknownAccount;
  const justNow = draft.accountChanged("just now");
  if (deleted === "confirmed" && justNow) return draft.settling("the account", changedAt);
  // Unblocked a moment ago and seen blocked: the replica is behind, and blocking once more settles it.
  const perhapsEnabled = account.enabled || (blocked === "no" && draft.accountChanged("lately"));
  if (leavers.block && perhapsEnabled) {
    if (blocked === "confirmed" && justNow) draft.settling("the account", changedAt);
    else draft.step({ kind: "block-account", account: account.id });
  }
  // Grants first, and seen gone: an account that is restored later must come back empty.
  const isEmpty = draft.unsettledGrants === 0 || owned.attempts >= patience;
  deleteWhenDue(draft, account.id, isEmpty ? "may-go" : "waits");
}

function deleteWhenDue(draft: Draft, account: AccountId, state: "may-go" | "waits"): void {
  const { leavers, owned, now } = draft.situation;
  if (leavers.deleteAfterMs === "never") return;
  const dueAt = (owned.leftAt ?? now) + leavers.deleteAfterMs;
  if (now < dueAt) {
    draft.note({ kind: "deletion-waits", account });
    draft.lookAgain(dueAt);
  } else if (state === "may-go") draft.step({ kind: "delete-account", account });
}

/**
 * Sync may have made an account that nobody has seen: a moment before the scope was left, or without its stamp. What it made it
 * deletes, in the first whole cycle after that.
 */
function maybeInTheMaking(draft: Draft): void {
  const { owned, now } = draft.situation;
  const { scopedUntil } = owned;
  if (scopedUntil !== null && now < scopedUntil + wholeCycleMs)
    draft.unsureOf("the account", scopedUntil + wholeCycleMs);
}

/** Nothing is remembered of them, so what a listing shows is acted on, unless it may be older than the last write. */
function leaveOthers(draft: Draft): void {
  const { others, owned, leavers } = draft.situation;
  for (const { id, enabled } of others) {
    if (draft.situation.now - owned.wroteAt < visibleMs) {
      draft.settling("another account", owned.wroteAt);
      continue;
    }
    if (enabled && leavers.block) draft.step({ kind: "block-account", account: id });
    deleteWhenDue(draft, id, "may-go");
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

const unknownAccount = { blocked: "no", deleted: "no", changedAt: 0 } as const;

const mayBeKept = (grant: Grant, keeps: Keeps | null): keeps is Keeps =>
  keeps !== null && (keeps.gave?.includes(grantKey(grant)) ?? true);

type PresentAccount = Extract<AccountSeen, { kind: "present" }>;

/** Collects steps, notes and bookkeeping while a plan is being made. */
class Draft {
  private learnt: Bookkeeping["account"] = null;
  unsettledGrants = 0;
  private readonly steps: Step[] = [];
  private readonly notes: Note[] = [];
  private readonly ledger: { what: Given; change: "claim" | "gone" | "drop" }[] = [];
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
    this.learnt = what;
  }

  lookAgain(at: number): void {
    this.lookAgainAt = this.lookAgainAt === null ? at : Math.min(at, this.lookAgainAt);
  }

  decideScope(
    { scope, name, seen }: ScopeSeen,
    entry: LedgerEntry | undefined,
    wanted: "yes" | "no",
  ): MembershipDecision {
    const { now, leaving } = this.situation;
    if (seen === "deleted") {
      // The source look found the user there, so this read is the older one.
      const isThere = leaving === "no-role" || leaving === "disabled";
      if (wanted === "yes" || (entry !== undefined && isThere)) this.unsureOf(name, now + unknownMs);
      // Graph took the analyst into the scope not long ago, so there was a user then: this may be the time before.
      const joinedAt = entry?.state === "added" ? entry.at : 0;
      if (now - joinedAt < replicationWindowMs) this.unsureOf(name, joinedAt + replicationWindowMs);
      return { act: "nothing", ledger: "same", unsureUntil: null };
    }
    const goneAt = this.goneAt({ kind: "scope", scope });
    const { goneUntil } = this.situation;
    const decision = this.unlessRestored(
      decideMembership({ wanted, seen, entry, goneAt, now }),
      name,
      goneUntil,
    );
    if (decision.ledger !== "same")
      this.ledger.push({ what: { kind: "scope", scope }, change: decision.ledger });
    if (decision.act === "wait") this.settling(name, entry?.at);
    this.unsure(name, decision);
    return decision;
  }

  grant(account: PresentAccount, { grant, name }: NamedGrant, wanted: "yes" | "no"): void {
    const owned = this.situation.owned.grants.find(
      (candidate) => grantKey(candidate.grant) === grantKey(grant),
    );
    const entry = owned?.entry;
    const seen = account.seen(grant);
    const goneAt = this.goneAt({ kind: "grant", grant });
    const decision = this.unlessRestored(
      decideMembership({ wanted, seen, entry, goneAt, now: this.situation.now }),
      name,
      this.situation.owned.account?.aliveAt ?? 0,
    );
    this.apply(decision, grant, () => ({
      kind: decision.act === "add" ? "grant" : "revoke",
      account: account.id,
      grant,
      name,
    }));
    if (decision.act === "wait") this.settling(name, entry?.at);
    this.unsure(name, decision);
    if (owned?.writable !== "no" && (decision.act === "remove" || decision.act === "wait")) {
      this.unsettledGrants += 1;
    }
    if (entry === undefined && seen === "present") this.note({ kind: "native-grant", name });
  }

  /** Who was restored a moment ago may be shown without the memberships that come back with them. */
  private unlessRestored(decision: MembershipDecision, name: string, at: number): MembershipDecision {
    const until = at + replicationWindowMs;
    if (decision.ledger !== "gone" || this.situation.now >= until) return decision;
    this.unsureOf(name, until);
    return { ...decision, ledger: "same" };
  }

  private goneAt(given: Given): number {
    return this.situation.owned.gone.find(({ what }) => sameGiven(what, given))?.at ?? 0;
  }

  keep(account: PresentAccount, { grant, name }: NamedGrant, { why, lost }: Keeps): void {
    const key = grantKey(grant);
    const isOwned = this.situation.owned.grants.some((owned) => grantKey(owned.grant) === key);
    // A person may have taken it away, as they were asked to.
    if (!isOwned || account.seen(grant) === "absent") return;
    this.note({ kind: "kept", name, why, alsoLost: lost.includes(key) ? "yes" : "no" });
  }

  /** The membership stays, and is another target's from now on. */
  handOver(scope: Scope): void {
    this.ledger.push({ what: { kind: "scope", scope }, change: "drop" });
  }

  moves(name: string, until: number): void {
    this.note({ kind: "scope-moves", name });
    this.lookAgain(until);
  }

  apply(decision: MembershipDecision, grant: Grant, step: () => Step): void {
    if (decision.act === "add" || decision.act === "remove") this.step(step());
    if (decision.ledger !== "same")
      this.ledger.push({ what: { kind: "grant", grant }, change: decision.ledger });
  }

  decided(purpose: Plan["purpose"], order: MoverOrder): AccessDecision {
    const { analyst, target, leaving, owned, now } = this.situation;
    const { gives, takes } = owned.doubt;
    const doubtUntil = purpose === "leave" ? gives : Math.max(gives, takes);
    if (doubtUntil > now) {
      this.note({ kind: "unsure", name: "what an interrupted run was doing" });
      this.lookAgain(doubtUntil);
    }
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

  /**
   * `just now`: the change may not be visible yet, and is made once more after that. `lately`: a replica may still show the
   * account as it was before.
   */
  accountChanged(when: "just now" | "lately"): boolean {
    const { owned, now } = this.situation;
    const windowMs = when === "just now" ? visibleMs : replicationWindowMs;
    return owned.account !== null && now - owned.account.changedAt < windowMs;
  }

  /** Sync may still be about to act on the scope as it was before. */
  scopeChangedLately(): boolean {
    const { owned, now } = this.situation;
    return owned.scope !== undefined && now - owned.scope.at < replicationWindowMs;
  }

  /** Waits a little, and longer the longer the write is ago that does not show. */
  settling(name: string, writtenAt: number | undefined): void {
    const { now } = this.situation;
    this.note({ kind: "settling", name });
    const waitedMs = now - (writtenAt ?? now);
    this.lookAgain(now + Math.max(settleMs, Math.min(waitedMs / 2, visibleMs)));
  }

  /**
   * A deleted account that no replica shows is either gone for good or was deleted a moment ago, by Muster or by the sync that
   * heard of the analyst's leaving. A new one beside it would never be found.
   * @returns epoch ms; 0 when there is no doubt, Infinity before the analyst is in scope again
   */
  mayBeInBinUntil(): number {
    const { owned, scope } = this.situation;
    const { account, scope: entry } = owned;
    if (account === null || account.deleted === "no") return 0;
    const isIn = scope === null || scope.seen === "present" || entry?.state === "added";
    const joinedAt = isIn ? (entry?.at ?? 0) : Infinity;
    return Math.max(account.changedAt, account.aliveAt, joinedAt) + replicationWindowMs;
  }

  unsure(name: string, { unsureUntil }: MembershipDecision): void {
    if (unsureUntil !== null) this.unsureOf(name, unsureUntil);
  }

  /** Asked again soon, and later the longer ago somebody left: the source may refuse to answer for hours. */
  unreadable(name: string): void {
    const { owned, now } = this.situation;
    const waitedMs = now - (owned.leftAt ?? now);
    this.unsureOf(name, now + Math.max(unknownMs, Math.min(waitedMs / 2, heirMs)));
  }

  unsureOf(name: string, until: number): void {
    this.note({ kind: "unsure", name });
    this.lookAgain(until);
  }

  /** A replica may still show the time before the account came to life. */
  isNewborn({ aliveAt }: AccountRecord): boolean {
    return this.situation.now - aliveAt < replicationWindowMs;
  }
}
