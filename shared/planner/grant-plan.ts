import { grantKey } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import type { Draft } from "./access-draft.ts";
import type { AccessSituation, Keeps } from "./access-situation.ts";
import type { NamedGrant } from "./owned.ts";
import type { AccountSeen, PresentAccount } from "./account-situation.ts";
import { draftGrant, graceGrant, keepGrant } from "./grant-draft.ts";
import { decideMembership } from "./membership.ts";
import { heirMs } from "./leave-scopes.ts";

/** What somebody who belongs here is to have, and what not; and what a check in the source did not let go of stays. */
export function settleGrants(draft: Draft, account: PresentAccount): void {
  const { situation } = draft;
  const wanted = new Set(situation.wanted.map(({ grant }) => grantKey(grant)));
  for (const named of allGrants(situation)) {
    if (wanted.has(grantKey(named.grant))) draftGrant(draft, account, named, "yes");
    else if (mayBeKept(grantKey(named.grant), situation.keeps))
      keepGrant(draft, account, named, situation.keeps);
    else if (!graceGrant(draft, account, named)) lose(draft, account, named);
  }
}

/** All that may go goes. */
export function loseGrants(draft: Draft, account: PresentAccount): void {
  for (const named of allGrants(draft.situation)) lose(draft, account, named);
}

/** What is a target's scope by now stays with it. */
function lose(draft: Draft, account: PresentAccount, named: NamedGrant): void {
  const { owned, now } = draft.situation;
  const { grant, name } = named;
  const heir = owned.grants.find((one) => grantKey(one.grant) === grantKey(grant))?.heir ?? "none";
  if (heir === "has") draft.handOver({ kind: "grant", grant });
  else if (heir === "waits") draft.moves(name, now + heirMs);
  else draftGrant(draft, account, named, "no");
}

/** What goes on although the account is in the recycle bin. */
export function loseWhatOutlives(
  draft: Draft,
  { id, seen }: Extract<AccountSeen, { kind: "soft-deleted" }>,
): void {
  if (seen === undefined) return;
  for (const named of draft.situation.owned.grants)
    if (seen(named.grant, "no").unread !== "wholly") draftGrant(draft, { id, seen }, named, "no");
}

/** Of an account that no replica shows. `may-come-back`: with all that it had, so nothing is forgotten. */
export function takeBackUnseen(draft: Draft, account: AccountId, whose: "gone" | "may-come-back"): void {
  for (const { grant, name, entry } of draft.situation.owned.grants) {
    const seen = whose === "gone" ? "absent" : "unknown";
    const decision = decideMembership({ wanted: "no", seen, entry, goneAt: 0, now: draft.situation.now });
    if (decision.act === "remove") draft.step({ kind: "revoke", account, grant, name });
    draft.book({ kind: "grant", grant }, decision);
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

export const mayBeKept = (key: string, keeps: Keeps | null): keeps is Keeps =>
  keeps !== null && (keeps.gave?.includes(key) ?? true);
