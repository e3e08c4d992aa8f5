import { grantKey, type Grant } from "../model/grant.ts";
import type { AccountRecord, LedgerEntry } from "../model/ledger.ts";
import type { Sight } from "../model/sight.ts";
import type { AccessDecision } from "./access-decision.ts";
import type { Draft } from "./access-draft.ts";
import type { NamedGrant } from "./owned.ts";
import type { AccountSeen, PresentAccount } from "./account-situation.ts";
import { asRemembered } from "./given-draft.ts";
import { loseGrants, loseWhatOutlives, settleGrants, takeBackUnseen } from "./grant-plan.ts";
import { decideMembership } from "./membership.ts";
import { wasRefused } from "./refused.ts";
import { goneMs, replicationWindowMs } from "./replicas.ts";
import { joinScope, leaveFormerScopes } from "./scope-plan.ts";
import { leaveScope, leaveScopes } from "./leave-scopes.ts";

/*
 * Somebody whom the target invites. The account comes with an access package, and is entitlement management's: Muster gives and takes
 * what is in it, and neither blocks nor deletes it.
 */
export function planGuest(draft: Draft, purpose: "join" | "leave"): AccessDecision {
  if (purpose === "join") stay(draft);
  else leave(draft);
  return draft.decided(purpose, draft.situation.movers);
}

function stay(draft: Draft): void {
  const { account, wanted } = draft.situation;
  if (wanted.length > 0) joinScope(draft);
  leaveFormerWaysOut(draft);
  switch (account.kind) {
    case "none":
      invite(draft);
      draft.note({ kind: "waits-for-account" });
      break;
    case "soft-deleted":
      bringBack(draft, account);
      draft.note({ kind: "waits-for-account" });
      break;
    case "present":
      if (account.proof === "contested") dispute(draft, account);
      else {
        settleGrants(draft, account);
        const end = foreseeEnd(draft, account);
        welcome(draft, account, end);
      }
      break;
    case "unreachable":
      break;
    default:
      return account satisfies never;
  }
}

/** Where none is needed any more nobody waits; but an account that sync made before goes with the scope that it came with. */
function leaveFormerWaysOut(draft: Draft): void {
  const { scope, formerScopes, owned } = draft.situation;
  const isSynced = owned.account !== null && owned.account.proof !== "assignment";
  if (!isSynced && scope !== null) return leaveFormerScopes(draft);
  for (const former of formerScopes) {
    if (isSynced && former.heir === "none")
      draft.note({ kind: "scope-stays", name: former.name, why: "keeps-account" });
    else leaveScope(draft, former);
  }
}

/** An address led to somebody else: they get nothing more, and what Muster asked for by the address is taken from them. */
function dispute(draft: Draft, account: PresentAccount): void {
  draft.note({ kind: "account-not-proven", account: account.id, detail: account.detail });
  loseGrants(draft, account);
}

/** By Muster's hand, or because the last package went; of an answer that was lost nobody knows what came of it. */
const isToEnd = (account: AccountRecord | null): boolean =>
  account !== null && account.deleted !== "no" && account.deleted !== "by-others";

/** It went because the last package did, and comes back with one that is to be had. */
function bringBack(draft: Draft, { id, seen }: Extract<AccountSeen, { kind: "soft-deleted" }>): void {
  const { owned, wanted } = draft.situation;
  if (!isToEnd(owned.account)) return draft.note({ kind: "account-deleted-by-others", account: id });
  const sights = wanted
    .filter(isPackage)
    .map((one) => ({ ...one, sight: seen?.(one.grant, "yes") ?? unasked }));
  if (sights.some(({ sight }) => !isOver(sight))) return draft.step({ kind: "restore-account", account: id });
  for (const { name, sight } of sights) draft.atItsEnd(name, sight);
}

/**
 * One package brings the account; the others are asked for when it is there. What will not come keeps nobody from coming with
 * another, and what is not wanted any more, and is open, has to come to its end before.
 */
function invite(draft: Draft): void {
  const { invitation, wanted, owned, now } = draft.situation;
  if (invitation === null) return;
  // A replica that shows it neither here nor in the recycle bin may be behind, and what is asked for by address is asked for anew.
  const sureAt = owned.account === null ? 0 : (invitation.unseenSince ?? now) + replicationWindowMs;
  if (now < sureAt) return draft.unsureOf("the account", sureAt);
  const { mail, asked } = invitation;
  // Whoever was refused one, and has no account any more, is not invited with it.
  const packages = wanted.filter(isPackage).filter((one) => !wasRefused(draft, one));
  const out = asked === null ? [] : [asked, ...asked.refused];
  const next = packages.find((one) => !isAmong(one, out));
  if (asked !== null && isAmong(asked, packages)) {
    const { grant, name, entry } = asked;
    const sight = asRemembered(asked.sight, entry, "yes");
    const decision = decideMembership({
      wanted: "yes",
      seen: sight.seen,
      seenAt: sight.at,
      entry,
      goneAt: 0,
      now,
    });
    if (sight.seen === "present") {
      draft.onItsWay(name, { seen: "coming", since: entry.at, detail: nobodys }, "yes");
      // Of what somebody else has assigned no account will show; another package brings the proof.
      if (sight.by !== "others" || next === undefined) return;
      draft.refuseInvitation(`somebody else has assigned it to ${mail}`);
    } else if (decision.act === "add") return draft.step({ kind: "invite", grant, name, mail });
    else if (decision.act === "wait") return draft.settling(name, owned.wroteAt);
    else if (decision.act === "await") return draft.onItsWay(name, sight, "yes");
    else draft.atItsEnd(name, sight);
    if (sight.seen === "stuck") draft.refuseInvitation(sight.detail ?? "");
  } else if (asked !== null && isUnderWay(asked.sight)) return draft.onItsWay(asked.name, asked.sight, "no");
  if (next !== undefined) draft.step({ kind: "invite", grant: next.grant, name: next.name, mail });
}

const unasked: Sight = { seen: "absent" };
/** A replica may not show the account yet; or the address is somebody else's. */
const nobodys = "it is assigned to this address, and whose account that is does not show";

const isOver = ({ seen }: Sight) => seen === "stuck" || seen === "lapsed";
const isUnderWay = ({ seen }: Sight) => seen === "coming" || seen === "going";

const isSame = (one: NamedGrant, other: NamedGrant) => grantKey(one.grant) === grantKey(other.grant);
const isAmong = (one: NamedGrant, wanted: readonly NamedGrant[]) =>
  wanted.some((other) => isSame(one, other));

type NamedPackage = NamedGrant & { readonly grant: Grant<"package"> };

const isPackage = (named: NamedGrant): named is NamedPackage => named.grant.kind === "package";

/**
 * Entitlement management blocks a guest whose last package is gone, whoever ended it, and lets nobody in again with the next one. That
 * may be a while later, so it is expected until they have had a package for a day.
 */
function welcome(draft: Draft, account: PresentAccount, end: "foreseen" | "none"): void {
  const { owned, wanted, now } = draft.situation;
  const sights = wanted.filter(isPackage).map((one) => ({ one, ...account.seen(one.grant, "yes") }));
  const had = sights.filter(({ seen }) => seen === "present").map(({ one }) => one);
  if (!isToEnd(owned.account)) noteBlock(draft, account, end);
  else if (account.enabled && had.length > 0) {
    const rows = owned.grants.filter((row) => isAmong(row, had));
    const sureAt = Math.max(0, ...rows.map(({ entry }) => entry.at)) + goneMs;
    if (now < sureAt) draft.lookAgain(sureAt);
    else draft.learn({ deleted: "no" });
  } else if (!account.enabled && had.length > 0) draft.step({ kind: "unblock-account", account: account.id });
}

/** Muster has not blocked it; where its end is foreseen, entitlement management may have. */
function noteBlock(draft: Draft, { id, enabled }: PresentAccount, end: "foreseen" | "none"): void {
  if (!enabled && end === "none") draft.note({ kind: "account-blocked-by-others", account: id });
}

/** What becomes of a guest who loses the last package, or whose last one has ended by itself, is said before it happens. */
function foreseeEnd(draft: Draft, account: PresentAccount): "foreseen" | "none" {
  const { wanted, owned, invitation } = draft.situation;
  const packages = wanted.filter(isPackage);
  if (packages.some(({ grant }) => account.seen(grant, "yes").seen === "present")) return "none";
  const ending = [
    ...owned.grants
      .filter((one) => isPackage(one) && draft.revokes(one.grant))
      .map(({ grant }) => account.seen(grant, "no")),
    ...packages.map(({ grant }) => account.seen(grant, "yes")).filter(({ seen }) => seen === "lapsed"),
  ];
  if (ending.every(({ governed }) => governed === "no")) return "none";
  const ends = invitation?.ends ?? { kind: "unasked" };
  if (ends.kind === "stays") return "none";
  if (ends.kind === "ends") draft.note({ kind: "guest-ends", account: account.id, how: ends.how });
  draft.learn({ deleted: "expected" });
  return "foreseen";
}

/**
 * Somebody who was invited before the policy said that sync makes the accounts: it is the same account by then, and comes in again when
 * it was blocked for want of a package.
 */
export function keepGuest(draft: Draft, account: PresentAccount): void {
  settleGrants(draft, account);
  const end = foreseeEnd(draft, account);
  const { owned, now } = draft.situation;
  const { unblockedAt } = owned.account ?? { unblockedAt: 0 };
  if (!isToEnd(owned.account)) noteBlock(draft, account, end);
  else if (!account.enabled) draft.step({ kind: "unblock-account", account: account.id });
  else if (unblockedAt > 0 && now - unblockedAt >= goneMs) draft.learn({ deleted: "no" });
}

function leave(draft: Draft): void {
  const { account, owned } = draft.situation;
  if (account.kind === "present") {
    loseGrants(draft, account);
    foreseeEnd(draft, account);
  } else if (account.kind === "soft-deleted") loseWhatOutlives(draft, account);
  else if (account.kind === "none") {
    if (owned.account !== null) takeBackUnseen(draft, owned.account.accountId, "gone");
    withdraw(draft);
  }
  leaveScopes(draft, "may-go");
}

/** Nobody can take back a request that is open: whoever comes of it is taken in hand when the account is there. */
function withdraw(draft: Draft): void {
  const { invitation, now } = draft.situation;
  const asked = invitation?.asked ?? null;
  if (asked === null) return;
  const { name, sight, entry } = asked;
  switch (sight.seen) {
    case "coming":
    case "going":
    case "failed":
      return draft.onItsWay(name, sight, "no");
    case "present":
      return draft.onItsWay(name, { seen: "coming", since: entry.at, detail: nobodys }, "no");
    case "unknown":
      return draft.unreadable(name);
    case "absent":
      return forgetUnseen(draft, name, entry);
    case "lapsed":
    case "stuck":
      // It may be the answer to an earlier one.
      if (now - entry.at >= replicationWindowMs) draft.forgetInvitation();
      else draft.unsureOf(name, entry.at + replicationWindowMs);
      return;
    default:
      return sight.seen satisfies never;
  }
}

/** Graph has taken the request, or may have, and a replica may be far behind: it is remembered for a day. */
function forgetUnseen(draft: Draft, name: string, { state, at }: LedgerEntry): void {
  const { now } = draft.situation;
  if (now - at >= goneMs) return draft.forgetInvitation();
  if (now - at < replicationWindowMs) draft.unsureOf(name, at + replicationWindowMs);
  else if (state === "added") draft.unreadable(name);
  draft.lookAgain(at + goneMs);
}
