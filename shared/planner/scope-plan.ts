import { comesAtOnce } from "../model/grant.ts";
import { wholeCycleMs, type Draft } from "./access-draft.ts";
import { decideScope } from "./scope-draft.ts";
import { leaveScope } from "./leave-scopes.ts";

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

/**
 * Who changes from one scope group to another is in both until a whole cycle of sync has seen the new one: a cycle that sees
 * neither would delete the account.
 */
export function leaveFormerScopes(draft: Draft): void {
  const { scope, formerScopes, policySince, now } = draft.situation;
  if (scope?.seen !== "present") return;
  const dueAt = Math.max(policySince, draft.joinedAt()) + wholeCycleMs;
  for (const former of formerScopes) {
    if (former.shared === "yes") {
      // It goes with the rest when they leave, or by its own rule, and then what is shared has to be given anew at once.
      draft.note({ kind: "scope-stays", name: former.name, why: "shared" });
      if (former.seen === "present" && former.endsAt !== undefined) draft.lookAtEnd(former.endsAt);
    } else if (now >= dueAt || former.heir !== "none") leaveScope(draft, former);
    else draft.moves(former.name, dueAt);
  }
}
