import type { LedgerEntry } from "../model/ledger.ts";

/**
 * What to do about one membership (a grant, or a scope), given what is wanted, what a read showed and what Muster's
 * ledger says.
 *
 *  wanted | seen    | ledger            | act     | ledger afterwards
 *  -------|---------|-------------------|---------|------------------
 *  yes    | absent  | -                 | add     | same
 *  yes    | absent  | adding            | add     | same
 *  yes    | absent  | added, fresh      | wait    | same
 *  yes    | absent  | added, settled    | add     | same
 *  yes    | absent  | removing          | add     | same
 *  yes    | absent  | removed           | add     | same
 *  yes    | present | -                 | nothing | same
 *  yes    | present | adding            | nothing | claim
 *  yes    | present | added             | nothing | same
 *  yes    | present | removing, fresh   | add     | same
 *  yes    | present | removing, settled | nothing | claim
 *  yes    | present | removed, fresh    | wait    | same
 *  yes    | present | removed, settled  | nothing | drop
 *  no     | present | -                 | nothing | same
 *  no     | present | adding            | remove  | same
 *  no     | present | added             | remove  | same
 *  no     | present | removing          | remove  | same
 *  no     | present | removed, fresh    | wait    | same
 *  no     | present | removed, settled  | remove  | same
 *  no     | absent  | -                 | nothing | same
 *  no     | absent  | adding            | remove  | same
 *  no     | absent  | added             | remove  | same
 *  no     | absent  | removing          | remove  | same
 *  no     | absent  | removed           | nothing | drop
 *
 * Two rules make the table: what Muster wrote a moment ago beats a read that may come from a replica that has not heard
 * of it (`fresh`), and what Muster granted it takes back by its own hand: "absent" in a read is not enough to forget it.
 * A read that broke off (`unknown`) counts as absent, except that it never lets Muster forget anything.
 */
export function decideMembership(situation: MembershipSituation): MembershipDecision {
  const { wanted, seen, entry } = situation;
  const state = entry === undefined ? "unowned" : entry.state;
  const fresh = entry !== undefined && situation.now - entry.at < replicationWindowMs;
  if (wanted === "yes") return seen === "present" ? keep(state, fresh) : obtain(state, fresh);
  return seen === "present" ? takeBack(state, fresh) : confirmAbsence(state, { seen, fresh });
}

/** How long Graph's replicas may show the world before one of Muster's writes. Entra publishes no figure. */
export const replicationWindowMs = 60_000;

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
};

type State = LedgerEntry["state"] | "unowned";

const decision = (
  act: MembershipDecision["act"],
  ledger: MembershipDecision["ledger"] = "same",
): MembershipDecision => ({
  act,
  ledger,
});

function obtain(state: State, fresh: boolean): MembershipDecision {
  return state === "added" && fresh ? decision("wait") : decision("add");
}

function keep(state: State, fresh: boolean): MembershipDecision {
  switch (state) {
    case "unowned":
    case "added":
      return decision("nothing");
    case "adding":
      return decision("nothing", "claim");
    case "removing":
      return fresh ? decision("add") : decision("nothing", "claim");
    case "removed":
      return fresh ? decision("wait") : decision("nothing", "drop");
    default:
      return state satisfies never;
  }
}

function takeBack(state: State, fresh: boolean): MembershipDecision {
  if (state === "unowned") return decision("nothing");
  // Somebody else may have put a leaver back, but a removal that met a replica without the grant looks just the same.
  return state === "removed" && fresh ? decision("wait") : decision("remove");
}

function confirmAbsence(
  state: State,
  { seen, fresh }: { readonly seen: Seen; readonly fresh: boolean },
): MembershipDecision {
  if (state === "unowned") return decision("nothing");
  if (state !== "removed") return decision("remove");
  if (seen === "absent") return decision("nothing", "drop");
  return fresh ? decision("wait") : decision("nothing");
}
