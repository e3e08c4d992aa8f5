import type { AnalystRecord } from "../model/analyst.ts";
import type { AccountId } from "../model/ids.ts";
import type { Pairs } from "../state/pairs.ts";
import type { Rules } from "./access-ports.ts";

/** What people hear of an account that looks like this analyst's and may not be. */
export const notProven = (target: string, userPrincipalName: string, detail: string) => ({
  reason: `${target}: the account of ${userPrincipalName} is not proven to be theirs (${detail}), so it is left as it is`,
  advice:
    "look at the account in the target tenant: correct its stamp, or purge it so that sync makes a new one; two source users with one mail are given one account, so let each have a mail of their own first",
});

/** Why it is not, where Muster knows it as somebody else's. */
export const sharedBy = (owner: string) => `it is the one of ${owner} as well`;

type Whose = { readonly record: Pick<AnalystRecord, "id">; readonly rules: Pick<Rules, "target"> };

/** Accounts in this target that are known to be other analysts', with whose each is. */
export async function accountsOfOthers(
  { record, rules }: Whose,
  pairs: Pick<Pairs, "list">,
): Promise<ReadonlyMap<AccountId, string>> {
  const rows = await pairs.list(rules.target.tenantId);
  return new Map(
    rows.flatMap(({ rowKey, state: { value } }) =>
      rowKey === record.id || value.account === null ? [] : [[value.account.accountId, rowKey] as const],
    ),
  );
}

/**
 * Whose account this is already; null: nobody else's, as far as Muster knows. Two source users with one mail are given one account by
 * sync: https://learn.microsoft.com/entra/identity/app-provisioning/known-issues (4 October 2025)
 */
export async function otherOwnerOf(
  account: AccountId,
  whose: Whose,
  pairs: Pick<Pairs, "list">,
): Promise<string | null> {
  return (await accountsOfOthers(whose, pairs)).get(account) ?? null;
}
