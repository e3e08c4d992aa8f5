import type { Unwritable } from "../../model/group.ts";
import type { Sight } from "../../model/sight.ts";
import type { Wish } from "../../model/wish.ts";
import type { Grant, GrantKind } from "../../model/grant.ts";
import type { Denial } from "../../model/denial.ts";
import type { AccountId } from "../../model/ids.ts";
import type { Written } from "../group-members.ts";
import type { Held, Listing } from "../listing.ts";
import { isGone } from "../error.ts";
import type { Priority, SendLimits, Trace } from "../tenant.ts";

/** Reads one kind of grant in one tenant. Every method throws GraphError when Graph gives no answer. */
export type GrantReader<K extends GrantKind> = {
  /** Whether it goes on while the account is in the recycle bin: who has it there may be given it still. */
  readonly outlives: "yes" | "no";
  /** What `holdings` asks, for people: it stands in the proof. */
  readonly reads: string;
  /** What the policy means. */
  readonly find: (wish: Wish<K>, priority: Priority) => Promise<GrantFound<K>>;
  /** Everything of this kind that the account has; `kinds`: all that this look is about, for one may be had by another. */
  readonly holdings: (
    account: AccountId,
    priority: Priority,
    kinds: readonly GrantKind[],
  ) => Promise<Holdings<K>>;
  /** Asked anew and in another way, for when a listing is not enough. */
  readonly isHeld: (grant: Grant<K>, account: AccountId, priority: Priority) => Promise<Held>;
  /** Whether what it is about is there: as long as it is not, nobody can be taken out of it, and they come back with it. */
  readonly isThere: (grant: Grant<K>, priority: Priority) => Promise<boolean>;
  /** The last time since then that an access review denied it to the account; null: none did. Throws as well when not all was said. */
  readonly denial: (
    grant: Grant<K>,
    account: AccountId,
    asked: { readonly since: number; readonly priority: Priority },
  ) => Promise<Denial | null>;
};

export type GrantFound<K extends GrantKind = GrantKind> =
  | {
      readonly kind: "found";
      readonly grant: Grant<K>;
      readonly name: string;
      /** Why Muster cannot write it; null: it can. */
      readonly unwritable: Unwritable | null;
    }
  | { readonly kind: "not-found"; readonly reason: string; readonly advice: string };

/** Somebody who has a grant, as a listing of all who have it shows them. */
export type Holder = {
  /** Their object id, in lower case. */
  readonly id: string;
  /** "coming": not there yet, or on its way out. */
  readonly seen: "present" | "coming";
  /** What the same listing shows of their account; left out where it shows nothing. */
  readonly account?: AccountFacts;
};

/** `stamp`: the property that says whose account it is, as it stands on it. */
export type AccountFacts = { readonly enabled: boolean; readonly stamp: string | null };

/** Lists everybody who has a grant, page by page. `stamp`: the property that says whose an account is; null: none is asked for. */
export type HolderReader<K extends GrantKind> = (
  grant: Grant<K>,
  asked: { readonly stamp: string | null; readonly priority: Priority },
) => Promise<Listing<Holder>>;

export type HolderReaders = { readonly [K in GrantKind]: HolderReader<K> };

export function holdersOf<K extends GrantKind>(
  readers: HolderReaders,
  grant: Grant<K>,
  asked: Parameters<HolderReader<K>>[1],
): Promise<Listing<Holder>> {
  const read: HolderReader<K> = readers[grant.kind];
  return read(grant, asked);
}

/** What a look shows of a grant, to whoever wants it, or wants to be rid of it. */
export type Holdings<K extends GrantKind = GrantKind> = (grant: Grant<K>, wanted: "yes" | "no") => Sight;

/** Writes one kind of grant in one tenant. Safe to repeat; throws GraphError when it could not be done. */
export type GrantWriter<K extends GrantKind> = {
  readonly give: (grant: Grant<K>, account: AccountId, limits: SendLimits) => Promise<Written | NotYet>;
  /** What would end is given for longer. */
  readonly renew: (grant: Grant<K>, account: AccountId, limits: SendLimits) => Promise<Written | NotYet>;
  readonly take: (grant: Grant<K>, account: AccountId, limits: SendLimits) => Promise<Written | NotYet>;
};

/** It cannot be done now, and that is no failure of the call; with `advice`: not before a person has done something. */
export type NotYet = {
  readonly result: "not-yet";
  /** "no": nothing has come of it, so nothing of it is Muster's. */
  readonly appliedBefore: Written["appliedBefore"];
  readonly why: string;
  readonly advice: string | null;
  readonly trace: Trace | null;
};

export type GrantReaders = { readonly [K in GrantKind]: GrantReader<K> };
export type GrantWriters = { readonly [K in GrantKind]: GrantWriter<K> };

export function find<K extends GrantKind>(
  readers: GrantReaders,
  wish: Wish<K>,
  priority: Priority,
): Promise<GrantFound<K>> {
  const reader: GrantReader<K> = readers[wish.kind];
  return reader.find(wish, priority);
}

/** Of these kinds, those that go on while the account is in the recycle bin. */
export const outliving = (readers: GrantReaders, kinds: readonly GrantKind[]): readonly GrantKind[] =>
  kinds.filter((kind) => readers[kind].outlives === "yes");

export function isHeld<K extends GrantKind>(
  readers: GrantReaders,
  grant: Grant<K>,
  { account, priority }: { readonly account: AccountId; readonly priority: Priority },
): Promise<Held> {
  const reader: GrantReader<K> = readers[grant.kind];
  return reader.isHeld(grant, account, priority);
}

export function isThere<K extends GrantKind>(
  readers: GrantReaders,
  grant: Grant<K>,
  priority: Priority,
): Promise<boolean> {
  const reader: GrantReader<K> = readers[grant.kind];
  return reader.isThere(grant, priority);
}

export function denialOf<K extends GrantKind>(
  readers: GrantReaders,
  grant: Grant<K>,
  { account, ...asked }: { readonly account: AccountId; readonly since: number; readonly priority: Priority },
): Promise<Denial | null> {
  const reader: GrantReader<K> = readers[grant.kind];
  return reader.denial(grant, account, asked);
}

/** Which way a grant goes. */
export type Way = "give" | "renew" | "take";

export function write<K extends GrantKind>(
  writers: GrantWriters,
  way: Way,
  {
    grant,
    account,
    limits,
  }: { readonly grant: Grant<K>; readonly account: AccountId; readonly limits: SendLimits },
): Promise<Written | NotYet> {
  const writer: GrantWriter<K> = writers[grant.kind];
  return writer[way](grant, account, limits);
}

type ByKind = { [K in GrantKind]?: Holdings<K> };

/** What the account has, of these kinds. One that cannot be read keeps nobody from the others: it is unknown, and `failures` say why. */
export async function readHoldings(
  readers: GrantReaders,
  kinds: readonly GrantKind[],
  { account, priority }: { readonly account: AccountId; readonly priority: Priority },
): Promise<{ readonly holdings: Holdings; readonly failures: readonly unknown[] }> {
  const held: ByKind = {};
  async function read(kind: GrantKind): Promise<void> {
    try {
      Object.assign(held, { [kind]: await readers[kind].holdings(account, priority, kinds) });
    } catch (error) {
      // Whom a replica does not know yet is given what is theirs.
      if (isGone(error)) Object.assign(held, { [kind]: () => ({ seen: "unknown" }) });
      throw error;
    }
  }
  const settled = await Promise.allSettled(kinds.map((kind) => read(kind)));
  const failures = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  return { holdings: (grant, wanted) => sightIn(held, grant, wanted), failures };
}

function sightIn<K extends GrantKind>(held: ByKind, grant: Grant<K>, wanted: "yes" | "no"): Sight {
  const holdings: Holdings<K> | undefined = held[grant.kind];
  return holdings?.(grant, wanted) ?? { seen: "unknown", unread: "wholly" };
}
