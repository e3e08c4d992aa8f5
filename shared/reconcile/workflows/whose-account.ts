import { analystIdSchema, type AnalystId } from "../../model/ids.ts";
import { isGiven } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { KeptCall } from "../../model/workflow-call.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";
import type { Pairs } from "../../state/pairs.ts";

/** `open`: it may be that of one of these, whose account is still to be found. */
export type Whose =
  | { readonly kind: "analyst"; readonly analyst: AnalystId }
  | { readonly kind: "open"; readonly among: readonly AnalystId[] }
  | { readonly kind: "nobody" };

/** Whose account a target's workflow speaks of: by the account that is proven to be theirs, and by nothing else. */
export async function whoseAccount(
  { tenant, subject, heardAt }: KeptCall,
  pairs: Pick<Pairs, "list">,
): Promise<Whose> {
  const rows = await pairs.list(tenant);
  const own = rows.find(({ state }) => state.value.account?.accountId === subject);
  if (own !== undefined) return { kind: "analyst", analyst: analystIdSchema.parse(own.rowKey) };
  // A replica that is behind may not show yet what the workflow knows.
  const shownAt = heardAt + replicationWindowMs;
  const among = rows
    .filter(({ state: { value, clock } }) => awaitsAccount(value) && clock.lookedAt < shownAt)
    .map(({ rowKey }) => analystIdSchema.parse(rowKey));
  return among.length === 0 ? { kind: "nobody" } : { kind: "open", among };
}

/** Sync may have made one by now, or an invitation, or one may be left of somebody who is not proven out. */
function awaitsAccount({ account, ledger, invited, leftAt, unproven }: PairRecord): boolean {
  if (account !== null) return false;
  if (leftAt !== null) return unproven !== null;
  return invited !== null || ledger.some(({ item, entry }) => item.kind === "scope" && isGiven(entry));
}
