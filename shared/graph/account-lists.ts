import type { z } from "zod";
import { accountIdSchema, analystIdSchema, type AccountId, type AnalystId } from "../model/ids.ts";
import type { AccountFacts } from "./grants/kind.ts";
import { listAll, type Listing } from "./listing.ts";
import type { GraphTenant, Priority } from "./tenant.ts";
import { textOf, userSchema } from "./wire.ts";

/** Many accounts at a time. Every method throws GraphError when Graph gives no answer. */
export type AccountLists = {
  /** What is there of these accounts; who is deleted is not. */
  readonly byIds: (ids: readonly AccountId[], asked: Asked) => Promise<Listing<ListedAccount>>;
  /** Every account that carries the stamp of one of these people. */
  readonly byStamps: (
    analysts: readonly AnalystId[],
    asked: Asked & { readonly stamp: string },
  ) => Promise<Listing<ListedAccount>>;
  /** What is there of these people, with these properties. */
  readonly people: (
    ids: readonly AnalystId[],
    asked: { readonly stamps: readonly string[]; readonly priority: Priority },
  ) => Promise<Listing<ListedPerson>>;
};

/** Somebody of the source, as far as a comparison needs them. */
type ListedPerson = {
  readonly id: AnalystId;
  readonly enabled: boolean;
  readonly stamps: Readonly<Record<string, string | null>>;
};

type ListedAccount = AccountFacts & { readonly id: AccountId };

/** `stamp`: the property that says whose account it is; null: none does here. */
type Asked = { readonly stamp: string | null; readonly priority: Priority };

/** With more alternatives than this Graph refuses a filter: "Too many child clauses", says its error. */
const valuesAtOnce = 15;

export function accountLists(tenant: GraphTenant): AccountLists {
  async function accounts(
    property: string,
    values: readonly string[],
    { stamp, priority }: Asked,
  ): Promise<Listing<ListedAccount>> {
    const select = stamp === null ? [] : [stamp];
    const listing = await listUsers(tenant, { property, values, select, priority });
    const items = listing.items.map((wire) => ({
      id: accountIdSchema.parse(wire.id),
      enabled: wire.accountEnabled !== false,
      stamp: stamp === null ? null : textOf(wire, stamp),
    }));
    return { ...listing, items };
  }

  return {
    byIds: (ids, asked) => accounts("id", ids, asked),
    byStamps: (analysts, asked) => accounts(asked.stamp, analysts, asked),
    async people(ids, { stamps, priority }) {
      const listing = await listUsers(tenant, { property: "id", values: ids, select: stamps, priority });
      const items = listing.items.map((wire) => ({
        id: analystIdSchema.parse(wire.id),
        enabled: wire.accountEnabled !== false,
        stamps: Object.fromEntries(stamps.map((name) => [name, textOf(wire, name)])),
      }));
      return { ...listing, items };
    },
  };
}

type Wanted = {
  readonly property: string;
  readonly values: readonly string[];
  readonly select: readonly string[];
  readonly priority: Priority;
};

async function listUsers(
  tenant: GraphTenant,
  { property, values, select, priority }: Wanted,
): Promise<Listing<z.infer<typeof userSchema>>> {
  const columns = ["id", "userPrincipalName", "accountEnabled", ...select].join(",");
  const filters = chunks(values, valuesAtOnce).map((some) =>
    some.map((value) => `${property} eq '${value}'`).join(" or "),
  );
  const listings = await Promise.all(
    filters.map((filter) => {
      const path = `/users?$filter=${encodeURIComponent(filter)}&$select=${columns}&$top=999`;
      return listAll(tenant, { path, template: "/users", priority }, userSchema);
    }),
  );
  const partial = listings.find(({ completeness }) => completeness.kind === "partial");
  return {
    items: listings.flatMap(({ items }) => items),
    completeness: partial?.completeness ?? { kind: "complete" },
  };
}

const chunks = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
