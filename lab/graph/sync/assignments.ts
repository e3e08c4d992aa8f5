import type { LabClock } from "../../clock.ts";
import type { Change } from "../directory/change-log.ts";
import { textOf } from "../directory/text.ts";
import { viewOf } from "../directory/view.ts";
import type { Draws } from "../draws.ts";
import type { SyncJob } from "./job.ts";
import { scopeEvidence, type ScopeEvidence } from "./scope.ts";

/**
 * When on-demand provisioning begins to see assignments: some time after this user's membership or direct assignment
 * began, however long the group has been assigned.
 * https://learn.microsoft.com/entra/identity/app-provisioning/provision-on-demand ("a few minutes")
 */
export type Assignments = {
  showsAt(job: SyncJob, userId: string, evidence: ScopeEvidence): number;
  /** Hears of users or groups that were just assigned to a sync app; until that shows, the lab waits for it. */
  assigned(sourceTenantId: string, principalId: string): void;
};

export function assignments(
  jobs: readonly SyncJob[],
  { clock, draws }: { readonly clock: LabClock; readonly draws: Draws },
): Assignments {
  const lags = new Map<string, number>();

  function showsAt(job: SyncJob, userId: string, { since }: ScopeEvidence): number {
    const key = `${job.id} ${userId} ${since}`;
    const lagMs = lags.get(key) ?? draws.ms(job.assignmentMs, "assignment", job.id, userId);
    lags.set(key, lagMs);
    return since + lagMs;
  }

  function expectToShow(job: SyncJob, userId: string): void {
    const evidence = scopeEvidence(job, viewOf(job.source), userId);
    const at = Math.min(...evidence.map((each) => showsAt(job, userId, each)));
    if (evidence.length === 0 || at <= clock.now()) return;
    const name = textOf(job.source.users.get(userId)?.properties["userPrincipalName"]) || userId;
    clock.expect(at, `graph: the assignment of ${name} to sync to ${job.target.name} shows`, () => undefined);
  }

  const jobsOf = (tenantId: string) => jobs.filter(({ source }) => source.id === tenantId);

  function noticeMembers({ tenantId, members }: Change): void {
    const joined = members.filter(({ change }) => change === "added");
    for (const job of jobsOf(tenantId)) for (const { id } of joined) expectToShow(job, id);
  }

  for (const source of new Set(jobs.map((job) => job.source))) source.changes.listen(noticeMembers);

  return {
    showsAt,
    assigned(sourceTenantId, principalId) {
      for (const job of jobsOf(sourceTenantId)) {
        expectToShow(job, principalId);
        for (const [memberId] of job.source.membersOf(principalId).entries()) expectToShow(job, memberId);
      }
    },
  };
}
