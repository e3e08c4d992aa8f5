import { grantKey, subjectOf } from "../../model/grant.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { AccessSituation } from "../../planner/access-situation.ts";
import { namedGrants } from "../../policy/desired.ts";
import { keyOfWish } from "../../policy/group-name.ts";
import { giversIn } from "../../policy/source-groups.ts";
import { type Asked, frozenRoles } from "./wishes.ts";

/** What each role gives in the target, as far as the policy says so now; of those it does not know, what it said last. */
export function gaveOf(
  { record, rules }: Asked,
  found: ReadonlyMap<string, string>,
  { gave, ledger }: Pick<PairRecord, "gave" | "ledger">,
): PairRecord["gave"] {
  const kept = frozenRoles(rules.policy, record);
  const now = record.roles
    .filter((role) => !kept.includes(role))
    .map(({ role, by }) => {
      // What is retired may not be, after the next edit.
      const keys = namedGrants(rules.target, [role]).flatMap((wish) => found.get(keyOfWish(wish)) ?? []);
      return [by, [...new Set(keys)]] as const;
    });
  if (kept.length === 0) return Object.fromEntries(now);
  // Nothing was ever given here, so these roles gave nothing either.
  const isNew = ledger.length === 0 && now.some(([, given]) => given.length > 0);
  const none = isNew ? kept.map(({ by }) => [by, []] as const) : [];
  return { ...Object.fromEntries(none), ...gave, ...Object.fromEntries(now) };
}

/** For which targets a group of the source is given, or was when one of them last named it. */
export function giversOf(
  { wanted, owned }: Pick<AccessSituation, "wanted" | "owned">,
  { rules: { target } }: Pick<Asked, "rules">,
  { givers }: Pick<PairRecord, "givers">,
): PairRecord["givers"] {
  if (target.topology !== "home") return givers;
  return Object.fromEntries(
    [...owned.grants, ...wanted].map(({ grant, name }) => {
      const key = grantKey(grant);
      const now = giversIn(target, { id: subjectOf(grant), name });
      return [key, now.length > 0 ? now : (givers[key] ?? [])];
    }),
  );
}
