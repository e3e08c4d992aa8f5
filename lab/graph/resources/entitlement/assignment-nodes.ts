import type { Call } from "../../http/call.ts";
import type { Lab } from "../../lab.ts";
import type {
  AskedSchedule,
  AssignmentRecord,
  AssignmentState,
  RequestRecord,
  RequestState,
  Schedule,
  SubjectRecord,
} from "../../entitlement/records.ts";
import { textOf } from "../../directory/text.ts";
import { accountOfSubject } from "../../entitlement/subjects.ts";
import { organizationOf } from "../../entitlement/target-scope.ts";
import { optional, organizationNode, packageNode, policyNode, timeOf } from "./definition-nodes.ts";
import type { Node } from "./node.ts";

/** Free text, finer than the state: nothing to compare with. */
const assignmentStatus: Readonly<Record<AssignmentState, string>> = {
  delivering: "Delivering",
  partiallyDelivered: "PartiallyDelivered",
  delivered: "Delivered",
  expired: "Expired",
  deliveryFailed: "DeliveryFailed",
};

const requestStatus: Readonly<Record<RequestState, string>> = {
  submitted: "Accepted",
  pendingApproval: "PendingApproval",
  scheduled: "PendingNotBefore",
  delivering: "Fulfilling",
  delivered: "FulfilledNotificationTriggered",
  partiallyDelivered: "PartiallyFulfilled",
  deliveryFailed: "FulfillmentFailed",
  denied: "Denied",
  canceled: "Canceled",
};

export function assignmentNode(lab: Lab, call: Call, record: AssignmentRecord): Node {
  const { packages, policies, subjects } = call.tenant.entitlement;
  const { id, state, expiredAt, inLimbo } = record;
  return {
    id,
    type: "accessPackageAssignment",
    properties: {
      id,
      state,
      status: assignmentStatus[state],
      expiredDateTime: expiredAt === undefined ? null : timeOf(expiredAt),
      schedule: scheduled(record.schedule),
    },
    navigations: {
      accessPackage: () => optional(packages.get(record.packageId), (found) => packageNode(call, found)),
      assignmentPolicy: () => optional(policies.get(record.policyId), (found) => policyNode(call, found)),
      target: () =>
        optional(subjects.get(record.subjectId), (found) =>
          inLimbo ? blankSubject(found) : subjectNode(lab, call, found),
        ),
    },
  };
}

export function requestNode(lab: Lab, call: Call, record: RequestRecord): Node {
  const { assignments, packages, subjects } = call.tenant.entitlement;
  const { id, type: requestType, state, createdAt, completedAt, justification, assignmentId } = record;
  return {
    id,
    type: "accessPackageAssignmentRequest",
    properties: {
      id,
      requestType,
      state,
      status: requestStatus[state],
      createdDateTime: timeOf(createdAt),
      completedDateTime: completedAt === undefined ? null : timeOf(completedAt),
      justification: justification ?? null,
      schedule: asked(record.schedule),
    },
    navigations: {
      accessPackage: () => optional(packages.get(record.packageId), (found) => packageNode(call, found)),
      assignment: () =>
        optional(call.view.of(assignments).get(assignmentId ?? ""), (found) =>
          assignmentNode(lab, call, found),
        ),
      // "The subject who requested or, if a direct assignment, was assigned": accessPackageAssignmentRequest resource type.
      requestor: () => optional(subjects.get(record.subjectId), (found) => subjectNode(lab, call, found)),
    },
  };
}

export function subjectNode(lab: Lab, call: Call, record: SubjectRecord): Node {
  const { id, objectId, lifecycle } = record;
  const account = accountOfSubject(call.tenant, record)?.properties;
  const email = textOf(account?.["mail"]) || record.email;
  return {
    id,
    type: "accessPackageSubject",
    properties: {
      id,
      objectId: objectId ?? null,
      displayName: account?.["displayName"] ?? null,
      principalName: account?.["userPrincipalName"] ?? null,
      email: email ?? null,
      subjectType: "user",
      subjectLifecycle: lifecycle,
    },
    navigations: {
      connectedOrganization: () =>
        optional(organizationOf(lab.tenants, call.tenant, email ?? ""), organizationNode),
    },
  };
}

/** As reported of deliveries that never end: nothing but the address, if it was by address. */
function blankSubject({ id, email }: SubjectRecord): Node {
  const lifecycle = { subjectType: "notSpecified", subjectLifecycle: "notDefined" };
  const properties = { id, email: email ?? null, ...lifecycle };
  return { id, type: "accessPackageSubject", properties, navigations: {} };
}

function scheduled({ startAt, endAt }: Schedule) {
  const expiration =
    endAt === undefined
      ? { type: "noExpiration", endDateTime: null, duration: null }
      : { type: "afterDateTime", endDateTime: timeOf(endAt), duration: null };
  return { startDateTime: timeOf(startAt), recurrence: null, expiration };
}

function asked({ startAt, expiration }: AskedSchedule) {
  return { startDateTime: startAt === undefined ? null : timeOf(startAt), recurrence: null, expiration };
}
