import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { Priority } from "../../graph/tenant.ts";
import type { GroupId } from "../../model/ids.ts";
import { homeOf, scopeGroupOf } from "../../policy/places.ts";
import type { Policy } from "../../policy/policy.ts";
import type { Outcome } from "../run/outcome.ts";

type Asking = {
  readonly policy: Policy;
  readonly groups: GroupDirectory;
  readonly priority: Priority;
};

/** Muster puts people into such groups. Nested in a role group, one of them makes all of them holders, and nobody ever leaves. */
export async function writtenWithin(
  group: GroupId,
  nested: readonly string[],
  { policy, groups, priority }: Asking,
): Promise<readonly Outcome[]> {
  if (nested.length === 0) return [];
  const scopes = policy.targets.flatMap((target) => {
    const named = scopeGroupOf(target);
    return named === null ? [] : [{ named, what: `the scope group of ${target.name}: whoever is in scope` }];
  });
  const given = homeOf(policy).modes.map((one) => ({
    named: one.group,
    what: "a source group that roles give: whoever is given it",
  }));
  const written = await Promise.all(
    [...scopes, ...given].map(async ({ named, what }) => ({
      what,
      answer: await groups.find(named, priority),
    })),
  );
  return written.flatMap(({ what, answer }): readonly Outcome[] => {
    if (answer.kind !== "found" || !nested.includes(answer.facts.id)) return [];
    const { displayName } = answer.facts;
    const reason = `the role group ${group} contains ${displayName}, ${what} holds the role`;
    const advice = `take ${displayName} out of the role group`;
    return [
      {
        kind: "parked",
        reason,
        advice,
        cause: null,
        finding: "role-loop",
        about: `${group} ${answer.facts.id}`,
      },
    ];
  });
}
