import { comesAtOnce } from "../../model/grant.ts";
import { goesWithOwner, grantOf, type LedgerItem } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Policy } from "../../policy/policy.ts";

/**
 * Nothing that Muster gave, and does not leave there on purpose, is left in a place that the policy does not name any more, as far as
 * anybody can know who may not look.
 */
export function hasLeft(
  { ledger, account, invited, leftAt, proof }: PairRecord,
  leavers: Policy["leavers"],
): boolean {
  const stays = account !== null && !goesWithOwner(account, leavers.accounts);
  // Who is proven out, and whose account is their own, stays in the scope with it.
  const staysInScope = stays && leftAt !== null && proof !== null;
  const isOpen = ledger.some(
    ({ item, entry }) =>
      !(entry.state === "removed" && (goesAtOnce(item) || proof !== null)) &&
      !(item.kind === "scope" && staysInScope),
  );
  return !isOpen && invited === null && (account === null || stays || isDone(account, leavers));
}

/** What was only asked to be taken away is gone when a look has shown it, and not before. */
const goesAtOnce = (item: LedgerItem) => comesAtOnce(grantOf(item));

/** That sync is to delete it is no answer: it may have been stopped. Where nobody deletes it, it is done with when it is blocked. */
function isDone(
  { deleted, blocked }: NonNullable<PairRecord["account"]>,
  { deleteAfterMs, block }: Policy["leavers"],
): boolean {
  if (deleted === "confirmed" || deleted === "by-others") return true;
  return deleteAfterMs === "never" && deleted !== "no" && (!block || blocked === "confirmed");
}
