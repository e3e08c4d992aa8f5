import { GraphError, unlessGone } from "../graph/error.ts";
import type { GroupFound } from "../graph/group-directory.ts";
import { errorText } from "../model/error-text.ts";
import { grantKey, type Grant, type GroupFacts, type GroupMembership, type Scope } from "../model/grant.ts";
import { scopeHeld, type LedgerEntry, type LedgerRow } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccessSituation, NamedGrant } from "../planner/access-plan.ts";
import type { Seen } from "../planner/membership.ts";
import { desiredGrants } from "../policy/desired.ts";
import type { NameOrId } from "../policy/policy.ts";
import type { AccessReadPorts, Looking } from "./access-ports.ts";
import type { Outcome, Parked } from "./outcome.ts";
import { grantsOf, readAccount, seenIn } from "./read-account.ts";
import { keepsOf, wantedOf } from "./wishes.ts";

/** Everything one look at an analyst in a target found. */
export type AccessRead =
  | {
      readonly kind: "read";
      readonly situation: AccessSituation;
      /** How the groups that may be written take members, by id. */
      readonly membership: ReadonlyMap<string, GroupMembership>;
      /** Set when the target could not be read: the rest is done, and this is how it ends. */
      readonly trouble: Outcome | null;
    }
  /** The policy names something that is not there or not unique: nothing in this target is touched. */
  | { readonly kind: "refused"; readonly outcome: Parked };

export async function readAccess(looking: Looking, ports: AccessReadPorts): Promise<AccessRead> {
  const { record, pair, rules, run } = looking;
  const { policy, target } = rules;
  const wantedNames = wantedOf(looking);
  const [scopeSeen, named, account] = await Promise.all([
    readScope(looking, ports),
    resolveNames(wantedNames, looking, ports),
    readAccount(looking, ports),
  ]);
  if (wantedNames.length > 0 && named.refusal !== null) {
    const { reason, advice } = named.refusal;
    return {
      kind: "refused",
      outcome: { kind: "parked", reason: `${target.name}: ${reason}`, advice, cause: reason },
    };
  }
  const { scope, entry: scopeEntry, formers } = scopesOf(named.scope, pair.ledger);
  return {
    kind: "read",
    membership: new Map(
      [...named.facts.values(), ...(named.scope === null ? [] : [named.scope])].map((facts) => [
        facts.id,
        facts.membership,
      ]),
    ),
    trouble: account.trouble,
    situation: {
      analyst: record.id,
      target: target.name,
      leaving: record.leaving,
      wanted: named.wanted,
      keeps: keepsOf(looking),
      managed: named.managed,
      scope: scope === null ? null : { ...scope, seen: scopeSeen(scope.scope.group) },
      formerScopes: formers.map((former) => ({ ...former, seen: scopeSeen(former.scope.group) })),
      policySince: rules.since,
      account: account.seen,
      owned: {
        grants: grantsOf(pair.ledger, account.record).map(({ item, name, entry }) => ({
          grant: item.grant,
          name,
          entry,
          writable: writable(item.grant, named.facts),
        })),
        scope: scopeEntry,
        account: account.record,
        leftAt: pair.leftAt,
        asked: { tries: pair.asked.tries, scopedAt: scopedAt(scopeEntry, pair) },
        doubt: pair.doubt,
        attempts: run.attempts,
      },
      leavers: policy.leavers,
      movers: policy.movers.order,
      now: ports.now(),
    },
  };
}

/** Since when sync may have seen the analyst; in a scope that Muster did not write, since Muster first looked. */
function scopedAt(scope: LedgerEntry | undefined, { asked }: PairRecord): number | null {
  if (scope === undefined) return asked.scopedAt;
  return scope.state === "added" ? scope.at : null;
}

const writable = ({ group }: Grant, facts: ReadonlyMap<string, GroupFacts>) =>
  (facts.get(group)?.membership ?? "assigned") === "assigned" ? "yes" : "no";

/**
 * Whether the analyst is a direct member of a source group: sync counts no other members. Trouble in the source must not
 * keep a leaver's access in a target alive, so for them it only means that the scope is not known.
 */
async function readScope(
  { record, priority }: Looking,
  { source }: AccessReadPorts,
): Promise<(group: string) => Seen | "deleted"> {
  try {
    const read = await unlessGone(source.reader.readMemberships({ id: record.id, groups: [], priority }));
    return read === null ? () => "deleted" : (group) => seenIn(read.direct, group);
  } catch (error) {
    if (!(error instanceof GraphError) || record.leaving === null) throw error;
    return () => "unknown";
  }
}

type Resolved = {
  readonly scope: GroupFacts | null;
  readonly wanted: readonly NamedGrant[];
  readonly managed: readonly NamedGrant[];
  readonly facts: ReadonlyMap<string, GroupFacts>;
  /** The first name that is needed and cannot be resolved. */
  readonly refusal: { readonly reason: string; readonly advice: string } | null;
};

/** Names become ids here. A leaver needs none of them: what Muster granted is in the ledger by id. */
async function resolveNames(
  wantedNames: readonly NameOrId[],
  { rules: { target }, priority }: Looking,
  { source, tenant }: AccessReadPorts,
): Promise<Resolved> {
  const managedNames = desiredGrants(
    target,
    target.grants.map(({ role }) => role),
  );
  const leaving = wantedNames.length === 0;
  const find = (name: NameOrId, groups = tenant.groups) =>
    groups.find(name, priority).catch((error: unknown) => lenient(error, leaving));
  const [scope, managed] = await Promise.all([
    find(target.sync.scope.group, source.groups),
    Promise.all(managedNames.map(async (name) => ({ name, answer: await find(name) }))),
  ]);
  const needed = new Set(wantedNames.map(keyOf));
  const wanted = managed.filter(({ name }) => needed.has(keyOf(name)));
  return {
    scope: scope.kind === "found" ? scope.facts : null,
    wanted: wanted.flatMap(({ answer }) => namedGrant(answer)),
    managed: managed.flatMap(({ answer }) => namedGrant(answer)),
    facts: new Map(
      managed.flatMap(({ answer }) => (answer.kind === "found" ? [[answer.facts.id, answer.facts]] : [])),
    ),
    refusal:
      [scope, ...wanted.map(({ answer }) => answer)].find((answer) => answer.kind === "not-found") ?? null,
  };
}

/** Somebody who leaves must not wait for a name: an answer that fails is no answer. */
function lenient(error: unknown, leaving: boolean): GroupFound {
  if (!leaving) throw error;
  return { kind: "not-found", reason: errorText(error), advice: "" };
}

const keyOf = (name: NameOrId) => (name.kind === "id" ? name.id : name.name);

const namedGrant = (answer: GroupFound): readonly NamedGrant[] =>
  answer.kind === "found"
    ? [{ grant: { kind: "group", group: answer.facts.id }, name: answer.facts.displayName }]
    : [];

type ScopeRow = { readonly scope: Scope; readonly name: string; readonly entry: LedgerEntry };

type Scopes = {
  /** The one that the policy names; if that cannot be found, the one that Muster joined last. */
  readonly scope: { readonly scope: Scope; readonly name: string } | null;
  readonly entry: LedgerEntry | undefined;
  /** What Muster joined is what Muster leaves, also after the policy names another group. */
  readonly formers: readonly ScopeRow[];
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

/** What is remembered of a grant or scope, if anything. */
export function rowOf(ledger: readonly LedgerRow[], what: LedgerRow["item"]): LedgerRow | undefined {
  return ledger.find(({ item }) => sameItem(item, what));
}

export function sameItem(a: LedgerRow["item"], b: LedgerRow["item"]): boolean {
  if (a.kind === "scope") return b.kind === "scope" && a.scope.group === b.scope.group;
  return b.kind === "grant" && a.account === b.account && grantKey(a.grant) === grantKey(b.grant);
}
