import type { AnalystRecord } from "../../model/analyst.ts";
import type { AccountId } from "../../model/ids.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Claim } from "../../state/key-state.ts";
import type { Pairs } from "../../state/pairs.ts";
import type { Rules } from "../pair/access-ports.ts";
import type { Outcome } from "../run/outcome.ts";

/** What people hear of an account that looks like this analyst's and may not be. */
export const notProven = (target: string, userPrincipalName: string, detail: string) => ({
  reason: `${target}: the account of ${userPrincipalName} is not proven to be theirs (${detail}), so it is left as it is`,
  advice:
    "look at the account in the target tenant: correct its stamp, or purge it so that sync makes a new one; two source users with one mail are given one account, so let each have a mail of their own first",
});

/** Why it is not, where Muster knows it as somebody else's. */
export const sharedBy = (owner: string) => `it is the one of ${owner} as well`;

type Whose = { readonly record: Pick<AnalystRecord, "id">; readonly rules: Pick<Rules, "target"> };

/** Accounts in this target that are known to be other analysts', or about to be, with whose each is. */
export async function accountsOfOthers(
  { record, rules }: Whose,
  pairs: Pick<Pairs, "list">,
): Promise<ReadonlyMap<AccountId, string>> {
  const rows = await pairs.list(rules.target.tenantId);
  return new Map(
    rows
      .filter(({ rowKey }) => rowKey !== record.id)
      .flatMap(({ rowKey, state: { value } }) =>
        [value.account?.accountId, value.adopting].flatMap((account) =>
          account === undefined || account === null ? [] : [[account, rowKey] as const],
        ),
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

type Adopting = {
  readonly whose: Whose;
  /** What was remembered before the account was found. */
  readonly before: PairRecord;
  /** With what is to be remembered, the account among it. */
  readonly claim: Claim<PairRecord>;
};

/**
 * Before anything is given to an account that an address led to, it is written down that it is being found. Of two whose addresses
 * lead to one account, and who find it at one moment, neither knows of the other until both have written; whoever meets the
 * other then leaves it, and they look again at different times.
 * @returns what to do instead; null: it is theirs, or was before
 */
export async function adopt(
  { whose, before, claim }: Adopting,
  { pairs, now }: { readonly pairs: Pick<Pairs, "list">; readonly now: () => number },
): Promise<Outcome | null> {
  const kept = claim.state().value;
  const { account } = kept;
  if (account?.proof !== "assignment" || account.accountId === before.account?.accountId) return null;
  await claim.write({ value: { ...before, adopting: account.accountId } });
  const owner = await otherOwnerOf(account.accountId, whose, pairs);
  claim.set({ value: owner === null ? kept : { ...before, adopting: null } });
  if (owner === null) return null;
  const why = `the account that their address led to is being found for ${owner} as well`;
  return { kind: "again", at: now() + (whose.record.id < owner ? soonMs : laterMs), why };
}

const soonMs = 1_000;
/** Long enough for the other's look. */
const laterMs = 30_000;
