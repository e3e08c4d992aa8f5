import type { TenantId } from "../model/ids.ts";
import { keyOfName, means } from "./group-name.ts";
import type { Home, Mode, Policy, SourceGroup } from "./policy.ts";

/** A group of the source tenant as it was found. */
type Found = { readonly id: string; readonly name: string };

/** How targets use groups of the source, once for each way in which one is named. Sorted. */
export function sourceGroupsOf({ targets }: Pick<Policy, "targets">): readonly SourceGroup[] {
  const named = targets.flatMap((target) =>
    target.grants.flatMap(({ sourceGroups }) => sourceGroups.map((group) => ({ group, target }))),
  );
  const byKey = Map.groupBy(named, ({ group }) => keyOfName(group));
  return [...byKey]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, uses]) =>
      uses.slice(0, 1).map(({ group }) => {
        const givers = [...new Set(uses.map(({ target }) => target))];
        const live = givers.filter(({ retire }) => !retire);
        return {
          group,
          givers: givers.map(({ tenantId }) => tenantId),
          // Where nobody belongs any more, nobody is given anything, so nothing follows from what Muster may do there.
          mode: furthest((live.length > 0 ? live : givers).map(({ mode }) => mode)),
          retired: live.length > 0 ? "no" : "yes",
        };
      }),
    );
}

/** Each way in which targets that decide about it name the group: those that are retired only if no other does. */
function usesOf({ modes }: Pick<Home, "modes">, group: Found): readonly SourceGroup[] {
  const uses = modes.filter((one) => means(one.group, group));
  const live = uses.filter(({ retired }) => retired === "no");
  return live.length > 0 ? live : uses;
}

/** The targets that name the group. */
export const giversIn = ({ modes }: Pick<Home, "modes">, group: Found): readonly TenantId[] => [
  ...new Set(modes.flatMap((one) => (means(one.group, group) ? one.givers : []))),
];

/** Nobody is to have it any more: every target that names it is retired. */
export function isRetired(home: Pick<Home, "modes">, group: Found): boolean {
  const uses = usesOf(home, group);
  return uses.length > 0 && uses.every(({ retired }) => retired === "yes");
}

/** `not in the policy`: a target is, for which it was given. */
export type SourceGroupMode = Mode | "not in the policy";

/**
 * What Muster may do about a group of the source. What no target names any more is a matter of those that did: one that only
 * observes wants nothing taken, and nobody can say what one wants that is not in the policy. Leavers are everybody's.
 */
export function modeOfSourceGroup(
  { home, targets }: { readonly home: Home; readonly targets: Policy["targets"] },
  group: Found & { readonly givers: readonly TenantId[]; readonly isLeaver: boolean },
): SourceGroupMode {
  const uses = usesOf(home, group);
  if (uses.length > 0) return furthest(uses.map(({ mode }) => mode));
  const givers = targets.filter(({ tenantId }) => group.givers.includes(tenantId));
  const isOneMissing = givers.length < group.givers.length;
  if (isOneMissing && !group.isLeaver) return "not in the policy";
  return isOneMissing || givers.length === 0 ? home.mode : furthest(givers.map(({ mode }) => mode));
}

/** The mode that lets Muster do most. */
export function furthest(modes: readonly Mode[]): Mode {
  if (modes.includes("full")) return "full";
  return modes.includes("add-only") ? "add-only" : "observe";
}
