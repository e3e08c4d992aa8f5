import type { AccountId } from "../model/ids.ts";
import { goesWithOwner, type AccountRecord } from "../model/ledger.ts";
import type { AccessDecision } from "./access-decision.ts";
import { Draft, wholeCycleMs } from "./access-draft.ts";
import type { AccessSituation } from "./access-situation.ts";
import { unknownAccount, type PresentAccount } from "./account-situation.ts";
import { loseGrants, loseWhatOutlives, takeBackUnseen } from "./grant-plan.ts";
import { goneMs, replicationWindowMs, visibleMs } from "./replicas.ts";
import { leaveScopes } from "./leave-scopes.ts";

/** After this many failed rounds the account goes even if a revoke could not be done: no account, no access. */
const patience = 3;

export function planLeave(situation: AccessSituation): AccessDecision {
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
