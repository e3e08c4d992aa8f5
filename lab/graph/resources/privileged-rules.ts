import { isDynamic, type GroupRecord } from "../directory/objects.ts";
import { newTenantSettings, type Schedule, type Standing } from "../directory/privileged.ts";
import type { Call } from "../http/call.ts";
import { denied, GraphProblem } from "../http/problem.ts";
import { requirePermission } from "../identity/authorize.ts";
import type { Lab } from "../lab.ts";
import { invalidRequest, type Wanted } from "./privileged-body.ts";

const youngMs = 5 * 60 * 1000;

/*
 * The codes are those of the API before this one, whose own pages name none: learn.microsoft.com/graph/api/governanceroleassignmentrequest-post,
 * with 400 for all of them. The messages are as people report them.
 */
export const exists = () => refusal("RoleAssignmentExists", "The Role assignment already exists.");
export const doesNotExist = () =>
  refusal("RoleAssignmentDoesNotExist", "The Role assignment does not exist.");
export const pending = () =>
  refusal("PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request.");
const tooShort = () =>
  refusal("ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.");

function refusal(code: string, message: string): GraphProblem {
  return new GraphProblem(400, code, message);
}

/** Before anything is looked for: who may ask for this at all. */
export function requireMayAsk(call: Call, standing: Standing, { action }: Wanted): void {
  const kind = standing === "eligibility" ? "Eligibility" : "Assignment";
  // With `Remove` alone nothing but that.
  if (action !== "adminRemove") requirePermission(call, [`Privileged${kind}Schedule.ReadWrite.AzureADGroup`]);
  // A person does this for themselves, so no app can; the administrator plays that person.
  if (action.startsWith("self") && call.caller.kind === "app") throw denied();
}

export function requireGovernedGroup(call: Call, groupId: string): GroupRecord {
  const group = call.view.group(groupId);
  // Undocumented.
  if (group === undefined) throw new GraphProblem(404, "ResourceNotFound", "The resource is not found.");
  if (!isGoverned(group)) throw invalidRequest(); // which code is undocumented
  return group;
}

/**
 * "Any security and Microsoft 365 group, except dynamic groups and groups synchronized from on-premises":
 * learn.microsoft.com/graph/api/resources/privilegedidentitymanagement-for-groups-api-overview (2025-08-29).
 */
export function isGoverned(group: GroupRecord): boolean {
  return !isDynamic(group) && group.properties["onPremisesSyncEnabled"] !== true;
}

/**
 * A principal that a replica has yet to hear of, or that is in the recycle bin: undocumented for removals, so they are refused,
 * too.
 */
export function requireSubject(call: Call, principalId: string): void {
  if (call.view.object(principalId) === undefined)
    throw refusal("SubjectNotFound", "The subject is not found.");
}

/** The rules of the group's settings that a new window breaks. */
export function requireAllowed(call: Call, standing: Standing, wanted: Wanted): void {
  const { action, justification, window } = wanted;
  if (window === undefined) return;
  const lastingMs = (window.endAt ?? Infinity) - window.startAt;
  if (action === "selfActivate" && lastingMs < youngMs) throw tooShort();
  const failed: string[] = [];
  if (lastingMs > longest(call, standing, wanted)) failed.push("ExpirationRule");
  const isNewAssignment =
    standing === "assignment" && (action === "adminAssign" || action === "selfActivate");
  if (isNewAssignment && (justification ?? "") === "") failed.push("JustificationRule");
  if (failed.length === 0) return;
  throw refusal(
    "RoleAssignmentRequestPolicyValidationFailed",
    `The following policy rules failed: ${JSON.stringify(failed)}`,
  );
}

function longest(call: Call, standing: Standing, { action, groupId }: Wanted): number {
  const settings = call.tenant.privileged.settings.get(groupId) ?? newTenantSettings;
  if (standing === "eligibility") return settings.longestEligibility;
  return action === "selfActivate" ? settings.longestActivation : settings.longestAssignment;
}

/** Nobody ends their own activation in its first five minutes; for others that depends on the weather. */
export function requireOldEnough(lab: Lab, call: Call, { action }: Wanted, schedule: Schedule): void {
  if (schedule.standing !== "assignment" || schedule.startAt === undefined) return;
  if (call.tenant.clock.now() - schedule.startAt >= youngMs) return;
  const isRefused =
    action === "selfDeactivate" || (call.caller.kind === "app" && lab.weather.lastingActivations > 0);
  if (isRefused) throw tooShort();
}
