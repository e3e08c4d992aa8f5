import { isGone } from "../../graph/error.ts";
import { find, holdersOf, type Holder } from "../../graph/grants/kind.ts";
import type { Listing } from "../../graph/listing.ts";
import { grantKey, type Grant, type Scope } from "../../model/grant.ts";
import { accountIdSchema, type AccountId, type AnalystId } from "../../model/ids.ts";
import { grantOf, isGiven } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Unmanaged } from "../../model/sweep.ts";
import type { Wish } from "../../model/wish.ts";
import type { AccountSight, PlaceSeen } from "../../planner/drift.ts";
import type { NamedGrant } from "../../planner/owned.ts";
import { namedGrants } from "../../policy/desired.ts";
import { keyOfWish } from "../../policy/group-name.ts";
import { scopeOf } from "../../policy/places.ts";
import type { Place } from "../../policy/policy.ts";
import type { PlaceReader } from "./sweep-ports.ts";

/** One tenant, read as a whole. */
export type PlaceRead = {
  readonly seen: PlaceSeen;
  /** What the policy's wishes mean there; those that mean nothing are left out. */
  readonly named: (wishes: readonly Wish[]) => readonly NamedGrant[];
  readonly scope: { readonly scope: Scope; readonly name: string } | null;
  readonly unmanaged: readonly Unmanaged[];
  readonly unread: readonly string[];
};

type Asked = {
  readonly place: Place;
  /** By analyst. */
  readonly pairs: ReadonlyMap<AnalystId, PairRecord>;
  /** Who left so lately that an account may still be made for them. */
  readonly leavers: readonly AnalystId[];
  /** The property that says whose an account is; null: none does. */
  readonly stamp: string | null;
  readonly there: PlaceReader;
  /** Where scopes are given. */
  readonly home: PlaceReader;
};

/**
 * Reads what Muster has to do with in a tenant, page by page: everybody who has what the policy gives or Muster has given, and their
 * accounts. It costs pages, not people.
 * @throws GraphError when the tenant does not answer
 */
export async function readPlace(asked: Asked): Promise<PlaceRead> {
  const { place, pairs, there, home, stamp } = asked;
  const answers = await Promise.all(
    namedGrants(
      place,
      place.grants.map(({ role }) => role),
    ).map(async (wish) => ({ wish, answer: await find(there.grants, wish, "low") })),
  );
  const named = new Map(
    answers.flatMap(({ wish, answer }) => (answer.kind === "found" ? [[keyOfWish(wish), answer]] : [])),
  );
  const scopeWish = scopeOf(place);
  const scope = scopeWish === null ? null : await find(home.grants, scopeWish, "low");
  const given = [...pairs.values()].flatMap(({ ledger }) => ledger);
  const ledgered = (kind: "grant" | "scope") =>
    given.flatMap(({ item, name }) => (item.kind === kind ? [{ grant: grantOf(item), name }] : []));
  const [grants, scopes] = await Promise.all([
    readHolders([...named.values(), ...ledgered("grant")], { there, stamp }),
    readHolders(
      [...(scope?.kind === "found" ? [{ grant: scope.grant, name: scope.name }] : []), ...ledgered("scope")],
      { there: home, stamp: null },
    ),
  ]);
  const accounts = await readAccounts([...pairs.values()], grants, asked);
  const stamped = await readStamped(asked);
  const analysts = new Map([...pairs].map(([analyst, { account }]) => [account?.accountId, analyst]));
  const notFound = [...answers.map(({ answer }) => answer), ...(scope === null ? [] : [scope])];
  return {
    seen: {
      holds: (grant, account) => seenIn(grants.get(grantKey(grant))?.listing, account),
      inScope: (one, analyst) => seenIn(scopes.get(grantKey(one))?.listing, analyst),
      account: (id) => sightOf(id, accounts, analysts.get(id)),
      stamped: (analyst) => stamped.byAnalyst.get(analyst) ?? [],
    },
    named: (wishes) =>
      wishes.flatMap((wish) => {
        const found = named.get(keyOfWish(wish));
        return found === undefined ? [] : [{ grant: found.grant, name: found.name }];
      }),
    scope: scope?.kind === "found" ? { scope: scope.grant as Scope, name: scope.name } : null,
    unmanaged: [
      ...unmanagedIn(grants, [...named.values()], ownersOf(pairs)),
      ...(scope?.kind === "found" ? unmanagedIn(scopes, [scope], ownersOf(pairs)) : []),
    ],
    unread: [
      ...notFound.flatMap((answer) => (answer.kind === "found" ? [] : [answer.reason])),
      ...[...grants.values(), ...scopes.values()].flatMap(({ name, listing }) => unreadOf(name, listing)),
      ...unreadOf("accounts", accounts),
      ...unreadOf("accounts by their stamp", stamped),
    ],
  };
}

const unreadOf = (name: string, { completeness }: Pick<Listing<unknown>, "completeness">) =>
  completeness.kind === "partial" ? [`${name}: ${completeness.why}`] : [];

type Held = {
  readonly name: string;
  readonly listing: Listing<Holder> & { readonly ids: ReadonlyMap<string, Holder> };
};
type HeldByKey = ReadonlyMap<string, Held>;

async function readHolders(
  grants: readonly NamedGrant[],
  { there, stamp }: { readonly there: PlaceReader; readonly stamp: string | null },
): Promise<HeldByKey> {
  const byKey = new Map(grants.map(({ grant, name }) => [grantKey(grant), { grant, name }]));
  return new Map(
    await Promise.all(
      [...byKey].map(async ([key, { grant, name }]) => {
        const listing = await listHolders(there, grant, stamp);
        const ids = new Map<string, Holder>();
        // Of several assignments of one package, the one that is delivered counts.
        for (const holder of listing.items)
          if (ids.get(holder.id)?.seen !== "present") ids.set(holder.id, holder);
        return [key, { name, listing: { ...listing, ids } }] as const;
      }),
    ),
  );
}

/** What is not there has nobody in it, and may be restored with everybody: that says nothing of anybody. */
async function listHolders(
  { holders }: PlaceReader,
  grant: Grant,
  stamp: string | null,
): Promise<Listing<Holder>> {
  try {
    return await holdersOf(holders, grant, { stamp, priority: "low" });
  } catch (error) {
    if (!isGone(error)) throw error;
    return { items: [], completeness: { kind: "partial", why: "it is not there" } };
  }
}

function seenIn(listing: Held["listing"] | undefined, id: string): "present" | "absent" | "unknown" {
  const holder = listing?.ids.get(id);
  if (holder !== undefined) return holder.seen === "present" ? "present" : "unknown";
  return listing?.completeness.kind === "complete" ? "absent" : "unknown";
}

type Accounts = {
  readonly known: ReadonlyMap<string, { readonly enabled: boolean; readonly stamp: string | null }>;
  readonly completeness: Listing<unknown>["completeness"];
  readonly stamp: string | null;
};

/** Those whom a listing of a group has not shown already. In the source, analysts are compared by themselves. */
async function readAccounts(
  pairs: readonly PairRecord[],
  grants: HeldByKey,
  { place, stamp, there }: Asked,
): Promise<Accounts> {
  const shown = [...grants.values()].flatMap(({ listing }) =>
    listing.items.flatMap(({ id, account }) => (account === undefined ? [] : [[id, account] as const])),
  );
  const known = new Map(shown);
  const missing =
    place.topology === "home"
      ? []
      : pairs.flatMap(({ account }) =>
          account === null || known.has(account.accountId) ? [] : [account.accountId],
        );
  const listing = await there.accounts.byIds([...new Set(missing)], { stamp, priority: "low" });
  for (const { id, ...facts } of listing.items) known.set(id, facts);
  return { known, completeness: listing.completeness, stamp };
}

function sightOf(
  id: AccountId,
  { known, completeness, stamp }: Accounts,
  analyst: AnalystId | undefined,
): AccountSight {
  const account = known.get(id);
  if (account === undefined) return completeness.kind === "complete" ? "none" : "unknown";
  if (!account.enabled) return "blocked";
  const stamped = stamp === null ? null : (account.stamp?.toLowerCase() ?? null);
  return stamped === null || stamped === "none" || stamped === analyst ? "enabled" : "foreign";
}

type Stamped = Pick<Listing<unknown>, "completeness"> & {
  readonly byAnalyst: ReadonlyMap<
    AnalystId,
    readonly { readonly id: AccountId; readonly enabled: boolean }[]
  >;
};

/** A cycle of sync that was under way may have made another account of somebody who has left. */
async function readStamped({ leavers, stamp, there }: Asked): Promise<Stamped> {
  if (stamp === null || leavers.length === 0)
    return { byAnalyst: new Map(), completeness: { kind: "complete" } };
  const { items, completeness } = await there.accounts.byStamps(leavers, { stamp, priority: "low" });
  const byStamp = Map.groupBy(items, (account) => account.stamp?.toLowerCase());
  return {
    completeness,
    byAnalyst: new Map(leavers.map((analyst) => [analyst, byStamp.get(analyst) ?? []])),
  };
}

/** Whom Muster has put where, by the keys of grants. */
function ownersOf(pairs: ReadonlyMap<AnalystId, PairRecord>): ReadonlyMap<string, ReadonlySet<string>> {
  const owners = new Map<string, Set<string>>();
  for (const [analyst, { ledger }] of pairs)
    for (const { item, entry } of ledger) {
      if (!isGiven(entry)) continue;
      const key = grantKey(grantOf(item));
      const whom = item.kind === "grant" ? item.account : accountIdSchema.parse(analyst);
      owners.set(key, (owners.get(key) ?? new Set()).add(whom));
    }
  return owners;
}

/** As many are named as people look through; all are counted. */
const namedUnmanaged = 20;

function unmanagedIn(
  held: HeldByKey,
  grants: readonly NamedGrant[],
  owners: ReadonlyMap<string, ReadonlySet<string>>,
): readonly Unmanaged[] {
  return grants.flatMap(({ grant, name }) => {
    const key = grantKey(grant);
    const own = owners.get(key) ?? new Set();
    const others = (held.get(key)?.listing.items ?? []).map(({ id }) => id).filter((id) => !own.has(id));
    return others.length === 0
      ? []
      : [{ name, count: others.length, some: others.toSorted().slice(0, namedUnmanaged) }];
  });
}
