import { type GroupFacts, type Unwritable, whyUnwritable } from "../model/group.ts";
import type { Seen } from "../model/sight.ts";
import type { Wish } from "../model/wish.ts";
import { GraphError, unlessGone } from "../graph/error.ts";
import { find as findGrant, type GrantFound } from "../graph/grants/kind.ts";
import type { GroupFound } from "../graph/group-directory.ts";
import { seenAmong } from "../graph/listing.ts";
import { errorText } from "../model/error-text.ts";
import { grantKey, subjectOf, type Scope } from "../model/grant.ts";
import { scopeHeld, type LedgerEntry, type LedgerRow } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccessSituation, NamedGrant } from "../planner/access-situation.ts";
import { desiredGrants, namedGrants } from "../policy/desired.ts";
import { keyOfWish, means } from "../policy/group-name.ts";
import { isScopeOf, scopeOf } from "../policy/places.ts";
import type { AccessReadPorts, Looking } from "./access-ports.ts";
import type { Outcome, Parked } from "./outcome.ts";
import { readSubjects } from "./lost-groups.ts";
import { goneFrom, grantsOf, readAccount } from "./read-account.ts";
import { invitationOf, withArrived } from "./read-guest.ts";
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
      /** Set when the target could not be read: the rest is done, and this is how it ends. */
      readonly trouble: Outcome | null;
    }
  /** The policy names something that is not there or not unique: nothing in this target is touched. */
  | { readonly kind: "refused"; readonly outcome: Parked };

export async function readAccess(looking: Looking, ports: AccessReadPorts): Promise<AccessRead> {
  const { record, rules, run, priority } = looking;
  const { policy, target } = rules;
  const wishes = wantedOf(looking);
  const [scopeSeen, named, account] = await Promise.all([
    readScope(looking, ports),
    resolveNames(wishes, looking, ports),
    readAccount(looking, ports),
  ]);
  if (wishes.length > 0 && named.refusal !== null) {
    const { reason, advice } = named.refusal;
    return {
      kind: "refused",
      outcome: { kind: "parked", reason: `${target.name}: ${reason}`, advice, cause: reason, stops: "yes" },
    };
  }
  const asking = { looking, pairs: ports.pairs };
  const seenScope = named.scope !== null && scopeSeen(named.scope.id) === "present" ? named.scope.id : null;
  const inherited = await withInherited({ seenScope, wanted: named.wanted, account: account.seen }, asking);
  const pair = withArrived(inherited, account.seen);
  const { scope, entry: scopeEntry, formers } = scopesOf(named.scope, pair.ledger);
  const sighted = async <T extends NamedScope>(one: T) => ({
    ...one,
    seen: scopeSeen(one.scope.group),
    heir: await heirOf({ id: one.scope.group, name: one.name }, asking),
  });
  return {
    kind: "read",
    pair,
    unwritable: named.unwritable,
    found: named.found,
    trouble: account.trouble,
    situation: {
      analyst: record.id,
      target: target.name,
      leaving: record.leaving,
      news: looking.news,
      goneUntil: Math.max(record.recent.states["soft-deleted"] ?? 0, record.recent.states.absent ?? 0),
      nowhereSince: record.missingSince,
      wanted: named.wanted,
      keeps: keepsOf(looking),
      managed: named.managed,
      scope: scope === null ? null : await sighted(scope),
      formerScopes: await Promise.all(formers.map(sighted)),
      policySince: rules.since,
      accounts: kindsOfAccount[target.topology],
      invitation:
        target.topology === "pull"
          ? await invitationOf({ ...looking, pair }, account, { leaving: isLeaving(looking), ports })
          : null,
      account: account.seen,
      others: account.others,
      owned: {
        grants: await Promise.all(
          grantsOf(pair.ledger, account.record).map(async ({ item: { grant }, name, entry }) => ({
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
      patienceMs: policy.accessPackages.patienceMs,
      now: ports.now(),
    },
  };
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
  const isBeingTaken = ledger.some(({ item, entry }) => item.kind === "scope" && entry.state === "removing");
  return isBeingTaken ? now : (scoped.until ?? leftAt ?? now);
}

/**
 * Whether the analyst is a direct member of a source group: sync counts no other members. Trouble in the source must not
 * keep a leaver's access in a target alive, so for them it only means that the scope is not known.
 */
async function readScope(
  { record, rules, priority }: Looking,
  { source }: AccessReadPorts,
): Promise<(group: string) => Seen | "deleted"> {
  if (scopeOf(rules.target) === null) return () => "unknown";
  try {
    const read = await unlessGone(source.reader.readMemberships({ id: record.id, groups: [], priority }));
    return read === null ? () => "deleted" : (group) => seenAmong(read.direct, group);
  } catch (error) {
    if (!(error instanceof GraphError) || record.leaving === null) throw error;
    return () => "unknown";
  }
}

type Resolved = {
  readonly scope: GroupFacts | null;
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
  const scopeName = scopeOf(target);
  const [scope, managed] = await Promise.all([
    scopeName === null ? null : answered(source.groups.find(scopeName, priority)),
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
  const facts = scope?.kind === "found" ? scope.facts : null;
  return {
    scope: facts,
    wanted: wanted.flatMap(({ answer }) => namedGrant(answer)),
    managed: managed.filter(({ key }) => live.has(key)).flatMap(({ answer }) => namedGrant(answer)),
    unwritable: new Map([
      ...managed.flatMap(({ answer }) =>
        answer.kind === "found" && answer.unwritable !== null
          ? [[grantKey(answer.grant), answer.unwritable] as const]
          : [],
      ),
      ...unwritableScope(facts),
    ]),
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

function unwritableScope(facts: GroupFacts | null): readonly (readonly [string, Unwritable])[] {
  const why = facts === null ? null : whyUnwritable(facts);
  return facts === null || why === null ? [] : [[grantKey({ kind: "group", group: facts.id }), why]];
}

/** A policy that names one group in the same way twice is refused; one that names it by id and by name shows only here. */
function sharedScope(scope: GroupFound | null, looking: Looking): Resolved["refusal"] {
  if (scope?.kind !== "found") return null;
  const { id, displayName: name } = scope.facts;
  const other = otherTargetWith({ id, name }, looking);
  if (other === undefined) return null;
  return {
    reason: `the scope group ${name} is that of ${other.name} as well`,
    advice: "give each target a scope group of its own in the policy",
  };
}

/** Muster would make analysts by its own hand, or put people in scope who do not belong there. */
function misusedSourceGroup(answer: GrantFound, { rules }: Looking): Resolved["refusal"] {
  if (answer.kind !== "found" || rules.target.topology !== "home") return null;
  const { name } = answer;
  const id = subjectOf(answer.grant);
  const { roles, targets } = rules.policy;
  const role = roles.find(({ holders }) => holders.kind === "group" && means(holders.group, { id, name }));
  const scope = targets.find((target) => isScopeOf(target, { id, name }));
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

type NamedScope = { readonly scope: Scope; readonly name: string };

type Scopes = {
  /** The one that the policy names; if that cannot be found, the one that Muster joined last. */
  readonly scope: NamedScope | null;
  readonly entry: LedgerEntry | undefined;
  /** What Muster joined is what Muster leaves, also after the policy names another group. */
  readonly formers: readonly (NamedScope & { readonly entry: LedgerEntry })[];
};

function scopesOf(facts: GroupFacts | null, ledger: readonly LedgerRow[]): Scopes {
  const rows = ledger.flatMap(({ item, name, entry }) =>
    item.kind === "scope" ? [{ scope: item.scope, name, entry }] : [],
  );
  const held = scopeHeld(ledger);
  const row = rows.find((one) => (facts === null ? one.entry === held : one.scope.group === facts.id));
  const formers = rows.filter((one) => one !== row);
  if (facts === null) return { scope: row ?? null, entry: row?.entry, formers };
  const scope = { scope: { kind: "group", group: facts.id }, name: facts.displayName } as const;
  return { scope, entry: row?.entry, formers };
}
