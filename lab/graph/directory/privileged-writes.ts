import { addMembers, removeMember } from "./group-writes.ts";
import { privilegedActor, type DirectoryObject } from "./objects.ts";
import { relationKey, type Schedule, type Standing } from "./privileged.ts";
import type { Tenant } from "./tenant.ts";

const standings = ["eligibility", "assignment"] as const satisfies readonly Standing[];

/** Puts a schedule in place of the one there was; the clock begins and ends it. */
export function putSchedule(tenant: Tenant, schedule: Schedule): void {
  tenant.privileged[schedule.standing].set(relationKey(schedule.standing, schedule), schedule);
  if (schedule.status === "Provisioned") enter(tenant, schedule);
  else if (schedule.startAt !== undefined) awaitStart(tenant, schedule, schedule.startAt);
  awaitEnd(tenant, schedule);
}

/** Takes a schedule back, with the membership that it stands for. */
export function endSchedule(tenant: Tenant, schedule: Schedule): void {
  tenant.privileged[schedule.standing].delete(relationKey(schedule.standing, schedule));
  if (schedule.status === "Provisioned") leave(tenant, schedule);
}

export function awaitEnd(tenant: Tenant, schedule: Schedule): void {
  if (schedule.endAt === undefined) return;
  tenant.clock.at(schedule.endAt, labelOf(tenant, schedule, "ends"), () => {
    if (isCurrent(tenant, schedule)) endSchedule(tenant, { ...schedule, status: "Provisioned" });
  });
}

function awaitStart(tenant: Tenant, schedule: Schedule, startAt: number): void {
  tenant.clock.at(startAt, labelOf(tenant, schedule, "begins"), () => {
    if (!isCurrent(tenant, schedule)) return;
    const begun = { ...schedule, status: "Provisioned" } as const;
    const { requests } = tenant.privileged;
    const request = schedule.requestId === null ? undefined : requests.get(schedule.requestId);
    tenant.privileged[schedule.standing].set(relationKey(schedule.standing, schedule), begun);
    if (request !== undefined) {
      requests.set(request.id, { ...request, status: "Provisioned", completedAt: tenant.clock.now() });
    }
    enter(tenant, begun);
  });
}

/**
 * What else ends a schedule: a membership that is taken away in the group, and the end of the principal or of the group. One in
 * the recycle bin keeps its schedules, as it keeps its memberships.
 */
export function followDirectory(tenant: Tenant): void {
  tenant.changes.listen(({ kind, id, event, members }) => {
    if (event === "purged") forget(tenant, (one) => one.principalId === id || one.groupId === id);
    if (kind !== "group") return;
    for (const member of members) {
      const relation = { groupId: id, principalId: member.id, accessId: "member" } as const;
      if (member.change === "removed")
        tenant.privileged.assignment.delete(relationKey("assignment", relation));
    }
  });
}

function forget(tenant: Tenant, concerns: (schedule: Schedule) => boolean): void {
  for (const standing of standings) {
    const schedules = tenant.privileged[standing];
    for (const [key, schedule] of schedules.entries()) if (concerns(schedule)) schedules.delete(key);
  }
}

/** An active member is a member of the group like any other. */
function enter(tenant: Tenant, schedule: Schedule): void {
  const { groupId, principalId, createdBy } = schedule;
  if (!isMembership(schedule) || tenant.membersOf(groupId).get(principalId) !== undefined) return;
  const group = tenant.groups.get(groupId);
  const principal = objectOf(tenant, principalId);
  if (group === undefined || principal === undefined) return;
  addMembers(tenant, group, [principal], privilegedActor, { addedBy: createdBy, isPrivileged: true });
}

function leave(tenant: Tenant, schedule: Schedule): void {
  const { groupId, principalId } = schedule;
  if (!isMembership(schedule) || tenant.membersOf(groupId).get(principalId) === undefined) return;
  const group = tenant.groups.get(groupId);
  const principal = objectOf(tenant, principalId);
  // A group in the recycle bin has nobody to tell.
  if (group === undefined || principal === undefined) tenant.membersOf(groupId).delete(principalId);
  else removeMember(tenant, group, principal, privilegedActor);
}

const isMembership = ({ standing, accessId }: Schedule) => standing === "assignment" && accessId === "member";

function isCurrent(tenant: Tenant, schedule: Schedule): boolean {
  return (
    tenant.privileged[schedule.standing].get(relationKey(schedule.standing, schedule))?.id === schedule.id
  );
}

/** Soft-deleted users as well: time goes on for them. */
function objectOf(tenant: Tenant, id: string): DirectoryObject | undefined {
  return (
    tenant.users.get(id) ??
    tenant.deletedUsers.get(id) ??
    tenant.groups.get(id) ??
    tenant.servicePrincipals.get(id)
  );
}

function labelOf(tenant: Tenant, { standing }: Schedule, what: "begins" | "ends"): string {
  return `graph: an ${standing} in ${tenant.name} ${what}`;
}
