import type { Actor } from "../directory/objects.ts";
import type { DirectoryView } from "../directory/view.ts";
import type { SyncJob } from "./job.ts";

/** Why a source user is in scope, since when, and who saw to it. */
export type ScopeEvidence = { readonly since: number; readonly by: Actor };

/** Assigned with the sync app's role, or a direct member of a group that is; nested groups never count. */
export function scopeEvidence(job: SyncJob, source: DirectoryView, userId: string): ScopeEvidence[] {
  return withRole(job, source).flatMap(({ principalId, principalKind, createdAt, createdBy }) => {
    if (principalKind === "user") return principalId === userId ? [{ since: createdAt, by: createdBy }] : [];
    const membership = source.membership(principalId, userId);
    if (membership === undefined || source.group(principalId) === undefined) return [];
    const by = membership.addedBy.kind === "app" ? membership.addedBy : appOr(createdBy, membership.addedBy);
    return [{ since: Math.max(createdAt, membership.addedAt), by }];
  });
}

export function scopedUserIds(job: SyncJob, source: DirectoryView): Set<string> {
  const ids = new Set<string>();
  for (const { principalId, principalKind } of withRole(job, source)) {
    if (principalKind === "user") ids.add(principalId);
    else if (source.group(principalId) !== undefined) {
      for (const { memberId, memberKind } of source.memberships(principalId)) {
        if (memberKind === "user") ids.add(memberId);
      }
    }
  }
  return ids;
}

/** Assigned to the app at all, be it with the default role that sync ignores. */
export function isAssigned(job: SyncJob, source: DirectoryView, userId: string): boolean {
  return assignmentsOf(job, source).some(
    ({ principalId }) => principalId === userId || source.membership(principalId, userId) !== undefined,
  );
}

function assignmentsOf(job: SyncJob, source: DirectoryView) {
  return [...source.roleAssignments()].filter(
    ({ servicePrincipalId }) => servicePrincipalId === job.servicePrincipalId,
  );
}

function withRole(job: SyncJob, source: DirectoryView) {
  return assignmentsOf(job, source).filter(({ appRoleId }) => appRoleId === job.appRoleId);
}

function appOr(preferred: Actor, otherwise: Actor): Actor {
  return preferred.kind === "app" ? preferred : otherwise;
}
