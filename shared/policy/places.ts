import { targetNameSchema, type TenantId } from "../model/ids.ts";
import { keyOfName, means, sortedGroups } from "./group-name.ts";
import type { NameOrId } from "../model/wish.ts";
import type { Home, Mode, Place, Policy } from "./policy.ts";

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
  const named = policy.targets.flatMap(({ mode, retire, grants }) =>
    grants.flatMap(({ role, sourceGroups }) => sourceGroups.map((group) => ({ role, group, mode, retire }))),
  );
  const given = named.filter(({ retire }) => !retire);
  const roles = [...new Set(given.map(({ role }) => role))].toSorted();
  const byGroup = Map.groupBy(named, ({ group }) => keyOfName(group));
  return {
    name: targetNameSchema.parse(homeName),
    tenantId: policy.source.tenantId,
    topology: "home",
    mode: sourceMode(policy),
    extensionApp: policy.source.extensionApp,
    retire: false,
    modes: sortedGroups(named.map(({ group }) => group)).map((group) => ({
      group,
      mode: furthest((byGroup.get(keyOfName(group)) ?? []).map(({ mode }) => mode)),
    })),
    sync: null,
    grants: roles.map((role) => ({
      role,
      wishes: sortedGroups(given.filter((one) => one.role === role).map(({ group }) => group)).map(
        (group) => ({ kind: "group" as const, group }),
      ),
    })),
  };
}

/** The group of the source tenant that lets people into a place; null: nobody needs to be in one. */
export function scopeOf(place: Place): NameOrId | null {
  switch (place.topology) {
    case "push":
      return place.sync.scope.group;
    case "pull":
      return place.scope?.group ?? null;
    case "home":
      return null;
    default:
      return place satisfies never;
  }
}

/** Whether this group is what lets people into a place. */
export function isScopeOf(place: Place, group: { readonly id: string; readonly name: string }): boolean {
  const named = scopeOf(place);
  return named !== null && means(named, group);
}

/** The source is written for the sake of the targets: while all of them only observe, so does Muster here. */
export const sourceMode = ({ targets }: Pick<Policy, "targets">): Mode =>
  furthest(targets.map(({ mode }) => mode));

/** What Muster may do about something that is given in a place. */
export function modeFor(place: Place, what: { readonly id: string; readonly name: string }): Mode {
  if (place.topology !== "home") return place.mode;
  const named = place.modes.filter((one) => means(one.group, what)).map(({ mode }) => mode);
  // What no target names any more was given when one did.
  return named.length === 0 ? place.mode : furthest(named);
}

function furthest(modes: readonly Mode[]): Mode {
  if (modes.includes("full")) return "full";
  return modes.includes("add-only") ? "add-only" : "observe";
}
