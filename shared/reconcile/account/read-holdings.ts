import { isGone } from "../../graph/error.ts";
import { outliving, readHoldings, type Holdings } from "../../graph/grants/kind.ts";
import type { GrantKind } from "../../model/grant.ts";
import type { AccountId } from "../../model/ids.ts";
import { namedGrants } from "../../policy/desired.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import { outcomeOf, type Outcome } from "../run/outcome.ts";

/** What an account has, and why some of it could not be read. */
export type Had = { readonly holdings: Holdings; readonly trouble: Outcome | null };

/**
 * Of an account that a replica does not know, nothing is known: whether it is gone is said by the account itself. What passes is waited
 * for by whoever stays; a leaver waits for nothing that is only read.
 * @throws what the reading threw, when nothing could be read and trying again may help
 */
export async function readHad(
  account: AccountId,
  looking: Looking,
  { tenant, now }: AccessReadPorts,
): Promise<Had> {
  const kinds = kindsInUse(looking);
  const asked = { account, priority: looking.priority };
  const { holdings, failures } = await readHoldings(tenant.reader.grants, kinds, asked);
  const first = firstOf(failures);
  if (first === undefined) return { holdings, trouble: null };
  const trouble = outcomeOf(first, now());
  const isNothing = failures.length === kinds.length;
  if (isNothing && trouble.kind !== "parked" && looking.record.leaving === null) throw first;
  return { holdings, trouble };
}

/** Whom Graph does not know has nothing; that is no trouble. */
const firstOf = (failures: readonly unknown[]): unknown => failures.find((error) => !isGone(error));

/** What goes on although the account is in the recycle bin, of what Muster gave; null: nothing can. */
export async function readOutliving(
  account: AccountId,
  { pair, priority }: Looking,
  { tenant, now }: AccessReadPorts,
): Promise<Had | null> {
  const given = pair.ledger.flatMap(({ item }) => (item.kind === "grant" ? [item.grant.kind] : []));
  const kinds = outliving(tenant.reader.grants, [...new Set(given)]);
  if (kinds.length === 0) return null;
  const { holdings, failures } = await readHoldings(tenant.reader.grants, kinds, { account, priority });
  const first = firstOf(failures);
  return { holdings, trouble: first === undefined ? null : outcomeOf(first, now()) };
}

/** The kinds of grant that the policy names here, and those that Muster gave: nobody has to consent to the others. */
function kindsInUse({ rules: { target }, pair }: Looking): readonly GrantKind[] {
  const roles = target.grants.map(({ role }) => role);
  const given = pair.ledger.flatMap(({ item }) => (item.kind === "grant" ? [item.grant.kind] : []));
  return [...new Set([...namedGrants(target, roles).map(({ kind }) => kind), ...given])];
}
