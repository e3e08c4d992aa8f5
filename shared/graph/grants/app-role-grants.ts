import { z } from "zod";
import type { Grant } from "../../model/grant.ts";
import { appRoleIdSchema, servicePrincipalIdSchema, type AccountId } from "../../model/ids.ts";
import { heldIn, listAll, seenIn, type Listing } from "../listing.ts";
import { notFound, type GraphTenant, type Priority, type Refusal } from "../tenant.ts";
import type { AppRoleDirectory } from "./app-role-directory.ts";
import type { GrantReader, GrantWriter, HolderReader } from "./kind.ts";

/*
 * Assignment of a role of an application: to the application of a cross-tenant synchronization, it is what puts somebody in scope.
 */

const assignmentSchema = z.looseObject({
  id: z.string(),
  appRoleId: appRoleIdSchema,
  principalId: z.string().toLowerCase(),
  resourceId: servicePrincipalIdSchema,
});

type Assignment = z.infer<typeof assignmentSchema>;

export function appRoleReader(tenant: GraphTenant, roles: AppRoleDirectory): GrantReader<"appRole"> {
  return {
    outlives: "no",
    reads: "assignments of app roles: GET /users/{id}/appRoleAssignments",
    find: (wish, priority) => roles.find(wish, priority),
    async holdings(account, priority) {
      const listing = await listAssignments(tenant, account, priority);
      return (grant) => ({ seen: seenIn(listing, isOf(grant)) });
    },
    async isHeld(grant, account, priority) {
      return heldIn(await listAssignments(tenant, account, priority), isOf(grant));
    },
    isThere: ({ servicePrincipal, role: id }, priority) =>
      roles
        .find({ kind: "appRole", servicePrincipal, role: { kind: "id", id } }, priority)
        .then(({ kind }) => kind === "found"),
    // It is a scope only, and reviews are read of what is given in targets.
    denial: async () => null,
  };
}

const isOf =
  ({ servicePrincipal, role }: Grant<"appRole">) =>
  ({ resourceId, appRoleId }: Assignment) =>
    resourceId === servicePrincipal && appRoleId === role;

/**
 * Only the user's own: what groups of theirs are assigned is listed with it.
 * https://learn.microsoft.com/graph/api/user-list-approleassignments
 */
async function listAssignments(
  tenant: GraphTenant,
  account: AccountId,
  priority: Priority,
): Promise<Listing<Assignment>> {
  const listing = await listAll(
    tenant,
    { path: `/users/${account}/appRoleAssignments`, template: "/users/{id}/appRoleAssignments", priority },
    assignmentSchema,
  );
  return { ...listing, items: listing.items.filter(({ principalId }) => principalId === account) };
}

export function appRoleHolders(tenant: GraphTenant): HolderReader<"appRole"> {
  return async ({ servicePrincipal, role }, { priority }) => {
    const listing = await listAll(
      tenant,
      {
        path: `/servicePrincipals/${servicePrincipal}/appRoleAssignedTo`,
        template: "/servicePrincipals/{id}/appRoleAssignedTo",
        priority,
      },
      assignmentSchema,
    );
    const items = listing.items
      .filter(({ appRoleId }) => appRoleId === role)
      .map(({ principalId }) => ({ id: principalId, seen: "present" as const }));
    return { ...listing, items };
  };
}

export function appRoleWriter(tenant: GraphTenant): GrantWriter<"appRole"> {
  const give: GrantWriter<"appRole">["give"] = async ({ servicePrincipal, role }, account, limits) => {
    const reply = await tenant.send({
      method: "POST",
      path: `/servicePrincipals/${servicePrincipal}/appRoleAssignedTo`,
      template: "/servicePrincipals/{id}/appRoleAssignedTo",
      body: { principalId: account, resourceId: servicePrincipal, appRoleId: role },
      ...limits,
      accepts: isAlreadyAssigned,
    });
    const { status, appliedBefore, trace } = reply;
    return { result: status === 400 ? "already" : "done", appliedBefore, trace };
  };

  return {
    give,
    // An assignment has no end.
    renew: give,
    async take(grant, account, limits) {
      const listing = await listAssignments(tenant, account, limits.priority);
      const assignment = listing.items.find(isOf(grant));
      if (assignment === undefined && listing.completeness.kind === "partial") {
        const why = "the assignments of app roles could not be read to the end";
        return { result: "not-yet", appliedBefore: "no", why, advice: null, trace: null };
      }
      if (assignment === undefined) return { result: "missing", appliedBefore: "no", trace: null };
      const reply = await tenant.send({
        method: "DELETE",
        path: `/servicePrincipals/${grant.servicePrincipal}/appRoleAssignedTo/${assignment.id}`,
        template: "/servicePrincipals/{id}/appRoleAssignedTo/{id}",
        ...limits,
        accepts: notFound,
      });
      const { status, appliedBefore, trace } = reply;
      return { result: status === 404 ? "missing" : "done", appliedBefore, trace };
    },
  };
}

/** Graph has no code of its own for this; the sentence is the only sign. */
function isAlreadyAssigned({ status, message }: Refusal): boolean {
  return status === 400 && message.includes("already exists on the object");
}
