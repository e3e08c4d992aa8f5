import type {
  PrivilegedAccessGroupAssignmentSchedule,
  PrivilegedAccessGroupAssignmentScheduleInstance,
  PrivilegedAccessGroupAssignmentScheduleRequest,
  RequestSchedule,
} from "@microsoft/microsoft-graph-types";
import type { Schedule, ScheduleRequest, Standing, Window } from "../directory/privileged.ts";
import type { EntityShape } from "../directory/properties.ts";
import { guidFrom } from "../ids.ts";

const relation = ["accessId", "groupId", "principalId"];
const names = {
  Schedule: [
    "id",
    "createdDateTime",
    "createdUsing",
    "modifiedDateTime",
    "scheduleInfo",
    "status",
    ...relation,
    "memberType",
  ],
  ScheduleInstance: ["id", "startDateTime", "endDateTime", ...relation, "memberType"],
  ScheduleRequest: [
    "id",
    "approvalId",
    "completedDateTime",
    "createdBy",
    "createdDateTime",
    "customData",
    "status",
    "action",
    "isValidationOnly",
    "justification",
    "scheduleInfo",
    "ticketInfo",
    ...relation,
    "targetScheduleId",
  ],
};

const ofInstances = {
  eligibility: ["eligibilityScheduleId"],
  assignment: ["assignmentScheduleId", "assignmentType"],
} as const;

/** What the metadata declares, without its relations. */
export function shapeOf(standing: Standing, what: keyof typeof names): EntityShape {
  const capital = standing === "eligibility" ? "Eligibility" : "Assignment";
  const special = {
    Schedule: standing === "assignment" ? ["assignmentType"] : [],
    ScheduleInstance: ofInstances[standing],
    ScheduleRequest: [],
  }[what];
  const all = [...names[what], ...special];
  return {
    type: `microsoft.graph.privilegedAccessGroup${capital}${what}`,
    defaults: all,
    known: new Set(all),
    collections: new Set(),
    extensible: false,
    operators: "all",
  };
}

type Row<T> = T & { readonly id: string };

export function shownSchedule(schedule: Schedule): Row<PrivilegedAccessGroupAssignmentSchedule> {
  const { startAt, createdAt, modifiedAt, endAt } = schedule;
  return {
    ...shownRelation(schedule),
    id: schedule.id,
    createdDateTime: timeOf(createdAt),
    createdUsing: schedule.requestId,
    modifiedDateTime: timeOf(modifiedAt),
    // An end that was asked for as a duration is a moment here.
    scheduleInfo: shownWindow({ startAt: startAt ?? createdAt, endAt, duration: null }),
    status: schedule.status,
    memberType: "direct",
    assignmentType: schedule.assignmentType,
  };
}

export function shownInstance(
  schedule: Schedule,
): Row<PrivilegedAccessGroupAssignmentScheduleInstance & { eligibilityScheduleId: string }> {
  const { id, groupId, accessId } = schedule;
  return {
    ...shownRelation(schedule),
    // In the documented samples not the schedule's.
    id: `${groupId}_${accessId}_${guidFrom("instance", id)}`,
    startDateTime: timeOf(schedule.startAt),
    endDateTime: timeOf(schedule.endAt),
    memberType: "direct",
    assignmentType: schedule.assignmentType,
    eligibilityScheduleId: id,
    assignmentScheduleId: id,
  };
}

export function shownRequest(request: ScheduleRequest): Row<PrivilegedAccessGroupAssignmentScheduleRequest> {
  const { window } = request;
  return {
    ...shownRelation(request),
    id: request.id,
    approvalId: null,
    completedDateTime: timeOf(request.completedAt),
    createdBy: { user: { displayName: null, id: request.createdBy } },
    createdDateTime: timeOf(request.createdAt),
    customData: null,
    status: request.status,
    action: request.action,
    isValidationOnly: false,
    justification: request.justification,
    scheduleInfo: window === undefined ? null : shownWindow(window),
    ticketInfo: request.ticketInfo,
    targetScheduleId: request.targetScheduleId,
  };
}

const shownRelation = ({ accessId, groupId, principalId }: Schedule | ScheduleRequest) => ({
  accessId,
  groupId,
  principalId,
});

function shownWindow({ startAt, endAt, duration }: Window): RequestSchedule {
  const ending = duration === null ? "afterDateTime" : "afterDuration";
  return {
    startDateTime: timeOf(startAt),
    recurrence: null,
    expiration: {
      type: endAt === undefined ? "noExpiration" : ending,
      endDateTime: duration === null ? timeOf(endAt) : null,
      duration,
    },
  };
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
