import { GraphError, isGone } from "../../graph/error.ts";
import { readHoldings, type Holdings } from "../../graph/grants/kind.ts";
import { grantKey, type Scope, type ScopeKind } from "../../model/grant.ts";
import { accountIdSchema } from "../../model/ids.ts";
import { scopeHeld, type LedgerEntry, type LedgerRow } from "../../model/ledger.ts";
import type { ScopeSight } from "../../planner/access-situation.ts";
import { scopeOf } from "../../policy/places.ts";
import type { Place } from "../../policy/policy.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import { outcomeOf, type Outcome } from "../run/outcome.ts";
import { isLeaving } from "../pair/wishes.ts";

/** Scopes are given in the source, where the analyst is their own account: what a look there shows of one. */
export type ScopesSeen = (scope: Scope, wanted: "yes" | "no") => ScopeSight;

type ScopesRead = {
  readonly seenOf: ScopesSeen;
  /** Set when Graph refuses to show what matters, which people have to hear of: the rest is done, and this is how it ends. */
  readonly trouble: Outcome | null;
};

/** Sync counts what is the analyst's own, and nothing that comes through another group. */
export async function readScopes(
  looking: Looking,
  { source, now }: Pick<AccessReadPorts, "source" | "now">,
): Promise<ScopesRead> {
  const { record, priority } = looking;
  const account = accountIdSchema.parse(record.id);
  const read = await Promise.all(
    kindsInUse(looking).map(async (kind) => {
      const { holdings, failures } = await readHoldings(source.grants, [kind], { account, priority });
      const [failure] = failures;
      return {
        kind,
        ...(failure === undefined ? { seen: holdings } : unreadOf(failure, kind, looking, now())),
      };
    }),
  );
  const byKind = new Map<ScopeKind, ScopesSeen | Holdings>(read.map(({ kind, seen }) => [kind, seen]));
  return {
    seenOf: (scope, wanted) => byKind.get(scope.kind)?.(scope, wanted) ?? { seen: "unknown" },
    trouble: read.map(({ trouble = null }) => trouble).find((one) => one !== null) ?? null,
  };
}

type Unread = { readonly seen: ScopesSeen; readonly trouble?: Outcome };

/**
 * Whom Graph does not know is in the recycle bin, and what they had is in there with them. Trouble in the source must not keep alive
 * what a leaver has in a target, nor bind anybody to a scope that the policy does not name: there it only means
 * that it is not known.
 */
function unreadOf(failure: unknown, kind: ScopeKind, looking: Looking, now: number): Unread {
  if (isGone(failure)) return { seen: () => ({ seen: "deleted" }) };
  if (!(failure instanceof GraphError)) throw failure;
  const trouble = outcomeOf(failure, now);
  const told = trouble.kind === "parked" ? { trouble } : {};
  if (isLeaving(looking)) return { seen: () => ({ seen: "unknown" }), ...told };
  if (scopeOf(looking.rules.target)?.kind !== kind) return { seen: () => ({ seen: "unknown" }) };
  // What passes is waited for.
  if (trouble.kind !== "parked") throw failure;
  return { seen: () => ({ seen: "unknown", unread: "wholly" }), trouble };
}

/** What the policy names, and what Muster gave: nobody has to consent to the others. */
function kindsInUse({ rules: { target }, pair }: Looking): readonly ScopeKind[] {
  const given = pair.ledger.flatMap(({ item }) => (item.kind === "scope" ? [item.scope.kind] : []));
  const named = scopeOf(target);
  return [...new Set([...(named === null ? [] : [named.kind]), ...given])];
}

/** Whether they seem to be in scope already, and sync does not see them there; asked only of who is to be put in. */
export async function nestedIn(
  { scope, seen }: { readonly scope: Scope; readonly seen: ScopeSight["seen"] },
  looking: Looking,
  { source }: AccessReadPorts,
): Promise<{ readonly nested?: "yes" }> {
  const { record, rules, pair, priority } = looking;
  const isNew = seen === "absent" && scopeHeld(pair.ledger) === undefined && !isLeaving(looking);
  if (scope.kind !== "group" || rules.target.topology !== "push" || !isNew) return {};
  const { group } = scope;
  try {
    const read = await source.reader.readMemberships({ id: record.id, groups: [group], priority });
    return read.confirmed.has(group) && !read.direct.items.includes(group) ? { nested: "yes" } : {};
  } catch (error) {
    // It is only said.
    if (error instanceof GraphError) return {};
    throw error;
  }
}

/**
 * A package that holds the synchronization's application assigns the application's own role, of which Graph keeps one assignment for
 * each person: whoever takes it takes it from the package as well.
 */
export function sharedWith(
  former: Scope,
  current: Scope | null,
  { topology, sync }: Place,
): { readonly shared?: "yes" } {
  if (current === null || topology !== "push") return {};
  const [role, other] = former.kind === "appRole" ? [former, current] : [current, former];
  const isShared =
    role.kind === "appRole" && other.kind === "package" && role.servicePrincipal === sync.servicePrincipal;
  return isShared ? { shared: "yes" } : {};
}

export type NamedScope = { readonly scope: Scope; readonly name: string };

type Scopes = {
  /** The one that the policy names; if that cannot be found, the one that Muster joined last. null: nobody needs one here. */
  readonly scope: NamedScope | null;
  readonly entry: LedgerEntry | undefined;
  /** What Muster joined is what Muster leaves, also after the policy names another one. */
  readonly formers: readonly (NamedScope & { readonly entry: LedgerEntry })[];
};

/** `none`: the policy needs none here, so whatever Muster joined is to be left. */
export function scopesOf(named: NamedScope | "none" | "not found", ledger: readonly LedgerRow[]): Scopes {
  const rows = ledger.flatMap(({ item, name, entry }) =>
    item.kind === "scope" ? [{ scope: item.scope, name, entry }] : [],
  );
  if (named === "none") return { scope: null, entry: undefined, formers: rows };
  const held = scopeHeld(ledger);
  const isNamed = (one: NamedScope & { readonly entry: LedgerEntry }) =>
    named === "not found" ? one.entry === held : grantKey(one.scope) === grantKey(named.scope);
  const row = rows.find(isNamed);
  const formers = rows.filter((one) => one !== row);
  return { scope: named === "not found" ? (row ?? null) : named, entry: row?.entry, formers };
}
