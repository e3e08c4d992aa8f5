import { grantKey } from "../../model/grant.ts";
import { isGiven, rowOf } from "../../model/ledger.ts";
import { unknownPair } from "../../model/pair.ts";
import type { NameOrId } from "../../model/wish.ts";
import type { Heir, NamedGrant } from "../../planner/owned.ts";
import { means } from "../../policy/group-name.ts";
import { homeOf, isScopeOf } from "../../policy/places.ts";
import type { Place } from "../../policy/policy.ts";
import { pairRow } from "../../state/pairs.ts";
import type { Looking } from "../pair/access-ports.ts";
import { keepsOf, wantedOf } from "../pair/wishes.ts";
import type { NamedScope } from "./read-scopes.ts";
import { itemIn, otherTargetWith, type Asking } from "./scope-owners.ts";

/** Whether another place needs it, and whether it is on record there. */
export async function heirOf(given: NamedScope, { looking, pairs }: Asking): Promise<Heir> {
  const { record, rules } = looking;
  const other = otherPlaceWith(given, looking);
  if (other === undefined) return "none";
  const known = (await pairs.read(pairRow(other.tenantId, record.id)))?.value;
  const pair = known ?? unknownPair;
  const isKept = known !== undefined && isKeptIn(other, given, { record, rules, pair });
  if (!isWantedIn(other, given, { record, rules, pair }) && !isKept) return "none";
  const item = itemIn(other.tenantId, given.scope, looking);
  const row = item === null ? undefined : rowOf(pair.ledger, item);
  return row !== undefined && isGiven(row.entry) ? "has" : "waits";
}

/** The same of what is given: in a target nothing else needs it. */
export async function heirOfGrant({ grant, name }: NamedGrant, asking: Asking): Promise<Heir> {
  const isHome = asking.looking.rules.target.topology === "home";
  return isHome && grant.kind === "group" ? heirOf({ scope: grant, name }, asking) : "none";
}

/** A group that is a target's scope by now is no source group: where a policy says both, it is refused there. */
function otherPlaceWith(given: NamedScope, looking: Pick<Looking, "rules">): Place | undefined {
  const other = otherTargetWith(given, looking);
  const { policy, target } = looking.rules;
  const isTargets = target.topology === "home" || given.scope.kind !== "group";
  if (other !== undefined || isTargets) return other;
  return isScopeOf(target, given) ? undefined : homeOf(policy);
}

function isWantedIn(
  place: Place,
  { scope, name }: NamedScope,
  { record, rules, pair }: Pick<Looking, "record" | "rules"> & Pick<Looking, "pair">,
): boolean {
  const wishes = wantedOf({ record, rules: { ...rules, target: place }, pair });
  if (place.topology !== "home") return wishes.length > 0;
  const isMeant = (named: NameOrId) => scope.kind === "group" && means(named, { id: scope.group, name });
  return wishes.some((wish) => wish.kind === "group" && isMeant(wish.group));
}

function isKeptIn(
  place: Place,
  { scope }: NamedScope,
  { record, rules, pair }: Pick<Looking, "record" | "rules"> & Pick<Looking, "pair">,
): boolean {
  const keeps = keepsOf({ record, rules: { ...rules, target: place }, pair });
  if (keeps === null || place.topology !== "home") return keeps !== null;
  return keeps.gave?.includes(grantKey(scope)) ?? true;
}
