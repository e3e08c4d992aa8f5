import type { Actor, UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { Lab } from "../lab.ts";
import { activeStates, assignmentsOf, changeAssignment, end, fulfil, serviceFor } from "./assignments.ts";
import { afterLastAssignment } from "./guest-lifecycle.ts";
import { inviteGuest } from "./guests.ts";
import type { AskedSchedule, AssignmentRecord, RequestRecord } from "./records.ts";
import { scheduleFrom } from "./schedule.ts";
import { accountOfSubject, changeSubject, subjectWith } from "./subjects.ts";

/** What happens to assignments: they begin, are given, get another end, and end. */
export type AssignmentLife = {
  begin(tenant: Tenant, request: RequestRecord): AssignmentRecord;
  give(tenant: Tenant, assignmentId: string): AssignmentRecord;
  reschedule(tenant: Tenant, assignmentId: string, schedule: AskedSchedule): void;
  take(tenant: Tenant, assignmentId: string, by: Actor): void;
};

/** `expire` hears of those whose time is over. */
export function assignmentLife(
  lab: Lab,
  expire: (tenant: Tenant, assignment: AssignmentRecord) => void,
): AssignmentLife {
  const { clock, tenants } = lab;

  for (const tenant of tenants.values()) {
    tenant.changes.listen(({ kind, id, event }) => {
      if (kind === "user" && event === "purged") forget(tenant, id);
    });
  }

  /** The account that gets it: the one there is, or a new guest's. */
  function accountFor(tenant: Tenant, { subjectId, createdBy }: AssignmentRecord): UserRecord | undefined {
    const subject = subjectWith(tenant, subjectId);
    const known = accountOfSubject(tenant, subject);
    if (subject.objectId !== undefined || subject.email === undefined) return known;
    if (known !== undefined) {
      changeSubject(tenant, subjectId, { objectId: known.id, lifecycle: "notGoverned" });
      return known;
    }
    const by = serviceFor(createdBy);
    const guest = inviteGuest(tenant, subject.email, { tenants, by, owner: createdBy });
    changeSubject(tenant, subjectId, { objectId: guest.id, lifecycle: "governed" });
    return guest;
  }

  function expireInTime(tenant: Tenant, { id, schedule, state }: AssignmentRecord): void {
    const { endAt } = schedule;
    if (endAt === undefined || !activeStates.includes(state)) return;
    clock.at(endAt, `graph: an assignment of an access package in ${tenant.name} expires`, () => {
      const now = tenant.entitlement.assignments.get(id);
      const isOver = now !== undefined && activeStates.includes(now.state) && now.schedule.endAt === endAt;
      if (isOver) expire(tenant, now);
    });
  }

  /** A purged user has no memberships left; the rest goes, too. What happens to the assignments is undocumented. */
  function forget(tenant: Tenant, userId: string): void {
    const subject = [...tenant.entitlement.subjects.values()].find(({ objectId }) => objectId === userId);
    if (subject === undefined) return;
    for (const { id, state } of assignmentsOf(tenant, subject.id))
      if (activeStates.includes(state)) end(tenant, id, userId, serviceFor());
  }

  return {
    begin(tenant, { packageId, policyId, subjectId, schedule, by }) {
      const assignment: AssignmentRecord = {
        id: tenant.mint("assignment of a package"),
        packageId,
        policyId,
        subjectId,
        state: "delivering",
        schedule: scheduleFrom(schedule, clock.now()),
        expiredAt: undefined,
        completedAt: undefined,
        createdBy: by,
        given: [],
        inLimbo: false,
      };
      tenant.entitlement.assignments.set(assignment.id, assignment);
      tenant.replicas.made(assignment.id);
      return assignment;
    },
    give(tenant, assignmentId) {
      const user = accountFor(tenant, changeAssignment(tenant, assignmentId, {}));
      const assignment = fulfil(tenant, assignmentId, user);
      // The sync engine hears of members by itself, and of assignments to its application from whoever makes them.
      const isForSync = assignment.given.some(({ kind }) => kind === "application");
      if (user !== undefined && isForSync) lab.sync.assigned(tenant.id, user.id);
      expireInTime(tenant, assignment);
      return assignment;
    },
    reschedule(tenant, assignmentId, asked) {
      const { schedule } = changeAssignment(tenant, assignmentId, {});
      const { endAt } = scheduleFrom(asked, clock.now());
      expireInTime(tenant, changeAssignment(tenant, assignmentId, { schedule: { ...schedule, endAt } }));
    },
    take(tenant, assignmentId, by) {
      const { subjectId } = changeAssignment(tenant, assignmentId, {});
      const { objectId } = subjectWith(tenant, subjectId);
      end(tenant, assignmentId, objectId, serviceFor(by));
      afterLastAssignment(clock, tenant, subjectId);
    },
  };
}
