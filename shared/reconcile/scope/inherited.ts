import type { Scope } from "../../model/grant.ts";
import type { TenantId } from "../../model/ids.ts";
import { rowOf } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { AccessSituation } from "../../planner/access-situation.ts";
import { pairRow } from "../../state/pairs.ts";
import type { NamedScope } from "./read-scopes.ts";
import { scopedSince } from "./scoped-times.ts";
import { type Asking, itemIn } from "./scope-owners.ts";

type Seen = Pick<AccessSituation, "wanted" | "account"> & {
  /** The scope that the policy names, if the analyst is seen in it. */
  readonly seenScope: NamedScope | null;
};

/** The pair with what is needed and seen here on record, as far as another place has it on record and this one does not. */
export async function withInherited(seen: Seen, asking: Asking): Promise<PairRecord> {
  let { pair } = asking.looking;
  for (const scope of givenHere(seen, asking)) pair = await inherit(scope, pair, asking);
  return pair;
}

function givenHere({ seenScope, wanted, account }: Seen, { looking }: Asking): readonly Scope[] {
  if (looking.rules.target.topology !== "home") return seenScope === null ? [] : [seenScope.scope];
  if (account.kind !== "present") return [];
  return wanted.flatMap(({ grant }) =>
    grant.kind === "group" && account.seen(grant, "yes").seen === "present" ? [grant] : [],
  );
}

async function inherit(scope: Scope, pair: PairRecord, { looking, pairs }: Asking): Promise<PairRecord> {
  const { record, rules } = looking;
  const { tenantId } = rules.target;
  const item = itemIn(tenantId, scope, looking);
  if (item === null) return pair;
  if (rowOf(pair.ledger, item) !== undefined) return pair;
  const others = record.targets.filter((tenant) => tenant !== tenantId);
  const found = await Promise.all(others.map((tenant) => rowIn(tenant, scope, { looking, pairs })));
  const first = found.find((one) => one !== undefined);
  if (first === undefined) return pair;
  // Before the policy gave the group to this place it led to another one: an account that is older here came without it.
  const since = () => Math.max(first.scoped?.since ?? 0, rules.since);
  return {
    ...pair,
    ledger: [...pair.ledger, { ...first.row, item }],
    scoped: item.kind === "scope" ? scopedSince(pair.scoped, since) : pair.scoped,
  };
}

async function rowIn(tenant: TenantId, scope: Scope, { looking, pairs }: Asking) {
  const item = itemIn(tenant, scope, looking);
  if (item === null) return undefined;
  const other = (await pairs.read(pairRow(tenant, looking.record.id)))?.value;
  const row = rowOf(other?.ledger ?? [], item);
  return other === undefined || row === undefined ? undefined : { row, scoped: other.scoped };
}
