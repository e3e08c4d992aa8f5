import { goesWithOwner } from "../model/ledger.ts";
import { wholeCycleMs, type Draft } from "./access-draft.ts";
import type { FormerScope } from "./access-situation.ts";
import { decideScope } from "./scope-draft.ts";

/** How soon to look whether another place has taken a membership over. */
export const heirMs = 5 * 60_000;

export function leaveScope(draft: Draft, former: FormerScope): void {
  const { scope, name, heir, entry } = former;
  if (heir === "has") draft.handOver({ kind: "scope", scope });
  else if (heir === "waits") draft.moves(name, draft.situation.now + heirMs);
  else if (decideScope(draft, former, { entry, wanted: "no" }).act === "remove")
    draft.step({ kind: "leave-scope", scope, name });
  // It was left before, and whether it still is could not be read.
  else if (former.seen === "unknown") draft.unreadable(name);
}

/** Everything that Muster joined; and what it did not, where the policy says so. */
export function leaveScopes(draft: Draft, account: "may-go" | "stays"): void {
  const { scope, formerScopes, owned, leavers } = draft.situation;
  const entry = owned.scope;
  const mine = scope === null || entry === undefined ? formerScopes : [{ ...scope, entry }, ...formerScopes];
  for (const one of mine) {
    if (account === "may-go" || one.seen === "deleted" || one.heir !== "none") leaveScope(draft, one);
    else draft.note({ kind: "scope-stays", name: one.name, why: "keeps-account" });
  }
  if (scope === null || entry !== undefined) return;
  const since = revivedSince(draft);
  // They may still be where somebody else has put them.
  if (scope.seen === "unknown" && (leavers.accounts === "all" || since !== null))
    return draft.unreadable(scope.name);
  // Somebody else's request may still be approved and delivered, or taken away.
  if (leavers.accounts === "all" && (scope.seen === "coming" || scope.seen === "going"))
    draft.onItsWay(scope.name, { ...scope, seen: scope.seen }, "no", { in: "source" });
  if (scope.seen !== "present") return;
  const { name } = scope;
  if (leavers.accounts === "all") return draft.step({ kind: "leave-scope", scope: scope.scope, name });
  if (since !== null && draft.situation.now >= since)
    return draft.note({ kind: "scope-given-by-others", name });
  if (since !== null) draft.lookAgain(since);
  draft.note({ kind: "scope-stays", name, why: "before" });
}

/**
 * From when on sync makes the account anew that goes with a leaver, while they are in scope by somebody else's hand; null: it goes
 * with nobody. Until then a replica may show the scope that Muster has taken away.
 */
function revivedSince({ situation: { owned, leavers } }: Draft): number | null {
  const { account, scopedUntil } = owned;
  if (account === null || scopedUntil === null || !goesWithOwner(account, leavers.accounts)) return null;
  return scopedUntil + wholeCycleMs;
}
