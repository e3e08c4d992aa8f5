import { openRequests, activeAssignmentsOf } from "../../entitlement/assignments.ts";
import type { Draft } from "../../entitlement/engine.ts";
import { refused } from "../../entitlement/problems.ts";
import type {
  AssignmentRecord,
  PolicyRecord,
  RequestType,
  SubjectRecord,
} from "../../entitlement/records.ts";
import { askedSchedule, neverExpires, recordOf } from "../../entitlement/schedule.ts";
import { subjectOfEmail, subjectOfUser, accountOfSubject } from "../../entitlement/subjects.ts";
import { includesUser } from "../../entitlement/target-scope.ts";
import { actorOf, bodyOf, type Call } from "../../http/call.ts";
import { requireOwned } from "../ownership.ts";
import type { Lab } from "../../lab.ts";

const requestTypes: Readonly<Record<string, Exclude<RequestType, "systemRemove">>> = {
  adminadd: "adminAdd",
  adminupdate: "adminUpdate",
  adminremove: "adminRemove",
};

/** The request that a body asks for, or the refusal. Older samples write the type with a capital. */
export function draftOf(lab: Lab, call: Call): Draft {
  const body = bodyOf(call);
  const type = requestTypes[String(body["requestType"]).toLowerCase()];
  // userAdd and its like act for a signed-in user, whom an app does not have.
  if (type === undefined)
    throw refused(
      "InvalidModel",
      `The request type '${String(body["requestType"])}' is not for this caller.`,
    );
  if (body["assignment"] === undefined)
    throw refused("InvalidModel", "A value is required for 'assignment'.");
  const draft = type === "adminAdd" ? addition(lab, call) : changeOf(lab, call, type);
  const { justification } = body;
  return { ...draft, justification: typeof justification === "string" ? justification : undefined };
}

function addition(lab: Lab, call: Call): Draft {
  const body = bodyOf(call);
  const assignment = recordOf(body["assignment"]);
  const { packages } = call.tenant.entitlement;
  const packageId =
    textAt(assignment["accessPackageId"]) ?? textAt(recordOf(assignment["accessPackage"])["id"]);
  if (!packages.has(packageId ?? ""))
    throw refused("AccessPackageNotFound", `The access package '${packageId ?? ""}' was not found.`);
  const policy = policyIn(call, assignment, packageId ?? "");
  const subject = targetIn(call, assignment);
  const account = accountOfSubject(call.tenant, subject);
  if (account !== undefined && !includesUser(lab.tenants, call.tenant, policy, account))
    throw refused("TargetNotAllowed", "The target is not among those that the policy allows.");
  const schedule = askedSchedule(body["schedule"], policy);
  refuseRepetition(lab, call, { subject, packageId: policy.packageId });
  return {
    type: "adminAdd",
    packageId: policy.packageId,
    policyId: policy.id,
    subjectId: subject.id,
    assignmentId: undefined,
    schedule,
    justification: undefined,
    by: actorOf(call),
  };
}

function policyIn(
  call: Call,
  assignment: Readonly<Record<string, unknown>>,
  packageId: string,
): PolicyRecord {
  const id =
    textAt(assignment["assignmentPolicyId"]) ?? textAt(recordOf(assignment["assignmentPolicy"])["id"]);
  const policy = call.tenant.entitlement.policies.get(id ?? "");
  if (policy?.packageId === packageId) return policy;
  throw refused("PolicyNotFound", `The access package has no assignment policy '${id ?? ""}'.`);
}

/** An account by its object id, or somebody by address. An account that was just made is not seen yet. */
function targetIn(call: Call, assignment: Readonly<Record<string, unknown>>): SubjectRecord {
  const target = recordOf(assignment["target"]);
  const id = textAt(assignment["targetId"]) ?? textAt(target["objectId"]);
  const email = textAt(target["email"]);
  if (id === undefined && email?.includes("@") === true) return subjectOfEmail(call.tenant, email);
  const user = call.view.user(id ?? "");
  if (user === undefined || user.id !== id?.toLowerCase())
    throw refused("SubjectNotFound", `The subject '${id ?? email ?? ""}' was not found in the directory.`);
  return subjectOfUser(call.tenant, user);
}

/** One assignment at a time, whatever the policy: the service refuses a second one, and a second request. */
function refuseRepetition(
  lab: Lab,
  call: Call,
  { subject, packageId }: { readonly subject: SubjectRecord; readonly packageId: string },
): void {
  refuseWhileOpen(lab, call, { subjectId: subject.id, packageId });
  const existing = activeAssignmentsOf(call.tenant, subject.id);
  if (!existing.some((assignment) => assignment.packageId === packageId)) return;
  lab.counters.redundantWrite(call);
  throw refused("ExistingGrant", "The target already has an assignment of this access package.");
}

function refuseWhileOpen(
  lab: Lab,
  call: Call,
  about: { readonly subjectId: string; readonly packageId: string },
): void {
  if (openRequests(call.tenant, about).length === 0) return;
  lab.counters.redundantWrite(call);
  throw refused(
    "ExistingOpenRequest",
    "There is already an open request for this target and access package.",
  );
}

/** To update or to remove an assignment that was delivered, as a whole or in part. */
function changeOf(lab: Lab, call: Call, type: "adminUpdate" | "adminRemove"): Draft {
  const body = bodyOf(call);
  const id = textAt(recordOf(body["assignment"])["id"]) ?? "";
  const assignment = call.view.of(call.tenant.entitlement.assignments).get(id);
  if (assignment === undefined) throw refused("AssignmentNotFound", `The assignment '${id}' was not found.`);
  const { packageId, policyId, subjectId } = assignment;
  requireSettled(assignment, type);
  refuseWhileOpen(lab, call, { subjectId, packageId });
  const deed = type === "adminUpdate" ? "Changes" : "Removes";
  const what = `the assignment ${id} of an access package`;
  requireOwned(lab, call, { owner: assignment.createdBy, what, deed });
  const policy = call.tenant.entitlement.policies.get(policyId);
  const schedule =
    type === "adminUpdate" && policy !== undefined
      ? askedSchedule(body["schedule"], policy)
      : { startAt: undefined, expiration: neverExpires };
  const by = actorOf(call);
  return { type, packageId, policyId, subjectId, assignmentId: id, schedule, justification: undefined, by };
}

function requireSettled({ state }: AssignmentRecord, type: "adminUpdate" | "adminRemove"): void {
  const settled = ["delivered", "partiallyDelivered", ...(type === "adminRemove" ? ["deliveryFailed"] : [])];
  if (!settled.includes(state))
    throw refused("InvalidState", `The assignment is ${state}: it cannot be changed or removed.`);
}

const textAt = (value: unknown) => (typeof value === "string" ? value : undefined);
