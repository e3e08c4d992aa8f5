import { isGiven, type LedgerEntry } from "../model/ledger.ts";
import type { Seen } from "../model/sight.ts";
import { decision, type MembershipDecision, type MembershipSituation } from "./membership-situation.ts";
import { goneMs, replicationWindowMs, visibleMs } from "./replicas.ts";
import { giveInTime, takeInTime } from "./under-way.ts";

/**
 * What to do about one membership (a grant, or a scope), given what is wanted, what a read showed and what Muster's
 * ledger says. `fresh`: written within `visibleMs`. `recent`: within `replicationWindowMs`. An entry that says nothing
 * of the kind may be of any age.
 *
 *  wanted | seen    | ledger             | act     | ledger afterwards
 *  -------|---------|--------------------|---------|------------------
 *  yes    | absent  | -                  | add     | same
 *  yes    | absent  | gone               | add     | same
 *  yes    | absent  | adding             | add     | same
 *  yes    | absent  | added, fresh       | wait    | same
 *  yes    | absent  | added, not fresh   | add     | same
 *  yes    | absent  | removing           | add     | same
 *  yes    | absent  | removed            | add     | same
 *  yes    | present | -                  | nothing | same
 *  yes    | present | gone               | add     | same
 *  yes    | present | adding             | nothing | claim
 *  yes    | present | adding, taken back that day | add | same
 *  yes    | present | added              | nothing | same
 *  yes    | present | removing           | add     | same
 *  yes    | present | removed            | add     | same
 *  no     | present | -                  | nothing | same
 *  no     | present | gone               | nothing | same
 *  no     | present | adding             | remove  | same
 *  no     | present | added              | remove  | same
 *  no     | present | removing           | remove  | same
 *  no     | present | removed, fresh     | wait    | same
 *  no     | present | removed, not fresh | remove  | same
 *  no     | absent  | -                  | nothing | same
 *  no     | absent  | gone               | nothing | same
 *  no     | absent  | adding             | remove  | same
 *  no     | absent  | added              | remove  | same
 *  no     | absent  | removing           | remove  | same
 *  no     | absent  | removed, recent    | nothing | same
 *  no     | absent  | removed, old       | nothing | gone
 *
 * Four rules make the table. What Muster wrote a moment ago beats a read that does not show it (`fresh`); after that the
 * write is repeated, which harms nobody and settles it. What Muster granted it takes back by its own hand: "absent" in a read
 * is not enough to call it gone. "Present" after Muster removed it may be the past, so it is neither believed nor taken for
 * somebody else's: adding once more brings it about, and Graph's answer tells whose it is. What was removed is gone when a read
 * shows that after every replica should know of it; one that never showed did not happen, as with a removal that found the
 * member in the recycle bin. What is gone is not Muster's any more, but it is remembered for a day, for replicas that are far behind.
 * A read that broke off (`unknown`) counts as absent, except that it never lets Muster forget anything. What takes its time has more to
 * be seen of it: under-way.ts.
 */
export function decideMembership(situation: MembershipSituation): MembershipDecision {
  const { wanted, seen, entry, now } = situation;
  if (entry === undefined) return withoutEntry(situation);
  const age = { fresh: now - entry.at < visibleMs, recent: now - entry.at < replicationWindowMs };
  const act = wanted === "yes" ? give(situation, entry, age) : take(seen, entry, age);
  return { ...act, unsureUntil: agrees(situation, entry) ? unsureUntil(entry, now) : null };
}

function withoutEntry({ wanted, seen, goneAt, now }: MembershipSituation): MembershipDecision {
  if (wanted === "no") return decision("nothing");
  if (seen === "coming" || seen === "going" || seen === "failed") return decision("await");
  const isBelieved = seen === "present" && now - goneAt >= goneMs;
  return decision(isBelieved ? "nothing" : "add");
}

function give(situation: MembershipSituation, entry: LedgerEntry, age: Age): MembershipDecision {
  const { seen } = situation;
  if (seen === "present") return keep(situation, entry);
  if (seen === "absent" || seen === "unknown") return obtain(entry, age);
  return giveInTime({ ...situation, seen }, entry, () => obtain(entry, age));
}

function take(seen: Seen, entry: LedgerEntry, age: Age): MembershipDecision {
  switch (seen) {
    case "present":
      return takeBack(entry, age);
    case "coming":
    case "going":
      return takeInTime(seen, entry);
    case "absent":
    case "failed":
    case "lapsed":
    case "stuck":
    case "unknown":
      return confirmAbsence(seen, entry, age);
    default:
      return seen satisfies never;
  }
}

type Age = { readonly fresh: boolean; readonly recent: boolean };

function obtain({ state }: LedgerEntry, { fresh }: Age): MembershipDecision {
  return decision(state === "added" && fresh ? "wait" : "add");
}

function keep({ now }: MembershipSituation, { state, oppositeAt }: LedgerEntry): MembershipDecision {
  switch (state) {
    case "added":
      return decision("nothing");
    case "adding":
      return now - oppositeAt < goneMs ? decision("add") : decision("nothing", "claim");
    case "removing":
    case "removed":
      return decision("add");
    default:
      return state satisfies never;
  }
}

/** Somebody else may have put it back, but a late answer of Muster's own, or a replica that is behind, looks the same. */
function takeBack({ state }: LedgerEntry, { fresh }: Age): MembershipDecision {
  return decision(state === "removed" && fresh ? "wait" : "remove");
}

function confirmAbsence(seen: Seen, { state }: LedgerEntry, { fresh, recent }: Age): MembershipDecision {
  if (state !== "removed") return decision("remove");
  if (seen === "unknown") return decision(fresh ? "wait" : "nothing");
  return decision("nothing", recent ? "same" : "gone");
}

/** What the read shows is what Muster last wrote. */
function agrees({ seen }: MembershipSituation, entry: LedgerEntry): boolean {
  return seen === (isGiven(entry) ? "present" : "absent");
}

/** A read can show the past only if the past looked like it: if Muster undid the opposite not long ago. */
function unsureUntil({ oppositeAt }: LedgerEntry, now: number): number | null {
  return now - oppositeAt < replicationWindowMs ? oppositeAt + replicationWindowMs : null;
}
