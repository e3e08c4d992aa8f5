import { find as findGrant, type GrantFound } from "../../graph/grants/kind.ts";
import { errorText } from "../../model/error-text.ts";
import { grantKey, subjectOf, type ScopeKind } from "../../model/grant.ts";
import type { Unwritable } from "../../model/group.ts";
import type { Wish } from "../../model/wish.ts";
import type { NamedGrant } from "../../planner/owned.ts";
import { desiredGrants, namedGrants } from "../../policy/desired.ts";
import { keyOfWish, means } from "../../policy/group-name.ts";
import { scopeGroupOf, scopeOf } from "../../policy/places.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import type { NamedScope } from "../scope/read-scopes.ts";
import { otherTargetWith } from "../scope/scope-owners.ts";

type Resolved = {
  readonly scope: NamedScope | null;
  readonly wanted: readonly NamedGrant[];
  readonly managed: readonly NamedGrant[];
  readonly unwritable: ReadonlyMap<string, Unwritable>;
  readonly found: ReadonlyMap<string, string>;
  /** The first name that is needed and cannot be resolved. */
  readonly refusal: { readonly reason: string; readonly advice: string } | null;
};

/** Names become ids here. A leaver needs none of them: what Muster granted is in the ledger by id. */
export async function resolveNames(
  wishes: readonly Wish[],
  looking: Looking,
  { source, tenant }: AccessReadPorts,
): Promise<Resolved> {
  const {
    rules: { target },
    priority,
  } = looking;
  const roles = target.grants.map(({ role }) => role);
  const all = namedGrants(target, roles);
  const answered = <T>(answer: Promise<T>) =>
    answer.catch((error: unknown) => lenient(error, wishes.length === 0));
  const scopeWish = scopeOf(target);
  const [scope, managed] = await Promise.all([
    scopeWish === null
      ? null
      : answered<GrantFound<ScopeKind>>(findGrant(source.grants, scopeWish, priority)),
    Promise.all(
      all.map(async (wish) => ({
        key: keyOfWish(wish),
        answer: await answered<GrantFound>(findGrant(tenant.reader.grants, wish, priority)),
      })),
    ),
  ]);
  // What nobody is to have any more is looked up only to remember what it was.
  const live = new Set(desiredGrants({ ...target, retire: false }, roles).map(keyOfWish));
  const needed = new Set(wishes.map(keyOfWish));
  const wanted = managed.filter(({ key }) => needed.has(key));
  const unwritable = [...managed.map(({ answer }) => answer), ...(scope === null ? [] : [scope])];
  return {
    scope: scope?.kind === "found" ? { scope: scope.grant, name: scope.name } : null,
    wanted: wanted.flatMap(({ answer }) => namedGrant(answer)),
    managed: managed.filter(({ key }) => live.has(key)).flatMap(({ answer }) => namedGrant(answer)),
    unwritable: new Map(
      unwritable.flatMap((answer) =>
        answer.kind === "found" && answer.unwritable !== null
          ? [[grantKey(answer.grant), answer.unwritable] as const]
          : [],
      ),
    ),
    found: new Map(
      managed.flatMap(({ key, answer }) =>
        answer.kind === "found" ? [[key, grantKey(answer.grant)] as const] : [],
      ),
    ),
    refusal:
      [scope, ...wanted.map(({ answer }) => answer)].find((answer) => answer?.kind === "not-found") ??
      sharedScope(scope, looking) ??
      wanted.map(({ answer }) => misusedSourceGroup(answer, looking)).find((refusal) => refusal !== null) ??
      null,
  };
}

/** A policy that names one scope in the same way twice is refused; one that names it by id and by name shows only here. */
function sharedScope(scope: GrantFound<ScopeKind> | null, looking: Looking): Resolved["refusal"] {
  if (scope?.kind !== "found") return null;
  const { grant, name } = scope;
  const other = otherTargetWith({ scope: grant, name }, looking);
  if (other === undefined) return null;
  const what = grant.kind === "group" ? "scope group" : "scope";
  return {
    reason: `the ${what} ${name} is that of ${other.name} as well`,
    advice: `give each target a ${what} of its own in the policy`,
  };
}

/** Muster would make analysts by its own hand, or put people in scope who do not belong there. */
function misusedSourceGroup(answer: GrantFound, { rules }: Looking): Resolved["refusal"] {
  if (answer.kind !== "found" || rules.target.topology !== "home") return null;
  const { name } = answer;
  const id = subjectOf(answer.grant);
  const { roles, targets } = rules.policy;
  const role = roles.find(({ holders }) => holders.kind === "group" && means(holders.group, { id, name }));
  const scope = targets.find((target) => {
    const named = scopeGroupOf(target);
    return named !== null && means(named, { id, name });
  });
  const use =
    role === undefined ? scope && `the scope group of ${scope.name}` : `what shows role ${role.name}`;
  if (use === undefined) return null;
  return {
    reason: `the source group ${name} is ${use} as well`,
    advice: "name another group in sourceGroups",
  };
}

/** Somebody who leaves must not wait for a name: an answer that fails is no answer. */
function lenient(error: unknown, leaving: boolean): NotFound {
  if (!leaving) throw error;
  return { kind: "not-found", reason: errorText(error), advice: "" };
}

type NotFound = Extract<GrantFound, { kind: "not-found" }>;

const namedGrant = (answer: GrantFound): readonly NamedGrant[] =>
  answer.kind === "found" ? [{ grant: answer.grant, name: answer.name }] : [];
