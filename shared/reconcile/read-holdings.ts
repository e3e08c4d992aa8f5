import { isGone, unlessGone } from "../graph/error.ts";
import { readHoldings, type Holdings } from "../graph/grants/kind.ts";
import type { GrantKind } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import { namedGrants } from "../policy/desired.ts";
import type { AccessReadPorts, Looking } from "./access-ports.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";

/** What an account has, and why some of it could not be read. */
export type Had = { readonly holdings: Holdings; readonly trouble: Outcome | null };

/** Of an account that a replica does not know, nothing is known: whether it is gone is said by the account itself. */
export async function readHad(
  account: AccountId,
  looking: Looking,
  { tenant, now }: AccessReadPorts,
): Promise<Had> {
  const asked = { account, priority: looking.priority };
  const read = await unlessGone(readHoldings(tenant.reader.grants, kindsInUse(looking), asked));
  if (read === null) return { holdings: () => ({ seen: "unknown" }), trouble: null };
  const [first] = read.failures.filter((error) => !isGone(error));
  return { holdings: read.holdings, trouble: first === undefined ? null : outcomeOf(first, now()) };
}

/** The kinds of grant that the policy names here, and those that Muster gave: nobody has to consent to the others. */
function kindsInUse({ rules: { target }, pair }: Looking): readonly GrantKind[] {
  const roles = target.grants.map(({ role }) => role);
  const given = pair.ledger.flatMap(({ item }) => (item.kind === "grant" ? [item.grant.kind] : []));
  return [...new Set([...namedGrants(target, roles).map(({ kind }) => kind), ...given])];
}
