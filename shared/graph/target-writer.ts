import type { Grant } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import { grantWriters } from "./grants/by-kind.ts";
import type { GrantWriters, NotYet } from "./grants/kind.ts";
import { invite, type Inviting } from "./invitations.ts";
import type { Written } from "./group-members.ts";
import { notFound, type GraphCall, type GraphTenant, type SendLimits } from "./tenant.ts";

/** Writes a target tenant. Every method is safe to repeat and throws GraphError when it could not be done. */
export type TargetWriter = {
  /** What accounts are given, by kind. */
  readonly grants: GrantWriters;
  /** Asks for an access package on behalf of an address, so that the tenant invites it. */
  readonly invite: (
    grant: Grant<"package">,
    whom: Inviting & { readonly limits: SendLimits },
  ) => Promise<Written | NotYet>;
  readonly setEnabled: (
    account: AccountId,
    state: "blocked" | "unblocked",
    limits: SendLimits,
  ) => Promise<Written>;
  /** Moves the account to the recycle bin, where it can be restored for 30 days. */
  readonly remove: (account: AccountId, limits: SendLimits) => Promise<Written>;
  readonly restore: (account: AccountId, limits: SendLimits) => Promise<Written>;
};

export function targetWriter(tenant: GraphTenant): TargetWriter {
  const call = async (request: GraphCall): Promise<Written> => {
    const reply = await tenant.send(request);
    const result = reply.status === 404 ? "missing" : "done";
    return { result, appliedBefore: reply.appliedBefore, trace: reply.trace };
  };
  return {
    grants: grantWriters(tenant),
    invite: (grant, whom) => invite(tenant, grant, whom),
    setEnabled: (account, state, limits) =>
      call({
        method: "PATCH",
        path: `/users/${account}`,
        template: "/users/{id}",
        body: { accountEnabled: state === "unblocked" },
        ...limits,
        // An account that is not there is blocked enough.
        ...(state === "blocked" ? { accepts: notFound } : {}),
      }),
    remove: (account, limits) =>
      call({
        method: "DELETE",
        path: `/users/${account}`,
        template: "/users/{id}",
        ...limits,
        accepts: notFound,
      }),
    restore: (account, limits) =>
      call({
        method: "POST",
        path: `/directory/deletedItems/${account}/restore`,
        template: "/directory/deletedItems/{id}/restore",
        ...limits,
      }),
  };
}
