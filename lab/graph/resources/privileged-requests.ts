import type { Actor } from "../directory/objects.ts";
import {
  relationKey,
  scheduleId,
  type Schedule,
  type ScheduleRequest,
  type Standing,
} from "../directory/privileged.ts";
import { endSchedule, putSchedule } from "../directory/privileged-writes.ts";
import { actorOf, type Call } from "../http/call.ts";
import { GraphProblem } from "../http/problem.ts";
import type { Lab } from "../lab.ts";
import { requireOwned } from "./ownership.ts";
import { auditSchedule } from "./privileged-audit.ts";
import { readWanted, type Wanted } from "./privileged-body.ts";
import {
  doesNotExist,
  exists,
  pending,
  requireAllowed,
  requireGovernedGroup,
  requireMayAsk,
  requireOldEnough,
  requireSubject,
} from "./privileged-rules.ts";
import { currentSchedule } from "./privileged-standing.ts";

type Asking = {
  readonly lab: Lab;
  readonly call: Call;
  readonly standing: Standing;
  readonly wanted: Wanted;
  readonly found: Schedule | undefined;
};

/** Carries out what somebody asks for, and keeps the request. */
export function askFor(lab: Lab, call: Call, standing: Standing): ScheduleRequest {
  const wanted = readWanted(call, standing);
  requireMayAsk(call, standing, wanted);
  requireGovernedGroup(call, wanted.groupId);
  requireSubject(call, wanted.principalId);
  const found = currentSchedule(call, standing, wanted);
  // Undocumented for removals: `cancel` is for requests that wait.
  if (found?.status === "Granted") throw pending();
  return perform({ lab, call, standing, wanted, found });
}

function perform(asking: Asking): ScheduleRequest {
  const { action } = asking.wanted;
  switch (action) {
    case "adminAssign":
    case "selfActivate":
      return begin(asking);
    case "adminUpdate":
    case "adminExtend":
      return change(asking);
    case "adminRemove":
    case "selfDeactivate":
      return end(asking);
    default:
      return action satisfies never;
  }
}

function begin(asking: Asking): ScheduleRequest {
  const { lab, call, standing, wanted, found } = asking;
  const isActivation = wanted.action === "selfActivate";
  const eligible = call.tenant.privileged.eligibility.get(relationKey("eligibility", wanted));
  if (isActivation && eligible?.status !== "Provisioned") throw doesNotExist();
  if (found !== undefined) {
    lab.counters.redundantWrite(call);
    throw exists();
  }
  requireAllowed(call, standing, wanted);
  return put(asking, {
    assignmentType: isActivation ? "activated" : "assigned",
    createdBy: isActivation && eligible !== undefined ? eligible.createdBy : actorOf(call),
  });
}

/** Another window. What PIM did not make has none: undocumented, so it is not there. */
function change(asking: Asking): ScheduleRequest {
  const { call, standing, wanted, found } = asking;
  if (found?.startAt === undefined) throw doesNotExist();
  requireAllowed(call, standing, wanted);
  // A change does not begin anew, and it cannot put off what has begun.
  return put(asking, found);
}

/** The activation of somebody who is no longer eligible goes on until its own end: undocumented. */
function end({ lab, call, standing, wanted, found }: Asking): ScheduleRequest {
  const isOwnActivation = wanted.action === "selfDeactivate";
  if (found === undefined || (isOwnActivation && found.assignmentType !== "activated")) {
    lab.counters.redundantWrite(call);
    throw doesNotExist();
  }
  requireOldEnough(lab, call, wanted, found);
  const what = `the ${standing} of ${found.principalId} in ${found.groupId}`;
  requireOwned(lab, call, { owner: found.createdBy, what });
  endSchedule(call.tenant, found);
  auditSchedule(call, found, "Remove");
  const now = call.tenant.clock.now();
  return keep(call, { ...requestOf(call, standing, wanted), status: "Revoked", completedAt: now });
}

function put(
  { call, standing, wanted, found }: Asking,
  made: { readonly assignmentType: Schedule["assignmentType"]; readonly createdBy: Actor },
): ScheduleRequest {
  const now = call.tenant.clock.now();
  const { window, groupId, principalId, accessId } = wanted;
  const request = requestOf(call, standing, wanted);
  const startAt = found?.startAt ?? window?.startAt ?? now;
  const status = startAt > now ? "Granted" : "Provisioned";
  const schedule: Schedule = {
    groupId,
    principalId,
    accessId,
    id: scheduleId(wanted, request.id),
    standing,
    status,
    assignmentType: made.assignmentType,
    requestId: request.id,
    createdBy: made.createdBy,
    createdAt: found?.createdAt ?? now,
    modifiedAt: found === undefined ? undefined : now,
    startAt,
    endAt: window?.endAt,
  };
  putSchedule(call.tenant, schedule);
  auditSchedule(call, schedule, found === undefined ? "Add" : "Update");
  const completedAt = status === "Granted" ? undefined : now;
  return keep(call, { ...request, status, completedAt, targetScheduleId: schedule.id });
}

function requestOf(call: Call, standing: Standing, wanted: Wanted) {
  return {
    ...wanted,
    id: call.tenant.mint("privileged request"),
    standing,
    createdAt: call.tenant.clock.now(),
    // Of an app it is not documented; people see its service principal there.
    createdBy: wanted.action.startsWith("self") ? wanted.principalId : call.caller.servicePrincipalId,
    targetScheduleId: null,
  };
}

function keep(call: Call, request: ScheduleRequest): ScheduleRequest {
  call.tenant.privileged.requests.set(request.id, request);
  return request;
}

/** Before it begins: https://learn.microsoft.com/graph/api/privilegedaccessgroupeligibilityschedulerequest-cancel */
export function cancel(call: Call, request: ScheduleRequest): void {
  const schedule = currentSchedule(call, request.standing, request);
  if (request.status !== "Granted" || schedule?.requestId !== request.id) {
    const message = "The request cannot be cancelled."; // the code is that of the API before this one
    throw new GraphProblem(400, "RequestCannotBeCancelled", message);
  }
  endSchedule(call.tenant, schedule);
  keep(call, { ...request, status: "Canceled", completedAt: call.tenant.clock.now() });
}
