import type { Draws } from "../draws.ts";
import type { SyncJob } from "./job.ts";
import type { ScopeEvidence } from "./scope.ts";

/**
 * When on-demand provisioning begins to see an assignment: some time after this user's membership or direct assignment
 * began, however long the group has been assigned.
 * https://learn.microsoft.com/entra/identity/app-provisioning/provision-on-demand ("a few minutes")
 */
export type AssignmentLag = (job: SyncJob, userId: string, evidence: ScopeEvidence) => number;

export function assignmentLag(draws: Draws): AssignmentLag {
  const drawn = new Map<string, number>();
  return (job, userId, { since }) => {
    const key = `${job.id} ${userId} ${since}`;
    const lagMs = drawn.get(key) ?? draws.ms(job.assignmentMs, "assignment", job.id, userId);
    drawn.set(key, lagMs);
    return since + lagMs;
  };
}
