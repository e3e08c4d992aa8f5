import type { AccountId } from "../model/ids.ts";
import type { AccessDecision } from "./access-decision.ts";
import { Draft, unknownMs, wholeCycleMs } from "./access-draft.ts";
import type { AccessSituation } from "./access-situation.ts";
import { unknownAccount, type PresentAccount } from "./account-situation.ts";
import { loseGrants, settleGrants, takeBackUnseen } from "./grant-plan.ts";
import { keepGuest, planGuest } from "./guest-plan.ts";
import { planLeave } from "./leave-plan.ts";
import { goneMs } from "./replicas.ts";
import { cyclePollMs, nextAskAt } from "./provisioning.ts";
import type { NamedGrant } from "./owned.ts";
import { joinScope, keepScope, leaveFormerScopes } from "./scope-plan.ts";
import { mayTakeAlong } from "./shared-scope.ts";

/** Wanted, seen and owned in; one plan out. Nothing else goes in: same input, same plan. */
export function planAccess(situation: AccessSituation): AccessDecision {
  const stays = situation.wanted.length > 0 || situation.keeps !== null;
  if (situation.accounts === "own") return planHome(situation, stays ? "join" : "leave");
  if (situation.accounts === "invited" && (stays || !isSyncs(situation)))
    return planGuest(new Draft(situation), stays ? "join" : "leave");
  return stays ? planStay(situation) : planLeave(situation);
}

/**
 * In a target that invites by now: an account that sync made for Muster before. Entitlement management ends those that it has invited, and
 * nobody else's.
 */
function isSyncs({ account, owned, invitation }: AccessSituation): boolean {
  const isMade = owned.account?.origin === "created" && owned.account.proof !== "assignment";
  if (!isMade || (invitation?.asked ?? null) !== null) return false;
  const isGoverned = ({ grant }: NamedGrant) =>
    account.kind === "present" && account.seen(grant, "no").governed === "yes";
  return !owned.grants.some(isGoverned);
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
  else keepScope(draft);
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
  const { owned, formerScopes, now } = draft.situation;
  // What they are in may be going with what was taken from them when they left.
  if (formerScopes.some((former) => mayTakeAlong(former, now))) return;
  const until = draft.joinedAt() + wholeCycleMs;
  if (now < until) draft.lookAgain(until);
  // Whoever restored it did so lately, and what comes back with it may not show yet.
  else draft.learn({ deleted: "no", ...(owned.account?.deleted === "by-others" ? { aliveAt: now } : {}) });
}
