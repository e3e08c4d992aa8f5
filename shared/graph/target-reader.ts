import { accountIdSchema, type AccountId, type AnalystId } from "../model/ids.ts";
import { equalTo } from "./filter.ts";
import { eligibleReader } from "./grants/eligible-grants.ts";
import { groupReader } from "./grants/group-grants.ts";
import type { GrantReaders } from "./grants/kind.ts";
import type { PackageDirectory } from "./grants/package-directory.ts";
import { packageReader } from "./grants/package-grants.ts";
import type { GroupDirectory } from "./group-directory.ts";
import { listAll, type Listing } from "./listing.ts";
import { notFound, type GraphTenant, type Priority } from "./tenant.ts";
import { textOf, timeOf, userSchema } from "./wire.ts";

/** Reads a target tenant; it has nothing to write with. Every method throws GraphError when Graph gives no answer. */
export type TargetReader = {
  /** An account by its id: present, in the recycle bin, or in neither. */
  readonly readAccount: (question: AccountQuestion) => Promise<AccountRead>;
  /** Accounts whose identity stamp names this analyst. */
  readonly findByStamp: (question: StampQuestion) => Promise<Listing<TargetAccount>>;
  /** What accounts are given here, by kind. */
  readonly grants: GrantReaders;
};

export type TargetAccount = {
  readonly id: AccountId;
  readonly userPrincipalName: string;
  readonly enabled: boolean;
  /** Epoch ms; null when Graph does not say. */
  readonly createdAt: number | null;
  /** It came by invitation, as those do that sync makes; what an administrator makes by hand does not. */
  readonly isInvited: boolean;
  /** The identity stamp as it is on the account. */
  readonly stamp: string | null;
};

type AccountRead =
  | { readonly kind: "present"; readonly account: TargetAccount }
  | { readonly kind: "soft-deleted" }
  | { readonly kind: "none" };

type AccountQuestion = { readonly id: AccountId; readonly stamp: string; readonly priority: Priority };
type StampQuestion = {
  readonly analyst: AnalystId;
  readonly stamp: string;
  readonly priority: Priority;
};

export function targetReader(
  tenant: GraphTenant,
  { groups, packages }: { readonly groups: GroupDirectory; readonly packages: PackageDirectory },
): TargetReader {
  return {
    readAccount: (question) => readAccount(tenant, question),
    async findByStamp({ analyst, stamp, priority }) {
      const { query, headers } = equalTo({ [stamp]: analyst });
      const listing = await listAll(
        tenant,
        { path: `/users?${query}&$select=${accountSelect(stamp)}`, template: "/users", headers, priority },
        userSchema,
      );
      return { ...listing, items: listing.items.map((wire) => accountOf(wire, stamp)) };
    },
    grants: {
      group: groupReader(tenant, groups),
      eligible: eligibleReader(tenant, groups),
      package: packageReader(tenant, packages),
    },
  };
}

async function readAccount(tenant: GraphTenant, question: AccountQuestion): Promise<AccountRead> {
  const { id, stamp, priority } = question;
  const reply = await tenant.send({
    method: "GET",
    path: `/users/${id}?$select=${accountSelect(stamp)}`,
    template: "/users/{id}",
    priority,
    accepts: notFound,
  });
  if (reply.status !== 404)
    return { kind: "present", account: accountOf(userSchema.parse(reply.body), stamp) };
  const deleted = await tenant.send({
    method: "GET",
    path: `/directory/deletedItems/${id}?$select=id`,
    template: "/directory/deletedItems/{id}",
    priority,
    accepts: notFound,
  });
  return { kind: deleted.status === 404 ? "none" : "soft-deleted" };
}

const accountSelect = (stamp: string) =>
  `id,userPrincipalName,accountEnabled,createdDateTime,creationType,${stamp}`;

function accountOf(wire: (typeof userSchema)["_output"], stamp: string): TargetAccount {
  return {
    id: accountIdSchema.parse(wire.id),
    userPrincipalName: wire.userPrincipalName,
    enabled: wire.accountEnabled !== false,
    createdAt: timeOf(wire.createdDateTime),
    isInvited: wire.creationType === "Invitation",
    stamp: textOf(wire, stamp),
  };
}
