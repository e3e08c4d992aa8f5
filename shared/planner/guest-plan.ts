import { grantKey, type Grant } from "../model/grant.ts";
import type { Sight } from "../model/sight.ts";
import { unknownMs, type AccessDecision, type Draft } from "./access-draft.ts";
import type { NamedGrant, PresentAccount } from "./access-situation.ts";
import { isDenied } from "./grant-draft.ts";
import { loseGrants, loseWhatOutlives, settleGrants, takeBackUnseen } from "./grant-plan.ts";
import { decideMembership, replicationWindowMs } from "./membership.ts";
import { joinScope, leaveFormerScopes, leaveScopes } from "./scope-plan.ts";

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
  leaveFormerScopes(draft);
  switch (account.kind) {
    case "none":
      invite(draft);
      draft.note({ kind: "waits-for-account" });
      break;
    case "soft-deleted":
      // It went because Muster took the last package from it.
      if (draft.situation.owned.account?.deleted === "expected")
        draft.step({ kind: "restore-account", account: account.id });
      else draft.note({ kind: "account-deleted-by-others", account: account.id });
      draft.note({ kind: "waits-for-account" });
      break;
    case "present":
      welcome(draft, account);
      settleGrants(draft, account);
      break;
    case "unreachable":
      break;
    default:
      return account satisfies never;
  }
}

/** One package brings the account; the others are asked for when it is there. */
function invite(draft: Draft): void {
  const { invitation, wanted, now, owned } = draft.situation;
  // Whoever was denied one, and has no account any more, is not invited with it.
  const first = wanted.filter(isPackage).find((one) => !isDenied(draft, one));
  if (first === undefined || invitation === null) return;
  const { mail, asked } = invitation;
  // What will not come keeps nobody from coming with another.
  const isOpen = asked !== null && (asked.sight.seen !== "stuck" || isSame(asked, first));
  const { grant, name, entry, sight } = isOpen ? asked : { ...first, entry: undefined, sight: unasked };
  const decision = decideMembership({ wanted: "yes", seen: sight.seen, entry, goneAt: 0, now });
  // It has an account that no replica shows yet.
  if (sight.seen === "present") draft.unsureOf("the account", now + unknownMs);
  else if (decision.act === "add") draft.step({ kind: "invite", grant, name, mail });
  else if (decision.act === "wait") draft.settling(name, owned.wroteAt);
  else if (decision.act === "await") draft.onItsWay(name, sight, "yes");
  else draft.atItsEnd(name, sight);
}

const unasked: Sight = { seen: "absent" };

const isSame = (one: NamedGrant, other: NamedGrant) => grantKey(one.grant) === grantKey(other.grant);

type NamedPackage = NamedGrant & { readonly grant: Grant<"package"> };

const isPackage = (named: NamedGrant): named is NamedPackage => named.grant.kind === "package";

/** Entitlement management blocks a guest whose last package is gone, and does not let them in again with the next one. */
function welcome(draft: Draft, account: PresentAccount): void {
  const isExpected = draft.situation.owned.account?.deleted === "expected";
  if (account.enabled && isExpected) draft.learn({ deleted: "no" });
  else if (!account.enabled && isExpected) draft.step({ kind: "unblock-account", account: account.id });
  else if (!account.enabled) draft.note({ kind: "account-blocked-by-others", account: account.id });
}

function leave(draft: Draft): void {
  const { account, owned, invitation } = draft.situation;
  if (account.kind === "present") {
    loseGrants(draft, account);
    const ends = invitation?.ends ?? null;
    const isLosing = owned.grants.some((one) => isPackage(one) && one.entry.state !== "removed");
    if (isLosing && ends !== null) {
      draft.note({ kind: "guest-ends", account: account.id, how: ends });
      draft.learn({ deleted: "expected" });
    }
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
    case "unknown":
      return draft.unsureOf("the account", now + unknownMs);
    case "absent":
    case "lapsed":
    case "stuck":
      // A request that was made a moment ago may not be on show yet.
      if (now - entry.at >= replicationWindowMs) draft.forgetInvitation();
      else draft.unsureOf(name, entry.at + replicationWindowMs);
      return;
    default:
      return sight.seen satisfies never;
  }
}
