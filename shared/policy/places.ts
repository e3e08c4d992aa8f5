import { targetNameSchema, type TenantId } from "../model/ids.ts";
import { meansScope, sortedGroups } from "./group-name.ts";
import type { Scope, ScopeKind } from "../model/grant.ts";
import type { NameOrId, Wish } from "../model/wish.ts";
import type { Home, Mode, Place, Policy } from "./policy.ts";
import { furthest, sourceGroupsOf } from "./source-groups.ts";

/** What people read where a target's name would be. No target may be called so. */
export const homeName = "source";

/** Every place where somebody may be given something. */
export const placesOf = (policy: Policy): readonly Place[] => [...policy.targets, homeOf(policy)];

export const placeAt = (policy: Policy, tenant: TenantId): Place | undefined =>
  tenant === policy.source.tenantId
    ? homeOf(policy)
    : policy.targets.find(({ tenantId }) => tenantId === tenant);

/** The groups of the source tenant that roles give, whichever target says so: two targets may name the same group. */
export function homeOf(policy: Policy): Home {
  return {
    name: targetNameSchema.parse(homeName),
    tenantId: policy.source.tenantId,
    topology: "home",
    mode: sourceMode(policy),
    extensionApp: policy.source.extensionApp,
    retire: false,
    modes: sourceGroupsOf(policy),
    sync: null,
    grants: [
      ...given(policy.targets.filter(({ retire }) => !retire)),
      ...given(policy.targets.filter(({ retire }) => retire)).map((one) => ({
        ...one,
        retire: "yes" as const,
      })),
    ],
  };
}

/** What lets people into a place, to be given in the source tenant; null: nobody needs it. */
export function scopeOf(place: Place): Wish<ScopeKind> | null {
  switch (place.topology) {
    case "push":
      return place.sync.scope;
    case "pull":
      return place.scope;
    case "home":
      return null;
    default:
      return place satisfies never;
  }
}

/** The same where it is a group; null: it is none. */
export function scopeGroupOf(place: Place): NameOrId | null {
  const scope = scopeOf(place);
  return scope?.kind === "group" ? scope.group : null;
}

/** Whether this is what lets people into a place. */
export function isScopeOf(place: Place, scope: { readonly scope: Scope; readonly name: string }): boolean {
  const named = scopeOf(place);
  return named !== null && meansScope(named, scope);
}

function given(targets: Policy["targets"]): Home["grants"] {
  const grants = targets
    .flatMap((target) => target.grants)
    .filter(({ sourceGroups }) => sourceGroups.length > 0);
  const byRole = Map.groupBy(grants, ({ role }) => role);
  return [...byRole]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([role, same]) => ({
      role,
      wishes: sortedGroups(same.flatMap(({ sourceGroups }) => sourceGroups)).map((group) => ({
        kind: "group" as const,
        group,
      })),
    }));
}

/** The source is written for the sake of the targets: while all of them only observe, so does Muster here. */
export const sourceMode = ({ targets }: Pick<Policy, "targets">): Mode =>
  furthest(targets.map(({ mode }) => mode));
