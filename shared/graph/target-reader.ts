import { accountIdSchema, type AccountId, type AnalystId } from "../model/ids.ts";
import { equalTo, equalToAny } from "./filter.ts";
import { grantReaders, type Directories } from "./grants/by-kind.ts";
import type { GrantReaders } from "./grants/kind.ts";
import {
  readGuestRules,
  readInvitations,
  type GuestRules,
  type InvitationQuestion,
  type Invitations,
} from "./invitations.ts";
import { listAll, type Listing } from "./listing.ts";
import { notFound, type GraphTenant, type Priority } from "./tenant.ts";
import { textOf, timeOf, userSchema } from "./wire.ts";

/** Reads a target tenant; it has nothing to write with. Every method throws GraphError when Graph gives no answer. */
export type TargetReader = {
  /** An account by its id: present, in the recycle bin, or in neither. */
  readonly readAccount: (question: AccountQuestion) => Promise<AccountRead>;
  /** Accounts whose identity stamp names this analyst. */
  readonly findByStamp: (question: StampQuestion) => Promise<Listing<TargetAccount>>;
  /** Accounts in the recycle bin that carry the analyst's stamp or address: one that is made now would be a second one. */
  readonly findDeleted: (question: TwinQuestion) => Promise<Listing<AccountId>>;
  /** What has become of requests that were made by address. */
  readonly readInvitations: (question: InvitationQuestion) => Promise<Invitations>;
  readonly readGuestRules: (priority: Priority) => Promise<GuestRules>;
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
  /** Of an account that was invited: what it is, and whether the invitation was accepted. */
  readonly guest?: { readonly userType: string | null; readonly invitation: string | null };
};

type AccountRead =
  | { readonly kind: "present"; readonly account: TargetAccount }
  | { readonly kind: "soft-deleted" }
  | { readonly kind: "none" };

/** `stamp`: the property that says whose account it is; null: none does here. */
type AccountQuestion = {
  readonly id: AccountId;
  readonly stamp: string | null;
  readonly priority: Priority;
};
type StampQuestion = {
  readonly analyst: AnalystId;
  readonly stamp: string;
  readonly priority: Priority;
};

type TwinQuestion = StampQuestion & { readonly mail: string };

/** What a look at the account asks, for people: by how accounts come to be there. */
export const accountReads = {
  synced:
    "the account by its id, and those with the stamp: GET /users/{id}, /directory/deletedItems/{id} and /users",
  invited: "the account by its id: GET /users/{id} and /directory/deletedItems/{id}",
  own: "the user: GET /users/{id} and /directory/deletedItems/{id}",
} as const;

export function targetReader(tenant: GraphTenant, directories: Directories): TargetReader {
  return {
    readAccount: (question) => readAccount(tenant, question),
    readInvitations: (question) => readInvitations(tenant, question),
    readGuestRules: (priority) => readGuestRules(tenant, priority),
    async findByStamp({ analyst, stamp, priority }) {
      const { query, headers } = equalTo({ [stamp]: analyst });
      const listing = await listAll(
        tenant,
        { path: `/users?${query}&$select=${accountSelect(stamp)}`, template: "/users", headers, priority },
        userSchema,
      );
      return { ...listing, items: listing.items.map((wire) => accountOf(wire, stamp)) };
    },
    findDeleted: (question) => findDeleted(tenant, question),
    grants: grantReaders(tenant, directories),
  };
}

/** https://learn.microsoft.com/graph/api/directory-deleteditems-list; what of users can be filtered can be filtered there. */
async function findDeleted(
  tenant: GraphTenant,
  { analyst, stamp, mail, priority }: TwinQuestion,
): Promise<Listing<AccountId>> {
  const { query, headers } = equalToAny({ [stamp]: analyst, mail });
  const template = "/directory/deletedItems/microsoft.graph.user";
  const path = `${template}?${query}&$select=id,userPrincipalName,${stamp}`;
  const listing = await listAll(tenant, { path, template, headers, priority }, userSchema);
  // One with the same address may have been somebody else's, whose id it carries.
  const theirs = listing.items.filter((wire) => (textOf(wire, stamp)?.toLowerCase() ?? analyst) === analyst);
  return { ...listing, items: theirs.map(({ id }) => accountIdSchema.parse(id)) };
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

const accountSelect = (stamp: string | null) =>
  `id,userPrincipalName,accountEnabled,createdDateTime,creationType,${stamp ?? "userType,externalUserState"}`;

const guestOf = (wire: (typeof userSchema)["_output"]) => ({
  userType: textOf(wire, "userType"),
  invitation: textOf(wire, "externalUserState"),
});

function accountOf(wire: (typeof userSchema)["_output"], stamp: string | null): TargetAccount {
  return {
    id: accountIdSchema.parse(wire.id),
    userPrincipalName: wire.userPrincipalName,
    enabled: wire.accountEnabled !== false,
    createdAt: timeOf(wire.createdDateTime),
    isInvited: wire.creationType === "Invitation",
    stamp: stamp === null ? null : textOf(wire, stamp),
    ...(stamp === null ? { guest: guestOf(wire) } : {}),
  };
}
