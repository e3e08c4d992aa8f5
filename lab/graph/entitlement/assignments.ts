import type { Actor, UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { AssignmentRecord, AssignmentState, RequestRecord, RequestState } from "./records.ts";
import { giveRole, isSameRole, takeRole } from "./resources.ts";

/** States in which somebody may have something from a package. */
export const activeStates: readonly AssignmentState[] = ["delivering", "partiallyDelivered", "delivered"];

/** States in which a request still has something to do. */
export const openStates: readonly RequestState[] = [
  "submitted",
  "pendingApproval",
  "scheduled",
  "delivering",
];

/** The service as the audit log names it, and who asked it. */
export function serviceFor(onBehalfOf?: Actor): Actor {
  const displayName = "Azure AD Identity Governance - Entitlement Management";
  return { kind: "entitlement", displayName, ...(onBehalfOf !== undefined && { onBehalfOf }) };
}

export function assignmentsOf(tenant: Tenant, subjectId: string): readonly AssignmentRecord[] {
  const all = [...tenant.entitlement.assignments.entries()].map(([, assignment]) => assignment);
  return all.filter((assignment) => assignment.subjectId === subjectId);
}

export function activeAssignmentsOf(tenant: Tenant, subjectId: string): readonly AssignmentRecord[] {
  return assignmentsOf(tenant, subjectId).filter(({ state }) => activeStates.includes(state));
}

export function openRequests(
  tenant: Tenant,
  { subjectId, packageId }: { readonly subjectId: string; readonly packageId: string },
): readonly RequestRecord[] {
  const all = [...tenant.entitlement.requests.entries()].map(([, request]) => request);
  return all.filter(
    (request) =>
      openStates.includes(request.state) &&
      request.subjectId === subjectId &&
      request.packageId === packageId,
  );
}

export function changeAssignment(
  tenant: Tenant,
  id: string,
  change: Partial<Omit<AssignmentRecord, "id">>,
): AssignmentRecord {
  const { assignments } = tenant.entitlement;
  const known = assignments.get(id);
  if (known === undefined) throw new Error(`Nobody made the assignment ${id} of ${tenant.name}.`);
  const changed = { ...known, ...change };
  assignments.set(id, changed);
  return changed;
}

/** Gives the account whatever the package holds by now; what cannot be given makes the delivery partial, or a failure. */
export function fulfil(tenant: Tenant, id: string, user: UserRecord | undefined): AssignmentRecord {
  const { packageId, createdBy } = changeAssignment(tenant, id, { inLimbo: false });
  const roles = tenant.entitlement.packages.get(packageId)?.roles ?? [];
  const by = serviceFor(createdBy);
  const given = user === undefined ? [] : roles.filter((role) => giveRole(tenant, user, { role, by }));
  const isAll = user !== undefined && given.length === roles.length;
  const some = given.length > 0 ? "partiallyDelivered" : "deliveryFailed";
  return changeAssignment(tenant, id, {
    given,
    state: isAll ? "delivered" : some,
    completedAt: tenant.clock.now(),
  });
}

/** Ends an assignment: what no other one gives is taken away. */
export function end(tenant: Tenant, id: string, userId: string | undefined, by: Actor): AssignmentRecord {
  const { given, subjectId } = changeAssignment(tenant, id, {});
  const others = activeAssignmentsOf(tenant, subjectId).filter((other) => other.id !== id);
  for (const role of given) {
    const isKept = others.some((other) => other.given.some((one) => isSameRole(one, role)));
    if (!isKept && userId !== undefined) takeRole(tenant, userId, { role, by });
  }
  const now = tenant.clock.now();
  return changeAssignment(tenant, id, { state: "expired", expiredAt: now, given: [], inLimbo: false });
}
