import { isGiven, type LedgerEntry } from "../model/ledger.ts";

/**
 * What to do about one membership (a grant, or a scope), given what is wanted, what a read showed and what Muster's
 * ledger says. `fresh`: written within `visibleMs`. `recent`: within `replicationWindowMs`. An entry that says nothing
 * of the kind may be of any age.
 *
 *  wanted | seen    | ledger             | act     | ledger afterwards
 *  -------|---------|--------------------|---------|------------------
 *  yes    | absent  | -                  | add     | same
 *  yes    | absent  | adding             | add     | same
 *  yes    | absent  | added, fresh       | wait    | same
 *  yes    | absent  | added, not fresh   | add     | same
 *  yes    | absent  | removing           | add     | same
 *  yes    | absent  | removed            | add     | same
 *  yes    | present | -                  | nothing | same
 *  yes    | present | adding             | nothing | claim
 *  yes    | present | adding after a recent removal | add | same
 *  yes    | present | added              | nothing | same
 *  yes    | present | removing, recent   | add     | same
 *  yes    | present | removing, old      | nothing | claim
 *  yes    | present | removed, recent    | add     | same
 *  yes    | present | removed, old       | nothing | claim
 *  no     | present | -                  | nothing | same
 *  no     | present | adding             | remove  | same
 *  no     | present | added              | remove  | same
 *  no     | present | removing           | remove  | same
 *  no     | present | removed, fresh     | wait    | same
 *  no     | present | removed, not fresh | remove  | same
 *  no     | absent  | -                  | nothing | same
 *  no     | absent  | adding             | remove  | same
 *  no     | absent  | added              | remove  | same
 *  no     | absent  | removing           | remove  | same
 *  no     | absent  | removed, recent    | nothing | same
 *  no     | absent  | removed, old       | nothing | drop
 *
 * Four rules make the table. What Muster wrote a moment ago beats a read that does not show it (`fresh`); after that the
 * write is repeated, which harms nobody and settles it. What Muster granted it takes back by its own hand: "absent" in a read
 * is not enough to forget it. "Present" soon after Muster removed it may be the past, so it is neither believed nor taken for
 * somebody else's: adding once more brings it about. A removal is forgotten when it was seen after every replica must know of it;
 * one that never showed did not happen, as with a removal that found the member in the recycle bin.
 * A read that broke off (`unknown`) counts as absent, except that it never lets Muster forget anything.
 */
export function decideMembership(situation: MembershipSituation): MembershipDecision {
  const { wanted, seen, entry, now } = situation;
  if (entry === undefined) return decision(wanted === "yes" && seen !== "present" ? "add" : "nothing");
  const age = { fresh: now - entry.at < visibleMs, recent: now - entry.at < replicationWindowMs };
  const act =
    wanted === "yes"
      ? seen === "present"
        ? keep(situation, entry, age)
        : obtain(entry, age)
      : seen === "present"
        ? takeBack(entry, age)
        : confirmAbsence(seen, entry, age);
  return { ...act, unsureUntil: agrees(situation, entry) ? unsureUntil(entry, now) : null };
}

/**
 * How long Graph's replicas may show the world before one of Muster's writes, and how long a write whose answer was lost may
 * still take effect. Entra publishes no figure; people report seconds, and at times minutes.
 */
export const replicationWindowMs = 150_000;

/** How long a write may be invisible before it is made once more. */
export const visibleMs = 15_000;

export type Seen = "present" | "absent" | "unknown";

export type MembershipSituation = {
  readonly wanted: "yes" | "no";
  readonly seen: Seen;
  readonly entry: LedgerEntry | undefined;
  /** Epoch ms. */
  readonly now: number;
};

export type MembershipDecision = {
  readonly act: "add" | "remove" | "wait" | "nothing";
  readonly ledger: "same" | "claim" | "drop";
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

function keep(
  { now }: MembershipSituation,
  { state, oppositeAt }: LedgerEntry,
  { recent }: Age,
): MembershipDecision {
  switch (state) {
    case "added":
      return decision("nothing");
    case "adding":
      return now - oppositeAt < replicationWindowMs ? decision("add") : decision("nothing", "claim");
    case "removing":
      return recent ? decision("add") : decision("nothing", "claim");
    case "removed":
      return recent ? decision("add") : decision("nothing", "claim");
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
  return decision("nothing", recent ? "same" : "drop");
}

/** What the read shows is what Muster last wrote. */
function agrees({ seen }: MembershipSituation, entry: LedgerEntry): boolean {
  return seen === (isGiven(entry) ? "present" : "absent");
}

/** A read can show the past only if the past looked like it: if Muster undid the opposite not long ago. */
function unsureUntil({ oppositeAt }: LedgerEntry, now: number): number | null {
  return now - oppositeAt < replicationWindowMs ? oppositeAt + replicationWindowMs : null;
}
