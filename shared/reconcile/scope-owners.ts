import type { GroupId, TenantId } from "../model/ids.ts";
import { isGiven, rowOf } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { ScopeSeen } from "../planner/access-situation.ts";
import { isScopeOf } from "../policy/places.ts";
import type { Target } from "../policy/policy.ts";
import { pairRow, type Pairs } from "../state/pairs.ts";
import type { Looking } from "./access-ports.ts";
import { keepsOf, wantedOf } from "./wishes.ts";

/**
 * A membership of a scope group is the analyst's, in the source, while what Muster remembers of it is a target's. An edit of the
 * policy may pass a group from one target to another; then the membership has to pass with it.
 */
type Group = { readonly id: GroupId; readonly name: string };
type Asking = { readonly looking: Looking; readonly pairs: Pick<Pairs, "read"> };

/** Another target of the policy whose scope is this group, by its id or by its name. */
export function otherTargetWith(group: Group, { rules }: Pick<Looking, "rules">): Target | undefined {
  return rules.policy.targets.find((one) => one.tenantId !== rules.target.tenantId && isScopeOf(one, group));
}

/** Whether another target needs the membership, and whether it is on record there. */
export async function heirOf(group: Group, { looking, pairs }: Asking): Promise<ScopeSeen["heir"]> {
  const { record, rules } = looking;
  const other = otherTargetWith(group, looking);
  if (other === undefined) return "none";
  const there = { record, rules: { ...rules, target: other } };
  const pair = (await pairs.read(pairRow(other.tenantId, record.id)))?.value;
  const isKept = pair !== undefined && keepsOf({ ...there, pair }) !== null;
  if (wantedOf(there).length === 0 && !isKept) return "none";
  return (await rowIn(other.tenantId, group.id, { looking, pairs })) === undefined ? "waits" : "has";
}

/** The pair with the membership on record, if another target has it on record and this one does not. */
export async function withInherited(group: GroupId, { looking, pairs }: Asking): Promise<PairRecord> {
  const { pair, record, rules } = looking;
  if (rowOf(pair.ledger, scopeOf(group)) !== undefined) return pair;
  const others = record.targets.filter((tenant) => tenant !== rules.target.tenantId);
  const found = await Promise.all(others.map((tenant) => rowIn(tenant, group, { looking, pairs })));
  const first = found.find((one) => one !== undefined);
  if (first === undefined) return pair;
  const scoped = pair.scoped ?? sinceHere(first.scoped, rules);
  return { ...pair, ledger: [...pair.ledger, first.row], scoped };
}

/** Before the policy gave the group to this target, it led to another one: an account that is older here came without it. */
function sinceHere(
  scoped: PairRecord["scoped"],
  { since }: Asking["looking"]["rules"],
): PairRecord["scoped"] {
  return scoped === null ? null : { ...scoped, since: Math.max(scoped.since, since), earlier: [] };
}

async function rowIn(tenant: TenantId, group: GroupId, { looking, pairs }: Asking) {
  const other = (await pairs.read(pairRow(tenant, looking.record.id)))?.value;
  const row = rowOf(other?.ledger ?? [], scopeOf(group));
  if (other === undefined || row === undefined || !isGiven(row.entry)) return undefined;
  return { row, scoped: other.scoped };
}

const scopeOf = (group: GroupId) => ({ kind: "scope", scope: { kind: "group", group } }) as const;
