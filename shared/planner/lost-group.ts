import type { LedgerEntry } from "../model/ledger.ts";
import type { Draft } from "./access-draft.ts";
import type { MembershipDecision } from "./membership-situation.ts";
import { mayBeRestored, recycledMs } from "./replicas.ts";

/** How often to look whether a deleted group has come back. */
const dailyMs = 24 * 60 * 60_000;

/**
 * A membership that nobody was found in to be taken out is not forgotten while its group may come back with it. When it has come
 * back it is taken once more, for a listing may be behind.
 */
export function unlessGroupIsLost(
  draft: Draft,
  decision: MembershipDecision,
  {
    key,
    name,
    entry,
  }: { readonly key: string; readonly name: string; readonly entry: LedgerEntry | undefined },
): MembershipDecision {
  const { subjects, now } = draft.situation;
  if (decision.ledger !== "gone" || entry === undefined || !mayBeRestored(entry, now)) return decision;
  const subject = subjects.get(key) ?? "unknown";
  switch (subject) {
    case "there":
      return entry.missing === "group" ? { ...decision, act: "remove", ledger: "same" } : decision;
    case "not-there":
      draft.note({ kind: "group-deleted", name });
      draft.lookAgain(Math.min(now + dailyMs, entry.at + recycledMs));
      break;
    case "unknown":
      draft.unreadable(name);
      break;
    default:
      return subject satisfies never;
  }
  return { ...decision, ledger: "same" };
}
