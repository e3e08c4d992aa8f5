import { isGiven, type LedgerEntry } from "../model/ledger.ts";
import type { Seen } from "../model/sight.ts";

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
 *  yes    | coming  | -                  | await   | same
 *  yes    | coming  | gone               | await   | same
 *  yes    | coming  | adding             | await   | claim
 *  yes    | coming  | added              | await   | same
 *  yes    | coming  | removing           | add     | same
 *  yes    | coming  | removed            | add     | same
 *  yes    | going   | -                  | await   | same
 *  yes    | going   | gone               | await   | same
 *  yes    | going   | adding             | await   | same
 *  yes    | going   | added              | await   | same
 *  yes    | going   | removing           | await   | same
 *  yes    | going   | removed            | await   | same
 *  yes    | lapsed  | -                  | add     | same
 *  yes    | lapsed  | gone               | add     | same
 *  yes    | lapsed  | adding             | add     | same
 *  yes    | lapsed  | added              | nothing | same
 *  yes    | lapsed  | removing           | add     | same
 *  yes    | lapsed  | removed            | add     | same
 *  yes    | stuck   | -                  | add     | same
 *  yes    | stuck   | gone               | add     | same
 *  yes    | stuck   | adding             | nothing | claim
 *  yes    | stuck   | added              | nothing | same
 *  yes    | stuck   | removing           | add     | same
 *  yes    | stuck   | removed            | add     | same
 *  no     | coming  | -                  | nothing | same
 *  no     | coming  | gone               | nothing | same
 *  no     | coming  | adding             | await   | same
 *  no     | coming  | added              | await   | same
 *  no     | coming  | removing           | await   | same
 *  no     | coming  | removed            | await   | same
 *  no     | going   | -                  | nothing | same
 *  no     | going   | gone               | nothing | same
 *  no     | going   | adding             | remove  | same
 *  no     | going   | added              | remove  | same
 *  no     | going   | removing           | await   | same
 *  no     | going   | removed            | await   | same
 *
 * Four rules make the table. What Muster wrote a moment ago beats a read that does not show it (`fresh`); after that the
 * write is repeated, which harms nobody and settles it. What Muster granted it takes back by its own hand: "absent" in a read
 * is not enough to call it gone. "Present" after Muster removed it may be the past, so it is neither believed nor taken for
 * somebody else's: adding once more brings it about, and Graph's answer tells whose it is. What was removed is gone when a read
 * shows that after every replica should know of it; one that never showed did not happen, as with a removal that found the
 * member in the recycle bin. What is gone is not Muster's any more, but it is remembered for a day, for replicas that are far behind.
 * A read that broke off (`unknown`) counts as absent, except that it never lets Muster forget anything.
 *
 * What takes its time has states in between. What is under way is awaited, whoever began it; what has run its time (`lapsed`), or
 * was denied or has failed for good (`stuck`), is not asked for again while Muster's last word was to give it: the answer would be the
 * same. Somebody who is to lose it has nothing of what has lapsed or is stuck: for them a read shows what is left of it.
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
  const { seen, now } = situation;
  switch (seen) {
    case "present":
      return keep(situation, entry);
    case "absent":
    case "unknown":
      return obtain(entry, age);
    case "coming":
      return isGiven(entry) ? decision("await", claimOf(entry)) : decision("add");
    case "going":
      return decision("await");
    case "failed":
      return decision(isGiven(entry) && now - entry.at < againMs ? "await" : "add", claimOf(entry));
    case "lapsed":
      return isOlder(situation, entry)
        ? obtain(entry, age)
        : decision(entry.state === "added" ? "nothing" : "add");
    case "stuck":
      if (isOlder(situation, entry)) return obtain(entry, age);
      return isGiven(entry) ? decision("nothing", claimOf(entry)) : decision("add");
    default:
      return seen satisfies never;
  }
}

/** What is seen came about before Muster's last word, so it says nothing of what came of that. */
const isOlder = ({ seenAt }: MembershipSituation, { at }: LedgerEntry) =>
  seenAt !== undefined && seenAt < at - answerMs;

/** Muster notes when it was answered; what it asked for came about before that, by another clock. */
const answerMs = 2 * 60_000;

function take(seen: Seen, entry: LedgerEntry, age: Age): MembershipDecision {
  switch (seen) {
    case "present":
      return takeBack(entry, age);
    // Nobody can take back what is being delivered, or waits for somebody.
    case "coming":
      return decision("await");
    case "going":
      return decision(isGiven(entry) ? "remove" : "await");
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

const claimOf = ({ state }: LedgerEntry) => (state === "adding" ? "claim" : "same");

/**
 * How long Graph's replicas may show the world before one of Muster's writes, and how long a write whose answer was lost may
 * still take effect. Entra publishes no figure; people report seconds, and at times minutes.
 */
export const replicationWindowMs = 150_000;

/** How long a replica may be behind at worst: for so long it is remembered that something is gone. */
export const goneMs = 24 * 60 * 60_000;

/** How long a deleted group may be restored, with room. https://learn.microsoft.com/graph/api/group-delete */
export const recycledMs = 31 * 24 * 60 * 60_000;

/** Whether somebody may come to be in it again by no more than the group's being restored. */
export const mayBeRestored = ({ missing, at }: LedgerEntry, now: number): boolean =>
  missing !== undefined && now - at < recycledMs;

/** How long what has failed is left alone before it is asked for once more. */
export const againMs = 60 * 60_000;

/** How long a write may be invisible before it is made once more. */
export const visibleMs = 15_000;

export type MembershipSituation = {
  readonly wanted: "yes" | "no";
  readonly seen: Seen;
  /** When what is seen came about, epoch ms; left out where nobody knows. */
  readonly seenAt?: number | undefined;
  readonly entry: LedgerEntry | undefined;
  /** Without an entry: when Muster took it back, epoch ms; 0 for never. */
  readonly goneAt: number;
  /** Epoch ms. */
  readonly now: number;
};

export type MembershipDecision = {
  /** `wait`: until a write shows. `await`: until what is under way has come to its end. */
  readonly act: "add" | "remove" | "wait" | "await" | "nothing";
  readonly ledger: "same" | "claim" | "gone";
  /** The read shows what is wanted, but might show the past until then (epoch ms); null when it proves something. */
  readonly unsureUntil: number | null;
};

type Age = { readonly fresh: boolean; readonly recent: boolean };

const decision = (
  act: MembershipDecision["act"],
  ledger: MembershipDecision["ledger"] = "same",
): MembershipDecision => ({ act, ledger, unsureUntil: null });

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
