import { grantKey, isRenewed } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import { isGiven, type LedgerEntry } from "../model/ledger.ts";
import type { Sight } from "../model/sight.ts";
import type { Draft } from "./access-draft.ts";
import type { Keeps } from "./access-situation.ts";
import type { NamedGrant } from "./owned.ts";
import type { PresentAccount } from "./account-situation.ts";
import { asRemembered, decideGiven, followUp, handOver, isTheirs, type Looked } from "./given-draft.ts";
import { replicationWindowMs } from "./replicas.ts";
import { instant, unlessRefused } from "./refused.ts";
import { renewWhenDue } from "./renewal.ts";

type Holder = Pick<PresentAccount, "id" | "seen">;

/** Gives or takes one thing, or waits for it, by what a look showed of it. */
export function draftGrant(
  draft: Draft,
  account: Holder,
  { grant, name }: NamedGrant,
  wanted: "yes" | "no",
): void {
  const { owned, now } = draft.situation;
  const own = owned.grants.find((candidate) => grantKey(candidate.grant) === grantKey(grant));
  const sight = asRemembered(account.seen(grant, wanted), own?.entry, wanted);
  if (wanted === "yes" && sight.unread === "partly") return draft.unreadable(name);
  if (isTheirs(sight) && own !== undefined) handOver(draft, { kind: "grant", grant }, own);
  const entry = isTheirs(sight) ? undefined : own?.entry;
  const restoredAt = owned.account?.aliveAt ?? 0;
  const what = { kind: "grant", grant } as const;
  const looked: Looked = { what, name, sight: withSince(sight, entry), wanted, entry, restoredAt };
  const decision = unlessRefused(draft, decideGiven(draft, looked), { grant, name, sight, entry });
  const { act } = decision;
  if (act === "add" || act === "remove")
    draft.step({ kind: act === "add" ? "grant" : "revoke", account: account.id, grant, name });
  followUp(draft, looked, decision, () => ({ kind: "renew", account: account.id, grant, name }));
  // What the person did until it was taken from them shows when every replica knows of it.
  const shownAt = (entry?.state === "removed" ? entry.at : -Infinity) + replicationWindowMs;
  if (sight.fleeting === "yes" && now < shownAt) draft.unsureOf(name, shownAt);
  // It was taken back before, and whether it is gone could not be read.
  if (sight.seen === "unknown" && act === "nothing" && entry?.state === "removed") draft.unreadable(name);
  if (own?.writable !== "no" && act !== "nothing" && act !== "add") draft.unsettledGrants += 1;
  if (entry === undefined && sight.seen === "present") draft.note({ kind: "native-grant", name });
}

/** What does not say since when it is on its way is so at least since Muster's last word. */
const withSince = (sight: Sight, entry: LedgerEntry | undefined): Sight =>
  sight.since !== undefined || entry === undefined ? sight : { ...sight, since: entry.at };

export function keepGrant(
  draft: Draft,
  account: PresentAccount,
  { grant, name }: NamedGrant,
  { why, lost }: Keeps,
): void {
  const key = grantKey(grant);
  const own = draft.situation.owned.grants.find((owned) => grantKey(owned.grant) === key);
  // A person may have taken it away, as they were asked to.
  if (own === undefined || account.seen(grant, "yes").seen === "absent") return;
  draft.note({ kind: "kept", name, why, alsoLost: lost.includes(key) ? "yes" : "no" });
  // What is given for a time only is kept by giving it for longer.
  const { entry } = own;
  renew(draft, { grant, name }, account.seen(grant, "yes"), { account: account.id, givenAt: entry.at });
}

/**
 * What a lost role gave is kept for a while. An edit of the policy that does not give it to anybody any more is no loss of a role.
 * @returns whether it is kept
 */
export function graceGrant(draft: Draft, account: PresentAccount, { grant, name }: NamedGrant): boolean {
  const { graceMs, managed, owned, now } = draft.situation;
  const key = grantKey(grant);
  const own = owned.grants.find((one) => grantKey(one.grant) === key);
  const isManaged = managed.some((one) => grantKey(one.grant) === key);
  const { seen, endsAt = Infinity } = account.seen(grant, "yes");
  // Nothing is renewed for somebody who is to lose it.
  const until = Math.min(endsAt, (own?.unwantedSince ?? now) + graceMs);
  if (own === undefined || !isGiven(own.entry) || !isManaged || now >= until || seen === "absent")
    return false;
  draft.note({
    kind: "grace",
    name,
    until: instant(until),
  });
  draft.lookAgain(until);
  return true;
}

function renew(
  draft: Draft,
  { grant, name }: NamedGrant,
  sight: Sight,
  { account, givenAt }: { readonly account: AccountId; readonly givenAt: number },
): void {
  if (isRenewed(grant))
    renewWhenDue(draft, { name, sight, givenAt }, () => ({ kind: "renew", account, grant, name }));
}
