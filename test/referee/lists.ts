import type { AccountLists } from "../../shared/graph/account-lists.ts";
import type { AccountFacts, Holder, HolderReaders } from "../../shared/graph/grants/kind.ts";
import type { Listing } from "../../shared/graph/listing.ts";
import { accountIdSchema, analystIdSchema } from "../../shared/model/ids.ts";

/** A tenant as its replicas show it at one moment; `at` undefined: now. */
export type PlaceShown = {
  /** What Graph's answers are about, in words. */
  readonly name: string;
  readonly users: (at: number | undefined) => readonly Facts[];
  readonly members: (group: string, at: number | undefined) => readonly string[];
  readonly eligible: (account: string, at: number | undefined) => boolean;
  readonly assignments: (
    account: string,
    what: string,
    at: number | undefined,
  ) => readonly { readonly state: string }[];
};

type Facts = AccountFacts & { readonly id: string; readonly stamps: Readonly<Record<string, string>> };

type Calls = {
  readonly read: <T>(what: string, look: (at: number | undefined) => T) => Promise<T>;
  readonly listed: <T>(what: string, items: readonly T[]) => Listing<T>;
};

/** Reads a tenant of the referee's world as a whole, one answer of one replica for each list. */
export function listsOf(
  place: PlaceShown,
  { read, listed }: Calls,
): { readonly holders: HolderReaders; readonly accounts: AccountLists } {
  const list = <T>(what: string, look: (at: number | undefined) => readonly T[]): Promise<Listing<T>> => {
    const words = `${what} of ${place.name}`;
    return read(words, (at) => listed(words, look(at)));
  };
  const membersOf = (group: string) =>
    list(`members of ${group}`, (at) => {
      const facts = new Map(place.users(at).map((one) => [one.id, one]));
      return place.members(group, at).flatMap((id): readonly Holder[] => {
        const account = facts.get(id);
        return account === undefined ? [] : [{ id, seen: "present", account }];
      });
    });
  const among = (ids: readonly string[], at: number | undefined) =>
    place.users(at).filter(({ id }) => ids.includes(id));
  return {
    holders: {
      group: ({ group }) => membersOf(group),
      appRole: ({ role }) => membersOf(role),
      eligible: ({ group }) =>
        list(`eligible for ${group}`, (at) =>
          place
            .users(at)
            .filter(({ id }) => place.eligible(id, at))
            .map(({ id }) => ({ id, seen: "present" as const })),
        ),
      package: (grant) =>
        list(`assigned ${grant.package}`, (at) =>
          place.users(at).flatMap(({ id }): readonly Holder[] =>
            place
              .assignments(id, grant.package, at)
              .filter(({ state }) => state !== "expired")
              .map(({ state }) => ({ id, seen: state === "delivered" ? "present" : "coming" })),
          ),
        ),
    },
    accounts: {
      byIds: (ids) =>
        list("accounts by ids", (at) =>
          among(ids, at).map((one) => ({ ...one, id: accountIdSchema.parse(one.id) })),
        ),
      byStamps: (analysts) => {
        const wanted = new Set<string>(analysts);
        return list("accounts by stamps", (at) =>
          place
            .users(at)
            .filter(({ stamp }) => stamp !== null && wanted.has(stamp))
            .map((one) => ({ ...one, id: accountIdSchema.parse(one.id) })),
        );
      },
      people: (ids, { stamps }) =>
        list("people", (at) =>
          among(ids, at).map((one) => ({
            id: analystIdSchema.parse(one.id),
            enabled: one.enabled,
            stamps: Object.fromEntries(stamps.map((name) => [name, one.stamps[name] ?? null])),
          })),
        ),
    },
  };
}
