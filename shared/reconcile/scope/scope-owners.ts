import type { Scope } from "../../model/grant.ts";
import { accountIdSchema, type TenantId } from "../../model/ids.ts";
import type { LedgerItem } from "../../model/ledger.ts";
import { isScopeOf } from "../../policy/places.ts";
import type { Target } from "../../policy/policy.ts";
import type { Pairs } from "../../state/pairs.ts";
import type { Looking } from "../pair/access-ports.ts";
import type { NamedScope } from "./read-scopes.ts";

/*
 * What is given in the source is the analyst's, while what Muster remembers of it is a place's: a target's, as the scope that
 * leads there, or the source's, as a group that is given. An edit of the policy may pass it from one place to another; then
 * what is remembered has to pass with it.
 */
export type Asking = { readonly looking: Looking; readonly pairs: Pick<Pairs, "read"> };

/** Another target of the policy with this scope, by its id or by its name. */
export function otherTargetWith(scope: NamedScope, { rules }: Pick<Looking, "rules">): Target | undefined {
  return rules.policy.targets.find((one) => one.tenantId !== rules.target.tenantId && isScopeOf(one, scope));
}

/** How it is on record in this place; null: it cannot be there. */
export function itemIn(
  tenant: TenantId,
  scope: Scope,
  { record, rules }: Pick<Looking, "record" | "rules">,
): LedgerItem | null {
  if (tenant !== rules.policy.source.tenantId) return { kind: "scope", scope };
  return scope.kind === "group"
    ? { kind: "grant", grant: scope, account: accountIdSchema.parse(record.id) }
    : null;
}
