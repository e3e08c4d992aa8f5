import { comesAtOnce, isRenewed } from "../model/grant.ts";
import { wholeCycleMs, type Draft } from "./access-draft.ts";
import { decideScope } from "./scope-draft.ts";
import { leaveScope } from "./leave-scopes.ts";
import { renewWhenDue } from "./renewal.ts";
import { shareWith } from "./shared-scope.ts";

/**
 * What lets somebody reach the target is given in the source.
 * @returns whether an account can come of it now: what has to be approved and delivered first is waited for
 */
export function joinScope(draft: Draft): "open" | "closed" {
  const { scope, owned } = draft.situation;
  if (scope === null) return "open";
  const { name } = scope;
  const { act } = decideScope(draft, scope, { entry: owned.scope, wanted: "yes" });
  if (act === "add") {
    if (scope.nested === "yes") draft.note({ kind: "scope-nested", name });
    draft.step({ kind: "join-scope", scope: scope.scope, name });
  }
  return scope.seen === "present" || comesAtOnce(scope.scope) ? "open" : "closed";
}

/** Who is not to lose what a role gave unseen stays in scope, too: what is given for a time only is kept by giving it for longer. */
export function keepScope(draft: Draft): void {
  const { scope, owned } = draft.situation;
  if (scope?.seen !== "present" || owned.scope === undefined || !isRenewed(scope.scope)) return;
  const ending = {
    name: scope.name,
    sight: scope,
    givenAt: owned.scope.at,
    where: { in: "source" },
  } as const;
  renewWhenDue(draft, ending, () => ({ kind: "renew-scope", scope: scope.scope, name: scope.name }));
}

/**
 * Who changes from one scope group to another is in both until a whole cycle of sync has seen the new one: a cycle that sees
 * neither would delete the account.
 */
export function leaveFormerScopes(draft: Draft): void {
  const { scope, formerScopes, policySince, now } = draft.situation;
  if (scope?.seen !== "present") return;
  const dueAt = Math.max(policySince, draft.joinedAt()) + wholeCycleMs;
  for (const former of formerScopes) {
    if (former.shared === "yes") shareWith(draft, former);
    else if (now >= dueAt || former.heir !== "none") leaveScope(draft, former);
    else draft.moves(former.name, dueAt);
  }
}
