import type { LabClock } from "../../clock.ts";
import type { Tenant } from "../directory/tenant.ts";
import { changeUser, softDeleteUser } from "../directory/user-writes.ts";
import { activeAssignmentsOf, serviceFor } from "./assignments.ts";
import { durationMs } from "./schedule.ts";
import { accountOfSubject, subjectWith } from "./subjects.ts";

/**
 * What becomes of a guest who has lost the last assignment: only of those whom entitlement management invited, or who were put under
 * its governance. A guest who gets another assignment afterwards is not deleted, but stays blocked.
 * https://learn.microsoft.com/entra/id-governance/entitlement-management-external-users#manage-the-lifecycle-of-external-users
 */
export function afterLastAssignment(clock: LabClock, tenant: Tenant, subjectId: string): void {
  const { externalUserLifecycleAction: action, durationUntilExternalUserDeletedAfterBlocked: duration } =
    tenant.entitlement.settings;
  const account = governedAccount(tenant, subjectId);
  if (account === undefined || action === "none") return;
  changeUser(tenant, account, { properties: { accountEnabled: false }, by: serviceFor() });
  if (action === "blockSignIn") return;
  clock.at(clock.now() + durationMs(duration), `graph: a guest of ${tenant.name} is deleted`, () => {
    const still = governedAccount(tenant, subjectId);
    if (still?.id === account.id) softDeleteUser(tenant, still, serviceFor());
  });
}

/** The account of a governed subject that nothing is assigned to. */
function governedAccount(tenant: Tenant, subjectId: string) {
  const subject = subjectWith(tenant, subjectId);
  if (subject.lifecycle !== "governed" || activeAssignmentsOf(tenant, subjectId).length > 0) return undefined;
  return accountOfSubject(tenant, subject);
}
