import type { AccountLists } from "../../shared/graph/account-lists.ts";
import type { HolderReaders } from "../../shared/graph/grants/kind.ts";
import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { accountIdSchema, analystIdSchema } from "../../shared/model/ids.ts";
import type { MemorySource, MemoryTarget } from "./memory-tenant.ts";
import { complete } from "./memory-tenant.ts";
import { graphFailure } from "./graph-failure.ts";

type Facts = {
  readonly id: string;
  readonly enabled: boolean;
  readonly stamp: string | null;
  readonly stamps: Readonly<Record<string, string | null>>;
};

type Lists = { readonly holders: HolderReaders; readonly accounts: AccountLists };

/** A tenant of memory, read as a whole. */
export const listsOfTarget = (target: MemoryTarget): Lists =>
  listsOf(target, () =>
    [...target.accounts.values()].flatMap(({ id, enabled, stamp, state }) =>
      state === "live" ? [{ id, enabled, stamp, stamps: {} }] : [],
    ),
  );

export const listsOfSource = (source: MemorySource): Lists =>
  listsOf(source, () =>
    [...source.users.values()].flatMap((user) =>
      user === "soft-deleted"
        ? []
        : [{ id: user.id, enabled: user.enabled, stamp: null, stamps: user.stamps }],
    ),
  );

type Tenant = Pick<MemoryTarget, "members" | "eligible" | "packages" | "appRoles" | "lists">;

function listsOf(tenant: Tenant, everybody: () => readonly Facts[]): Lists {
  const { lists: call } = tenant;
  const those = (isIt: (one: Facts) => boolean) =>
    complete(
      everybody()
        .filter(isIt)
        .map(({ id }) => ({ id, seen: "present" as const })),
    );
  const among = (ids: readonly string[]) => everybody().filter(({ id }) => ids.includes(id));
  return {
    holders: {
      group: ({ group }) =>
        call(() => {
          const members = tenant.members.get(group);
          if (members === undefined) throw graphFailure(404);
          const facts = new Map(everybody().map((one) => [one.id, one]));
          return complete(
            [...members].map((id) => {
              const account = facts.get(id);
              return { id, seen: "present" as const, ...(account === undefined ? {} : { account }) };
            }),
          );
        }),
      eligible: ({ group }) => call(() => those(({ id }) => tenant.eligible.get(group)?.has(id) === true)),
      package: (grant) =>
        call(() =>
          complete(
            everybody().flatMap(({ id }) => {
              const live = liveAssignment(papersOf(tenant.packages.papers(id), grant.package));
              if (live === undefined) return [];
              return [{ id, seen: live.state === "delivered" ? ("present" as const) : ("coming" as const) }];
            }),
          ),
        ),
      appRole: (grant) => call(() => those(({ id }) => tenant.appRoles.has(grant, id))),
    },
    accounts: {
      byIds: (ids) =>
        call(() => complete(among(ids).map((one) => ({ ...one, id: accountIdSchema.parse(one.id) })))),
      byStamps: (analysts) =>
        call(() => {
          const wanted = new Set<string>(analysts);
          const found = everybody().filter(({ stamp }) => stamp !== null && wanted.has(stamp));
          return complete(found.map((one) => ({ ...one, id: accountIdSchema.parse(one.id) })));
        }),
      people: (ids) =>
        call(() => complete(among(ids).map((one) => ({ ...one, id: analystIdSchema.parse(one.id) })))),
    },
  };
}
