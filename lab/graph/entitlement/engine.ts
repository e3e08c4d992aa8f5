import type { Tenant } from "../directory/tenant.ts";
import type { Lab } from "../lab.ts";
import { assignmentLife } from "./assignment-life.ts";
import { activeStates, changeAssignment, openRequests, serviceFor } from "./assignments.ts";
import type { AssignmentRecord, PolicyRecord, RequestRecord } from "./records.ts";
import { durationMs, neverExpires } from "./schedule.ts";
import { stuckBy } from "./stuck.ts";
import { accountOfSubject, subjectWith } from "./subjects.ts";
import { includesEmail } from "./target-scope.ts";

/** A request as it comes in. */
export type Draft = Pick<
  RequestRecord,
  "type" | "packageId" | "policyId" | "subjectId" | "schedule" | "justification" | "by" | "assignmentId"
>;
type Review = { readonly result: "Approve" | "Deny"; readonly justification: string };

/** Carries requests out, by the clock. Whether they may be made is decided before. */
export type EntitlementEngine = {
  /** Returns the request as it is at first; it may already be done. */
  submit(tenant: Tenant, draft: Draft): RequestRecord;
  decide(tenant: Tenant, requestId: string, review: Review): void;
  cancel(tenant: Tenant, requestId: string): void;
  /** Tries a delivery again. */
  retry(tenant: Tenant, requestId: string): void;
  /** Gives again what an assignment should have given, whoever has taken it away. */
  enforce(tenant: Tenant, assignmentId: string): void;
};

/** The part of a delivery's time that passes before it begins. */
const acceptance = 0.2;

export function entitlementEngine(lab: Lab): EntitlementEngine {
  const { clock, draws, weather, tenants } = lab;
  const assignments = assignmentLife(lab, expire);

  /** Runs it when its part of the time has passed, which may be now. */
  function soon(
    tenant: Tenant,
    wait: { readonly part: number; readonly for: string; readonly what: string },
    run: () => void,
  ): void {
    const [from, to] = weather.packageDeliveryMs;
    const span = [from * wait.part, to * wait.part] as const;
    const ms = draws.ms(span, "access package", tenant.id, wait.for, wait.what);
    if (ms <= 0) return run();
    clock.expect(clock.now() + ms, `graph: ${wait.what} in ${tenant.name}`, run);
  }

  function requestWith(tenant: Tenant, id: string): RequestRecord {
    const request = tenant.entitlement.requests.get(id);
    if (request === undefined) throw new Error(`Nobody made the request ${id} in ${tenant.name}.`);
    return request;
  }

  function step(tenant: Tenant, id: string, change: Partial<RequestRecord>): RequestRecord {
    const changed = { ...requestWith(tenant, id), ...change };
    tenant.entitlement.requests.set(id, changed);
    return changed;
  }

  const finish = (tenant: Tenant, id: string, state: RequestRecord["state"]) =>
    step(tenant, id, { state, completedAt: clock.now() });

  function submit(tenant: Tenant, draft: Draft): RequestRecord {
    const id = tenant.mint("assignment request");
    const createdAt = clock.now();
    const fresh = { id, state: "submitted", createdAt, completedAt: undefined, review: undefined } as const;
    const request: RequestRecord = { ...draft, ...fresh };
    tenant.entitlement.requests.set(id, request);
    tenant.replicas.made(id);
    const what = "an access package request is accepted";
    soon(tenant, { part: acceptance, for: id, what }, () => accept(tenant, id));
    return request;
  }

  function accept(tenant: Tenant, id: string): void {
    const request = requestWith(tenant, id);
    if (request.state !== "submitted") return;
    const policy = tenant.entitlement.policies.get(request.policyId);
    if (isStranger(tenant, request, policy)) return void finish(tenant, id, "denied");
    if (!needsApproval(request, policy)) return approved(tenant, id);
    step(tenant, id, { state: "pendingApproval" });
    const at = clock.now() + durationMs(policy?.approval?.deniedAfter ?? "P14D");
    clock.at(at, `graph: a request in ${tenant.name} is denied for want of an approval`, () => {
      if (requestWith(tenant, id).state === "pendingApproval") finish(tenant, id, "denied");
    });
  }

  /** Somebody without an account whom the policy is not for. Whether that is refused at once or denied later is undocumented. */
  function isStranger(
    tenant: Tenant,
    { type, subjectId }: RequestRecord,
    policy: PolicyRecord | undefined,
  ): boolean {
    const subject = subjectWith(tenant, subjectId);
    if (type !== "adminAdd" || subject.objectId !== undefined) return false;
    if (accountOfSubject(tenant, subject) !== undefined) return false;
    return policy === undefined || !includesEmail(tenants, tenant, policy, subject.email ?? "");
  }

  function approved(tenant: Tenant, id: string): void {
    const { startAt } = requestWith(tenant, id).schedule;
    if (startAt === undefined || startAt <= clock.now()) return deliver(tenant, id);
    step(tenant, id, { state: "scheduled" });
    clock.at(startAt, `graph: a scheduled request in ${tenant.name} begins`, () => {
      if (requestWith(tenant, id).state === "scheduled") deliver(tenant, id);
    });
  }

  /** An assignment exists from the moment at which its delivery begins. */
  function deliver(tenant: Tenant, id: string): void {
    const request = requestWith(tenant, id);
    const assignmentId = request.assignmentId ?? assignments.begin(tenant, request).id;
    step(tenant, id, { state: "delivering", completedAt: undefined, assignmentId });
    const stuck = stuckBy(lab.faults, tenant, request);
    if (request.type === "adminAdd")
      changeAssignment(tenant, assignmentId, { state: "delivering", inLimbo: stuck !== undefined });
    const what = "a request for an access package is carried out";
    const goOn = () => soon(tenant, { part: 1 - acceptance, for: id, what }, () => complete(tenant, id));
    if (stuck === undefined) return goOn();
    void lab.faults.removed(stuck).then(() => {
      if (!lab.closing.aborted) goOn();
    });
  }

  function complete(tenant: Tenant, id: string): void {
    const { type, state, assignmentId = "", schedule, by } = requestWith(tenant, id);
    if (state !== "delivering") return;
    if (type === "adminAdd")
      return void finish(tenant, id, outcomeOf(assignments.give(tenant, assignmentId)));
    if (type === "adminUpdate") assignments.reschedule(tenant, assignmentId, schedule);
    else assignments.take(tenant, assignmentId, by);
    finish(tenant, id, "delivered");
  }

  function expire(tenant: Tenant, assignment: AssignmentRecord): void {
    const { id: assignmentId, packageId, policyId, subjectId } = assignment;
    const isEnding = openRequests(tenant, assignment).some(({ type }) => type.endsWith("Remove"));
    if (isEnding) return;
    submit(tenant, {
      type: "systemRemove",
      packageId,
      policyId,
      subjectId,
      assignmentId,
      by: serviceFor(),
      schedule: { startAt: undefined, expiration: neverExpires },
      justification: undefined,
    });
  }

  return {
    submit,
    decide(tenant, requestId, { result, justification }) {
      step(tenant, requestId, { review: { result, justification, at: clock.now() } });
      if (result === "Deny") finish(tenant, requestId, "denied");
      else approved(tenant, requestId);
    },
    cancel: (tenant, requestId) => void finish(tenant, requestId, "canceled"),
    retry: deliver,
    enforce(tenant, assignmentId) {
      const { state } = changeAssignment(tenant, assignmentId, {});
      if (state === "deliveryFailed") changeAssignment(tenant, assignmentId, { state: "delivering" });
      soon(tenant, { part: 1, for: assignmentId, what: "an assignment is reprocessed" }, () => {
        const now = tenant.entitlement.assignments.get(assignmentId);
        if (now !== undefined && activeStates.includes(now.state)) assignments.give(tenant, assignmentId);
      });
    },
  };
}

function needsApproval({ type }: RequestRecord, policy: PolicyRecord | undefined): boolean {
  const approval = policy?.approval;
  if (approval === undefined) return false;
  return type === "adminAdd" || (type === "adminUpdate" && approval.alsoForUpdates);
}

/** A delivery ends in the same word for the request as for the assignment. */
function outcomeOf({ state }: AssignmentRecord): RequestRecord["state"] {
  return state === "expired" ? "deliveryFailed" : state;
}
