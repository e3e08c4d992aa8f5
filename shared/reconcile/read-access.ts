import type { Unwritable } from "../model/group.ts";
import type { Wish } from "../model/wish.ts";
import { find as findGrant, type GrantFound } from "../graph/grants/kind.ts";
import { errorText } from "../model/error-text.ts";
import { grantKey, subjectOf, type ScopeKind } from "../model/grant.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccessSituation, NamedGrant } from "../planner/access-situation.ts";
import { desiredGrants, namedGrants } from "../policy/desired.ts";
import { keyOfWish, means } from "../policy/group-name.ts";
import { scopeGroupOf, scopeOf } from "../policy/places.ts";
import type { AccessReadPorts, Looking } from "./access-ports.ts";
import type { Outcome, Parked } from "./outcome.ts";
import { readDenials } from "./denials.ts";
import { readSubjects } from "./lost-groups.ts";
import { goneFrom, grantsOf, readAccount } from "./read-account.ts";
import { invitationOf, isInvited, withArrived, withClaimed } from "./read-guest.ts";
import { nestedIn, readScopes, scopesOf, sharedWith, type NamedScope } from "./read-scopes.ts";
import { isBeingTaken } from "./scoped-times.ts";
import { heirOf, heirOfGrant, otherTargetWith, withInherited } from "./scope-owners.ts";
import { isLeaving, keepsOf, wantedOf } from "./wishes.ts";

/** Everything one look at an analyst in a target found. */
export type AccessRead =
  | {
      readonly kind: "read";
      readonly situation: AccessSituation;
      /** What is remembered of the pair, with what passed to it from another target. */
      readonly pair: PairRecord;
      /** What cannot be written although the policy names it, by keys of grants and scopes. */
      readonly unwritable: ReadonlyMap<string, Unwritable>;
      /** What the policy's wishes came to here: keys of grants, by keys of wishes. */
      readonly found: ReadonlyMap<string, string>;
      /** Names of the groups that show the analyst's roles, by their ids, where people are to hear of them. */
      readonly roleGroups: ReadonlyMap<string, string>;
      /** Set when the target could not be read: the rest is done, and this is how it ends. */
      readonly trouble: Outcome | null;
      /** When the first of it was asked, epoch ms. */
      readonly at: number;
    }
  /** The policy names something that is not there or not unique: nothing in this target is touched. */
  | { readonly kind: "refused"; readonly outcome: Parked };

export async function readAccess(looking: Looking, ports: AccessReadPorts): Promise<AccessRead> {
  const { record, rules, run, priority } = looking;
  const { policy, target } = rules;
  const at = ports.now();
  const wishes = wantedOf(looking);
  const [{ seenOf, trouble }, named, account] = await Promise.all([
    readScopes(looking, ports),
    resolveNames(wishes, looking, ports),
    readAccount(looking, ports),
  ]);
  if (wishes.length > 0 && named.refusal !== null) {
    const { reason, advice } = named.refusal;
    return {
      kind: "refused",
      outcome: {
        kind: "parked",
        reason: `${target.name}: ${reason}`,
        advice,
        cause: reason,
        finding: "unusable-name",
        about: reason,
        stops: "yes",
      },
    };
  }
  if (account.refusal !== undefined) return { kind: "refused", outcome: account.refusal };
  const asking = { looking, pairs: ports.pairs };
  const isIn = named.scope !== null && seenOf(named.scope.scope, "yes").seen === "present";
  const seenScope = isIn ? named.scope : null;
  const inherited = await withInherited({ seenScope, wanted: named.wanted, account: account.seen }, asking);
  const pair = withClaimed(withArrived(inherited, account.seen), account.seen, named.managed);
  const grants = grantsOf(pair.ledger, account.record).map(({ item: { grant }, name, entry }) => ({
    grant,
    name,
    entry,
  }));
  const { wanted } = named;
  const denied = await readDenials({ account: account.seen, given: grants, wanted, pair }, looking, ports);
  const needed = scopeOf(target) === null ? "none" : (named.scope ?? "not found");
  const { scope, entry: scopeEntry, formers } = scopesOf(needed, pair.ledger);
  const sighted = async <T extends NamedScope>(one: T, wanted: "yes" | "no") => ({
    ...one,
    ...seenOf(one.scope, wanted),
    heir: await heirOf(one, asking),
  });
  const current = scope === null ? null : await sighted(scope, isLeaving(looking) ? "no" : "yes");
  return {
    kind: "read",
    pair,
    unwritable: named.unwritable,
    found: named.found,
    roleGroups: denied.roleGroups,
    trouble: account.trouble ?? trouble ?? denied.trouble,
    at,
    situation: {
      analyst: record.id,
      target: target.name,
      leaving: record.leaving,
      news: looking.news,
      goneUntil: Math.max(record.recent.states["soft-deleted"] ?? 0, record.recent.states.absent ?? 0),
      nowhereSince: record.missingSince,
      wanted,
      keeps: keepsOf(looking),
      managed: named.managed,
      scope: current === null ? null : { ...current, ...(await nestedIn(current, looking, ports)) },
      formerScopes: await Promise.all(
        formers.map(async (one) => ({
          ...(await sighted(one, "no")),
          ...sharedWith(one.scope, scope?.scope ?? null, target),
        })),
      ),
      policySince: rules.since,
      accounts: isInvited(looking) ? "invited" : kindsOfAccount[target.topology],
      invitation: isInvited(looking)
        ? await invitationOf({ ...looking, pair }, account, {
            leaving: isLeaving(looking),
            ends: losesPackages(pair, named.wanted),
            ports,
          })
        : null,
      account: account.seen,
      others: account.others,
      owned: {
        grants: await Promise.all(
          grants.map(async ({ grant, name, entry }) => ({
            grant,
            name,
            entry,
            unwantedSince: pair.unwanted[grantKey(grant)] ?? null,
            writable: named.unwritable.has(grantKey(grant)) ? ("no" as const) : ("yes" as const),
            heir: await heirOfGrant({ grant, name }, asking),
          })),
        ),
        scope: scopeEntry,
        gone: goneFrom(pair.gone, account.record),
        scopedUntil: scopedUntil(pair, ports.now()),
        account: account.record,
        leftAt: pair.leftAt,
        asked: { tries: pair.asked.tries, scopedAt: scopedAt(scopeEntry, pair) },
        awaited: pair.asked.scopedAt === null ? "no" : "yes",
        askAfter: pair.askAfter,
        wroteAt: pair.wroteAt,
        doubt: pair.doubt,
        attempts: run.attempts,
      },
      subjects: await readSubjects(pair.ledger, ports, priority),
      leavers: policy.leavers,
      movers: policy.movers.order,
      graceMs: policy.movers.graceMs,
      onExternalRemoval: target.topology === "home" ? "restore" : target.onExternalRemoval,
      denials: denied.denials,
      patienceMs: policy.accessPackages.patienceMs,
      now: ports.now(),
    },
  };
}

/** What somebody may lose who is governed by their packages. */
function losesPackages({ ledger }: PairRecord, wanted: readonly NamedGrant[]): boolean {
  const keys = new Set(wanted.map(({ grant }) => grantKey(grant)));
  return ledger.some(
    ({ item, entry }) =>
      item.kind === "grant" &&
      item.grant.kind === "package" &&
      entry.state !== "removed" &&
      !keys.has(grantKey(item.grant)),
  );
}

const kindsOfAccount = { push: "synced", pull: "invited", home: "own" } as const;

/** Since when sync may have seen the analyst and not made the account; an account may also be lost after a long time. */
function scopedAt(scope: LedgerEntry | undefined, { asked }: PairRecord): number | null {
  if (scope === undefined) return asked.scopedAt;
  return scope.state === "added" ? Math.max(scope.at, asked.scopedAt ?? 0) : null;
}

/** Who is being taken out of the scope is in it until Graph says that they are out. */
function scopedUntil({ scoped, ledger, leftAt }: PairRecord, now: number): number | null {
  if (scoped === null) return null;
  return isBeingTaken(ledger) ? now : (scoped.until ?? leftAt ?? now);
}

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
async function resolveNames(
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
