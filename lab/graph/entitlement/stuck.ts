import type { Tenant } from "../directory/tenant.ts";
import type { FaultBook } from "../faults/fault-registry.ts";
import { entitlementPath } from "./paths.ts";
import type { RequestRecord } from "./records.ts";
import { accountOfSubject, subjectWith } from "./subjects.ts";

/**
 * The fault that keeps a request from being delivered, if any: such limbo was reported in
 * github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/2664.
 */
export function stuckBy(faults: FaultBook, tenant: Tenant, request: RequestRecord): string | undefined {
  const subject = subjectWith(tenant, request.subjectId);
  const user = accountOfSubject(tenant, subject)?.properties;
  const names = [subject.objectId, subject.email, user?.["userPrincipalName"], user?.["mail"]];
  const packageNames = [request.packageId, tenant.entitlement.packages.get(request.packageId)?.displayName];
  const caller = request.by.kind === "admin" ? "admin" : "app";
  const path = `${entitlementPath}/assignmentRequests`;
  const target = { tenant, caller, method: "POST", paths: [path, `/v1.0${path}`] } as const;
  return faults.take(
    "stuckDelivery",
    target,
    (fault) =>
      (fault.user === undefined || names.includes(fault.user)) &&
      (fault.package === undefined || packageNames.includes(fault.package)),
  )?.id;
}
