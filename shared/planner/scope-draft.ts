import type { LedgerEntry } from "../model/ledger.ts";
import { unknownMs, type Draft } from "./access-draft.ts";
import type { ScopeSeen } from "./access-situation.ts";
import {
  asRemembered,
  decideGiven,
  followUp,
  handOver,
  idle,
  isTheirs,
  waiting,
  type Looked,
} from "./given-draft.ts";
import type { MembershipDecision } from "./membership-situation.ts";
import { replicationWindowMs } from "./replicas.ts";

type Asked = { readonly entry: LedgerEntry | undefined; readonly wanted: "yes" | "no" };

/** What to do about a scope, by what a look showed of it; what it takes to bring that about is the caller's to write down. */
export function decideScope(draft: Draft, one: ScopeSeen, { entry, wanted }: Asked): MembershipDecision {
  const { scope, name, seen } = one;
  if (seen === "deleted") return ofDeleted(draft, name, { entry, wanted });
  const sight = asRemembered({ ...one, seen }, entry, wanted);
  if (wanted === "yes" && sight.unread === "partly") {
    draft.unreadable(name);
    return waiting;
  }
  const what = { kind: "scope", scope } as const;
  if (isTheirs(sight) && entry !== undefined) handOver(draft, what, { name, entry });
  const looked: Looked = {
    what,
    name,
    sight,
    wanted,
    entry: isTheirs(sight) ? undefined : entry,
    restoredAt: draft.situation.goneUntil,
    where: { in: "source" },
  };
  const decision = decideGiven(draft, looked);
  followUp(draft, looked, decision, () => ({ kind: "renew-scope", scope, name }));
  return decision;
}

/** The source user is in the recycle bin, and what they have of this is in there with them, where nobody can write it. */
function ofDeleted(draft: Draft, name: string, { entry, wanted }: Asked): MembershipDecision {
  const { now, leaving } = draft.situation;
  // The source look found the user there, so this read is the older one.
  const isThere = leaving !== null && leaving !== "deleted";
  if (wanted === "yes" || (entry !== undefined && isThere)) draft.unsureOf(name, now + unknownMs);
  // Graph took the analyst into the scope not long ago, so there was a user then: this may be the time before.
  const joinedAt = entry?.state === "added" ? entry.at : 0;
  if (now - joinedAt < replicationWindowMs) draft.unsureOf(name, joinedAt + replicationWindowMs);
  return idle;
}
