import { grantKey, subjectOf } from "../../model/grant.ts";
import type { CheckFacts } from "../../planner/checks.ts";
import { giversIn, isRetired, modeOfSourceGroup } from "../../policy/source-groups.ts";
import type { Looking } from "../pair/access-ports.ts";
import type { ReadOk } from "../pair/access-round.ts";

type Asked = Pick<Looking, "record" | "rules">;

/** What the checks may know of a round. */
export function factsOf(read: ReadOk, asked: Asked): CheckFacts {
  const { owned, scope, formerScopes, others, accounts } = read.situation;
  const { policy, target } = asked.rules;
  const current = scope === null || owned.scope === undefined ? [] : [scope];
  return {
    mode: target.mode,
    ...sourceGroupFacts(read, asked),
    protected: new Set(policy.protected),
    ownedGrants: new Set(owned.grants.map(({ grant }) => grantKey(grant))),
    ownedScopes: new Set([...current, ...formerScopes].map((one) => grantKey(one.scope))),
    ownsAccount: owned.account?.origin === "created" ? "yes" : "no",
    others: new Set(others.map(({ id }) => id)),
    account: owned.account?.accountId ?? null,
    // Nobody's own user goes, whatever the policy says of accounts in targets.
    accounts: accounts === "own" ? "owned" : policy.leavers.accounts,
    unwritable: read.unwritable,
    removalsPerRun: policy.guardrails.removals.perRun,
  };
}

/** A source group may be given by several targets, each in a mode of its own, and goes for their sake. */
function sourceGroupFacts(
  { situation: { managed, owned }, pair }: ReadOk,
  { record, rules: { policy, target } }: Asked,
): Pick<CheckFacts, "modes" | "removedFor"> {
  const keys = owned.grants.map(({ grant }) => grantKey(grant));
  if (target.topology !== "home")
    return { modes: new Map(), removedFor: new Map(target.retire ? keys.map((key) => [key, []]) : []) };
  const named = [...owned.grants, ...managed].map(({ grant, name }) => {
    const key = grantKey(grant);
    return { key, group: { id: subjectOf(grant), name }, givers: pair.givers[key] ?? [] };
  });
  const isLeaver = record.leaving !== null;
  return {
    modes: new Map(
      named.map(({ key, group, givers }) => [
        key,
        modeOfSourceGroup({ home: target, targets: policy.targets }, { ...group, givers, isLeaver }),
      ]),
    ),
    removedFor: new Map(
      named.flatMap(({ key, group, givers }): readonly (readonly [string, readonly string[]])[] => {
        if (isRetired(target, group)) return [[key, []]];
        const all = giversIn(target, group);
        const whose = all.length > 0 ? all : givers;
        return whose.length === 0 ? [] : [[key, whose]];
      }),
    ),
  };
}
