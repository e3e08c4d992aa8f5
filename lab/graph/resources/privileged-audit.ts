import type { Schedule } from "../directory/privileged.ts";
import { actorOf, type Call } from "../http/call.ts";

/** A row of PIM's own; the membership itself has another. Graph's words are documented for roles only. */
export function auditSchedule(call: Call, schedule: Schedule, what: "Add" | "Update" | "Remove"): void {
  const { standing, groupId, principalId, accessId, assignmentType, endAt } = schedule;
  const eligible = standing === "eligibility" ? "eligible " : "";
  const lasting = endAt === undefined ? "permanent" : "timebound";
  const how = assignmentType === "activated" ? "PIM activation" : lasting;
  const direction = what === "Remove" ? "from" : "to";
  call.tenant.audits.record({
    activity: `${what} ${eligible}${accessId} ${direction} group in PIM completed (${how})`,
    category: "GroupManagement",
    service: "PIM",
    by: actorOf(call),
    targets: [
      { id: principalId, type: typeOf(call, principalId) },
      { id: groupId, type: "Group", displayName: call.tenant.groups.get(groupId)?.properties["displayName"] },
    ],
  });
}

function typeOf(call: Call, id: string) {
  if (call.tenant.groups.get(id) !== undefined) return "Group" as const;
  return call.tenant.servicePrincipals.has(id) ? ("ServicePrincipal" as const) : ("User" as const);
}
