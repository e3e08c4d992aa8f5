import { grantKey } from "../model/grant.ts";
import { accountIdSchema, type GroupId, type TenantId } from "../model/ids.ts";
import { isGiven, rowOf, type LedgerItem } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccessSituation, Heir, NamedGrant } from "../planner/access-situation.ts";
import { means } from "../policy/group-name.ts";
import { homeOf, isScopeOf } from "../policy/places.ts";
import type { Place, Target } from "../policy/policy.ts";
import { pairRow, type Pairs } from "../state/pairs.ts";
import type { Looking } from "./access-ports.ts";
import { scopedSince } from "./scoped-times.ts";
import { keepsOf, wantedOf } from "./wishes.ts";

/**
 * A membership of a group of the source is the analyst's, while what Muster remembers of it is a place's: a target's, as the scope that
 * leads there, or the source's, as a group that is given. An edit of the policy may pass a group from one place to another; then
 * the membership has to pass with it.
 */
type Group = { readonly id: GroupId; readonly name: string };
type Asking = { readonly looking: Looking; readonly pairs: Pick<Pairs, "read"> };

/** Another target of the policy whose scope is this group, by its id or by its name. */
export function otherTargetWith(group: Group, { rules }: Pick<Looking, "rules">): Target | undefined {
  return rules.policy.targets.find((one) => one.tenantId !== rules.target.tenantId && isScopeOf(one, group));
}

/** Whether another place needs the membership, and whether it is on record there. */
export async function heirOf(group: Group, { looking, pairs }: Asking): Promise<Heir> {
  const { record, rules } = looking;
  const other = otherPlaceWith(group, looking);
  if (other === undefined) return "none";
  const pair = (await pairs.read(pairRow(other.tenantId, record.id)))?.value;
  const isKept = pair !== undefined && isKeptIn(other, group, { ...looking, pair });
  if (!isWantedIn(other, group, { record, rules }) && !isKept) return "none";
  const row = rowOf(pair?.ledger ?? [], itemIn(other.tenantId, group.id, looking));
  return row !== undefined && isGiven(row.entry) ? "has" : "waits";
}

/** The same of what is given: in a target nothing else needs it. */
export async function heirOfGrant({ grant, name }: NamedGrant, asking: Asking): Promise<Heir> {
  const isHome = asking.looking.rules.target.topology === "home";
  return isHome && grant.kind === "group" ? heirOf({ id: grant.group, name }, asking) : "none";
}

/** A group that is a target's scope by now is no source group: where a policy says both, it is refused there. */
function otherPlaceWith(group: Group, looking: Pick<Looking, "rules">): Place | undefined {
  const other = otherTargetWith(group, looking);
  const { policy, target } = looking.rules;
  if (other !== undefined || target.topology === "home") return other;
  return isScopeOf(target, group) ? undefined : homeOf(policy);
}

type There = Pick<Looking, "record" | "rules">;

function isWantedIn(place: Place, group: Group, { record, rules }: There): boolean {
  const wishes = wantedOf({ record, rules: { ...rules, target: place } });
  return place.topology === "home"
    ? wishes.some((wish) => wish.kind === "group" && means(wish.group, group))
    : wishes.length > 0;
}

function isKeptIn(
  place: Place,
  { id }: Group,
  { record, rules, pair }: There & Pick<Looking, "pair">,
): boolean {
  const keeps = keepsOf({ record, rules: { ...rules, target: place }, pair });
  if (keeps === null || place.topology !== "home") return keeps !== null;
  return keeps.gave?.includes(grantKey({ kind: "group", group: id })) ?? true;
}

type Seen = Pick<AccessSituation, "wanted" | "account"> & {
  /** The scope that the policy names, if the analyst is seen in it. */
  readonly seenScope: GroupId | null;
};

/** The pair with what is needed and seen here on record, as far as another place has it on record and this one does not. */
export async function withInherited(seen: Seen, asking: Asking): Promise<PairRecord> {
  let { pair } = asking.looking;
  for (const group of groupsSeen(seen, asking)) pair = await inherit(group, pair, asking);
  return pair;
}

function groupsSeen({ seenScope, wanted, account }: Seen, { looking }: Asking): readonly GroupId[] {
  if (looking.rules.target.topology !== "home") return seenScope === null ? [] : [seenScope];
  if (account.kind !== "present") return [];
  return wanted.flatMap(({ grant }) =>
    grant.kind === "group" && account.seen(grant, "yes").seen === "present" ? [grant.group] : [],
  );
}

async function inherit(group: GroupId, pair: PairRecord, { looking, pairs }: Asking): Promise<PairRecord> {
  const { record, rules } = looking;
  const { tenantId } = rules.target;
  const item = itemIn(tenantId, group, looking);
  if (rowOf(pair.ledger, item) !== undefined) return pair;
  const others = record.targets.filter((tenant) => tenant !== tenantId);
  const found = await Promise.all(others.map((tenant) => rowIn(tenant, group, { looking, pairs })));
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

async function rowIn(tenant: TenantId, group: GroupId, { looking, pairs }: Asking) {
  const other = (await pairs.read(pairRow(tenant, looking.record.id)))?.value;
  const row = rowOf(other?.ledger ?? [], itemIn(tenant, group, looking));
  return other === undefined || row === undefined ? undefined : { row, scoped: other.scoped };
}

/** How the membership is on record in this place. */
function itemIn(tenant: TenantId, group: GroupId, { record, rules }: There): LedgerItem {
  const membership = { kind: "group", group } as const;
  return tenant === rules.policy.source.tenantId
    ? { kind: "grant", grant: membership, account: accountIdSchema.parse(record.id) }
    : { kind: "scope", scope: membership };
}
