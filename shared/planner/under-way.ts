import { isGiven, type LedgerEntry } from "../model/ledger.ts";
import type { Seen } from "../model/sight.ts";
import { decision, type MembershipDecision, type MembershipSituation } from "./membership-situation.ts";
import { againMs } from "./replicas.ts";

type InTime = Exclude<Seen, "present" | "absent" | "unknown">;

/**
 * The rest of the table in membership.ts: what takes its time has states in between.
 *
 *  wanted | seen    | ledger             | act     | ledger afterwards
 *  -------|---------|--------------------|---------|------------------
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
 * What is under way is awaited, whoever began it; what has run its time (`lapsed`), or was denied or has failed for good (`stuck`), is
 * not asked for again while Muster's last word was to give it: the answer would be the same. Somebody who is to lose it has nothing of
 * what has lapsed or is stuck: for them a read shows what is left of it.
 */
export function giveInTime(
  situation: MembershipSituation & { readonly seen: InTime },
  entry: LedgerEntry,
  obtain: () => MembershipDecision,
): MembershipDecision {
  const { seen, now } = situation;
  switch (seen) {
    case "coming":
      return isGiven(entry) ? decision("await", claimOf(entry)) : decision("add");
    case "going":
      return decision("await");
    case "failed":
      return decision(isGiven(entry) && now - entry.at < againMs ? "await" : "add", claimOf(entry));
    case "lapsed":
      return isOlder(situation, entry) ? obtain() : decision(entry.state === "added" ? "nothing" : "add");
    case "stuck":
      if (isOlder(situation, entry)) return obtain();
      return isGiven(entry) ? decision("nothing", claimOf(entry)) : decision("add");
    default:
      return seen satisfies never;
  }
}

/** Nobody can take back what is being delivered, or waits for somebody. */
export const takeInTime = (seen: "coming" | "going", entry: LedgerEntry): MembershipDecision =>
  decision(seen === "going" && isGiven(entry) ? "remove" : "await");

/** What is seen came about before Muster's last word, so it says nothing of what came of that. */
const isOlder = ({ seenAt }: MembershipSituation, { at, askedAt = at }: LedgerEntry) =>
  seenAt !== undefined && seenAt < askedAt - answerMs;

/** Muster notes when it was answered; what it asked for came about before that, by another clock. */
const answerMs = 2 * 60_000;

const claimOf = ({ state }: LedgerEntry) => (state === "adding" ? "claim" : "same");
