import type { AccountId } from "../model/ids.ts";
import { goesWithOwner, type AccountRecord } from "../model/ledger.ts";
import { Draft, unknownMs, wholeCycleMs, type AccessDecision } from "./access-draft.ts";
import type { AccessSituation, PresentAccount } from "./access-situation.ts";
import { loseGrants, loseWhatOutlives, settleGrants, takeBackUnseen } from "./grant-plan.ts";
import { keepGuest, planGuest } from "./guest-plan.ts";
import { goneMs, replicationWindowMs, visibleMs } from "./membership.ts";
import { cyclePollMs, nextAskAt } from "./provisioning.ts";
import { joinScope, leaveFormerScopes, leaveScopes } from "./scope-plan.ts";

/** After this many failed rounds the account goes even if a revoke could not be done: no account, no access. */
const patience = 3;

/** Wanted, seen and owned in; one plan out. Nothing else goes in: same input, same plan. */
export function planAccess(situation: AccessSituation): AccessDecision {
  const stays = situation.wanted.length > 0 || situation.keeps !== null;
  if (situation.accounts === "own") return planHome(situation, stays ? "join" : "leave");
  if (situation.accounts === "invited") return planGuest(new Draft(situation), stays ? "join" : "leave");
  return stays ? planStay(situation) : planLeave(situation);
}

/** In the source there are but grants: the account is the analyst's own user, which comes and goes without Muster. */
function planHome(situation: AccessSituation, purpose: "join" | "leave"): AccessDecision {
  const draft = new Draft(situation);
  const { account, leaving, owned, now } = situation;
  // The source look found the user there, so this read is the older one.
  const readAgain = () => draft.unsureOf("the user", now + unknownMs);
  switch (account.kind) {
    case "present":
      if (purpose === "join") stayPresent(draft, account);
      else loseGrants(draft, account);
      break;
    case "none":
    case "soft-deleted":
      if (purpose === "join") {
        readAgain();
        draft.note({ kind: "waits-for-account" });
        // Who is in the recycle bin keeps their memberships there, where nobody can take them.
      } else if (leaving !== "deleted") readAgain();
      else if (account.kind === "none" && owned.account !== null) loseUnseen(draft, owned.account.accountId);
      break;
    case "unreachable":
      break;
    default:
      return account satisfies never;
  }
  return draft.decided(purpose, situation.movers);
}

/**
 * The user is on show neither alive nor in the recycle bin, where they keep their memberships. They may be on their way from one to the
 * other, so what was taken back is remembered until nobody can come back any more.
 */
function loseUnseen(draft: Draft, account: AccountId): void {
  const { nowhereSince, now } = draft.situation;
  const finalAt = nowhereSince === null ? Infinity : nowhereSince + goneMs;
  if (nowhereSince === null) draft.unreadable("the user");
  else if (now < finalAt) draft.lookAgain(finalAt);
  takeBackUnseen(draft, account, now < finalAt ? "may-come-back" : "gone");
}

function planStay(situation: AccessSituation): AccessDecision {
  const draft = new Draft(situation);
  const { account } = situation;
  // Who is kept stays in scope, also when the policy moves it.
  const isAffected = situation.wanted.length > 0 || situation.formerScopes.length > 0;
  const way = isAffected ? joinScope(draft) : "open";
  if (isAffected) leaveFormerScopes(draft);
  const isReachable = way === "open" || situation.formerScopes.some(({ seen }) => seen === "present");
  switch (account.kind) {
    case "none":
      if (situation.wanted.length > 0 && way === "open") provision(draft);
      draft.note({ kind: "waits-for-account" });
      break;
    case "soft-deleted":
      if (isReachable) bringBack(draft, account.id);
      // Sync deletes, and deletes again, who is in no scope; when the scope has come, it was no more than that.
      else if (situation.owned.account?.deleted === "no" && situation.scope?.seen !== "unknown")
        draft.learn({ deleted: "expected" });
      draft.note({ kind: "waits-for-account" });
      break;
    case "present":
      stayPresent(draft, account, isReachable ? "open" : "closed");
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

/**
 * What Muster deleted, or made sync delete, Muster restores: on-demand provisioning would make a second account beside it.
 */
function bringBack(draft: Draft, account: AccountId): void {
  const deleted = draft.situation.owned.account?.deleted ?? "no";
  const isOurs = deleted === "intended" || deleted === "confirmed" || deleted === "expected";
  if (isOurs || (deleted === "no" && isOfEarlierTime(draft))) {
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

/** It was made while the analyst was in scope before, and found late: a cycle that began before they were in again deletes it. */
function isOfEarlierTime(draft: Draft): boolean {
  const { owned, now } = draft.situation;
  const { account, scope } = owned;
  if (account?.origin !== "created" || scope?.state !== "added") return false;
  const joinedAt = draft.joinedAt();
  return account.aliveAt < joinedAt && now < joinedAt + wholeCycleMs;
}

/** `closed`: they are in no scope yet, so what Muster has blocked stays blocked. */
function stayPresent(draft: Draft, account: PresentAccount, way: "open" | "closed" = "open"): void {
  const { situation } = draft;
  if (account.proof === "contested") {
    draft.note({ kind: "account-not-proven", account: account.id, detail: account.detail });
    return;
  }
  if (situation.owned.account?.proof === "assignment") return keepGuest(draft, account);
  const { blocked, deleted, changedAt } = situation.owned.account ?? unknownAccount;
  const lately = draft.accountChanged("lately");
  if (deleted !== "no" && !lately && situation.scope?.seen === "present") survive(draft);
  if (blocked !== "no") {
    // A replica that shows it enabled may be far behind, and unblocking once more harms nobody.
    if (way === "closed") draft.note({ kind: "waits-for-account" });
    else if (account.enabled && lately) draft.settling("the account", changedAt);
    else draft.step({ kind: "unblock-account", account: account.id });
  } else if (!account.enabled) {
    if (lately) draft.settling("the account", changedAt);
    else draft.note({ kind: "account-blocked-by-others", account: account.id });
  }
  settleGrants(draft, account);
}

/** A cycle of sync that began before the analyst was in scope again may still delete the account, and Muster restores it then. */
function survive(draft: Draft): void {
  const { owned, now } = draft.situation;
  const until = draft.joinedAt() + wholeCycleMs;
  if (now < until) draft.lookAgain(until);
  // Whoever restored it did so lately, and what comes back with it may not show yet.
  else draft.learn({ deleted: "no", ...(owned.account?.deleted === "by-others" ? { aliveAt: now } : {}) });
}

function planLeave(situation: AccessSituation): AccessDecision {
  const draft = new Draft(situation);
  const { account, owned, leavers } = situation;
  const known = owned.account;
  const ours = goesWithOwner(known ?? { origin: "before" }, leavers.accounts);
  if (account.kind === "present") {
    loseGrants(draft, account);
  } else if (
    account.kind !== "unreachable" &&
    known !== null &&
    (account.kind === "none" || draft.isNewborn(known))
  ) {
    takeBackUnseen(draft, known.accountId, "gone");
  }
  if (account.kind === "soft-deleted") loseWhatOutlives(draft, account);
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
  if (mayBeThere && known.deleted !== "confirmed") {
    // What it was to come to is brought about all the same, and Graph's answer settles it.
    const isDue = draft.situation.now >= deletionDueAt(draft);
    if (!isDue && draft.situation.leavers.block && known.blocked !== "confirmed")
      draft.step({ kind: "block-account", account: known.accountId });
    deleteWhenDue(draft, known.accountId, "may-go");
  }
  // Whoever was quicker, sync or Muster: it is what leaving means, so coming back means restoring it.
  else if (seen === "soft-deleted" && known.deleted !== "by-others") draft.learn({ deleted: "confirmed" });
}

function leaveAccount(draft: Draft, account: PresentAccount, ours: boolean): void {
  const { leavers, owned } = draft.situation;
  if (!ours) return draft.note({ kind: "account-stays", account: account.id, why: "before" });
  if (account.proof === "contested") {
    return draft.note({ kind: "account-not-proven", account: account.id, detail: account.detail });
  }
  const { blocked, deleted, changedAt, unblockedAt } = owned.account ?? unknownAccount;
  const justNow = draft.accountChanged("just now");
  if (deleted === "confirmed" && justNow) return draft.settling("the account", changedAt);
  // Enabled not long ago and seen blocked: the replica may be behind, even far behind, and blocking once more settles it.
  const wasEnabled = draft.accountChanged("lately") || draft.situation.now - unblockedAt < goneMs;
  const perhapsEnabled = account.enabled || (blocked === "no" && wasEnabled);
  if (leavers.block && perhapsEnabled) {
    if (blocked === "confirmed" && justNow) draft.settling("the account", changedAt);
    else draft.step({ kind: "block-account", account: account.id });
  }
  // Grants first, and seen gone: an account that is restored later must come back empty.
  const isEmpty = draft.unsettledGrants === 0 || owned.attempts >= patience;
  deleteWhenDue(draft, account.id, isEmpty ? "may-go" : "waits");
}

/** Epoch ms; Infinity for never. */
function deletionDueAt({ situation }: Draft): number {
  const { leavers, owned, now } = situation;
  return leavers.deleteAfterMs === "never" ? Infinity : (owned.leftAt ?? now) + leavers.deleteAfterMs;
}

function deleteWhenDue(draft: Draft, account: AccountId, state: "may-go" | "waits"): void {
  const dueAt = deletionDueAt(draft);
  if (dueAt === Infinity) return;
  if (draft.situation.now < dueAt) {
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

const unknownAccount = { blocked: "no", deleted: "no", changedAt: 0, unblockedAt: 0 } as const;
