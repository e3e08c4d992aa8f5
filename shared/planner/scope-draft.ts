import { grantKey, isRenewed } from "../model/grant.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { Sight } from "../model/sight.ts";
import { unknownMs, type Draft } from "./access-draft.ts";
import type { ScopeSeen } from "./access-situation.ts";
import { unlessGroupIsLost } from "./lost-group.ts";
import { decideMembership, replicationWindowMs, type MembershipDecision } from "./membership.ts";
import { isHad } from "./grant-draft.ts";
import { renewWhenDue } from "./renewal.ts";

const idle: MembershipDecision = { act: "nothing", ledger: "same", unsureUntil: null };
const waiting: MembershipDecision = { ...idle, act: "await" };

/** People look for it in the source. */
const inSource = { in: "source" } as const;

type Asked = { readonly entry: LedgerEntry | undefined; readonly wanted: "yes" | "no" };

/** What to do about a scope, by what a look showed of it; what it takes to bring that about is the caller's to write down. */
export function decideScope(draft: Draft, one: ScopeSeen, { entry, wanted }: Asked): MembershipDecision {
  const { scope, name, seen } = one;
  if (seen === "deleted") return ofDeleted(draft, name, { entry, wanted });
  const sight: Sight = { ...one, seen };
  if (wanted === "yes" && sight.unread === "partly") {
    draft.unreadable(name);
    return waiting;
  }
  // Nothing is given on the strength of an answer that did not come; it is told why.
  if (wanted === "yes" && sight.unread === "wholly") return idle;
  const what = { kind: "scope", scope } as const;
  const isTheirs = sight.by === "others" && isHad(sight);
  // Whoever asked for it owns it, whatever Muster meant to do.
  if (isTheirs && entry !== undefined) draft.handOver(what);
  const own = isTheirs ? undefined : entry;
  const decision =
    isTheirs && wanted === "yes"
      ? { ...idle, act: seen === "present" || seen === "stuck" ? ("nothing" as const) : ("await" as const) }
      : decideOwn(draft, one, sight, { entry: own, wanted });
  draft.book(what, decision);
  if (decision.act === "wait") draft.settling(name, own?.at);
  // What is still to come cannot be taken back before it is there.
  const isUnderWay =
    decision.act === "await" || (wanted === "no" && seen === "coming" && decision.act === "remove");
  if (isUnderWay) draft.onItsWay(name, sight, wanted, inSource);
  if (wanted === "yes" && decision.act === "nothing") {
    draft.atItsEnd(name, sight, inSource);
    if (own !== undefined && isRenewed(scope))
      renewWhenDue(draft, { name, sight, givenAt: own.at, where: inSource }, () => ({
        kind: "renew-scope",
        scope,
        name,
      }));
    // What somebody else gave for a time is Muster's to give after that; of the end of its own people hear.
    else if (sight.endsAt !== undefined) draft.lookAtEnd(sight.endsAt);
  }
  draft.unsure(name, decision);
  return decision;
}

function decideOwn(
  draft: Draft,
  { scope, name }: ScopeSeen,
  sight: Sight,
  { entry, wanted }: Asked,
): MembershipDecision {
  const { now, goneUntil } = draft.situation;
  // What has run its time is given anew where that is meant.
  const seen = sight.seen === "lapsed" && isRenewed(scope) ? "absent" : sight.seen;
  const goneAt = draft.goneAt({ kind: "scope", scope });
  const decided = decideMembership({ wanted, seen, seenAt: sight.at, entry, goneAt, now });
  const decision = unlessGroupIsLost(draft, draft.unlessRestored(decided, name, goneUntil), {
    key: grantKey(scope),
    name,
    entry,
  });
  const isTooSoon = (sight.notBefore ?? 0) > now && (decision.act === "add" || decision.act === "remove");
  return isTooSoon ? { ...decision, act: "await" } : decision;
}

/** The source user is in the recycle bin, and what they have of this is in there with them, where nobody can write it. */
function ofDeleted(draft: Draft, name: string, { entry, wanted }: Asked): MembershipDecision {
  const { now, leaving } = draft.situation;
  // The source look found the user there, so this read is the older one.
  const isThere = leaving === "no-role" || leaving === "disabled";
  if (wanted === "yes" || (entry !== undefined && isThere)) draft.unsureOf(name, now + unknownMs);
  // Graph took the analyst into the scope not long ago, so there was a user then: this may be the time before.
  const joinedAt = entry?.state === "added" ? entry.at : 0;
  if (now - joinedAt < replicationWindowMs) draft.unsureOf(name, joinedAt + replicationWindowMs);
  return idle;
}
