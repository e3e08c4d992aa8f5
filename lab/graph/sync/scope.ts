import type { Actor } from "../directory/objects.ts";
import type { SyncJob } from "./job.ts";

/** Why a source user is in scope, since when, and who saw to it. */
export type ScopeEvidence = { readonly since: number; readonly by: Actor };

/** Assigned with the sync app's role, or a direct member of a group that is; nested groups never count. */
export function scopeEvidence(job: SyncJob, userId: string): ScopeEvidence[] {
  return assignmentsOf(job, job.appRoleId).flatMap(({ principalId, principalKind, createdAt, createdBy }) => {
    if (principalKind === "user") return principalId === userId ? [{ since: createdAt, by: createdBy }] : [];
    const membership = job.source.membersOf(principalId).get(userId);
    if (membership === undefined || job.source.groups.get(principalId) === undefined) return [];
    const by = membership.addedBy.kind === "app" ? membership.addedBy : appOr(createdBy, membership.addedBy);
    return [{ since: Math.max(createdAt, membership.addedAt), by }];
  });
}

export function scopedUserIds(job: SyncJob): Set<string> {
  const ids = new Set<string>();
  for (const { principalId, principalKind } of assignmentsOf(job, job.appRoleId)) {
    if (principalKind === "user") ids.add(principalId);
    else if (job.source.groups.get(principalId) !== undefined) {
      for (const [memberId, { memberKind }] of job.source.membersOf(principalId).entries()) {
        if (memberKind === "user") ids.add(memberId);
      }
    }
  }
  return ids;
}

/** Assigned to the app at all, be it with the default role that sync ignores. */
export function isAssigned(job: SyncJob, userId: string): boolean {
  return assignmentsOf(job).some(
    ({ principalId }) =>
      principalId === userId || job.source.membersOf(principalId).get(userId) !== undefined,
  );
}

function assignmentsOf(job: SyncJob, appRoleId?: string) {
  return [...job.source.roleAssignments.entries()]
    .map(([, assignment]) => assignment)
    .filter(
      (assignment) =>
        assignment.servicePrincipalId === job.servicePrincipalId &&
        (appRoleId === undefined || assignment.appRoleId === appRoleId),
    );
}

function appOr(preferred: Actor, otherwise: Actor): Actor {
  return preferred.kind === "app" ? preferred : otherwise;
}
