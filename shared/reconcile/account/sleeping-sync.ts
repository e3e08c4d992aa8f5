import { replicationWindowMs } from "../../planner/replicas.ts";
import { cyclePollMs, overdueMs } from "../../planner/provisioning.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Round } from "../pair/access-round.ts";

/**
 * An account that nobody has found is for sync to delete, in a cycle that begins after the analyst has left the scope. One that met
 * errors may have met them with just this account.
 */
export async function sleepingSync({
  read,
  plan,
  record,
  rules,
  ports,
  claim,
}: Round): Promise<readonly Outcome[]> {
  const { account, owned } = read.situation;
  // Who came back may have a new one beside the one that is remembered.
  const isUnfound = account.kind === "none" && (owned.account === null || owned.awaited === "yes");
  const left = isUnfound ? owned.scopedUntil : null;
  const { sync } = rules.target;
  if (plan.purpose !== "leave" || left === null || sync === null || claim.state().value.proof !== null)
    return [];
  const { job } = sync;
  const { code, cycleBegan } = await ports.jobs.readStatus(sync, "normal");
  // One that began a moment later may have seen the scope as it was before.
  const isBehind = cycleBegan !== null && cycleBegan <= left + replicationWindowMs;
  if (!sleeps.has(code) && !isBehind) return [];
  const now = ports.now();
  const why = `a cycle of the synchronization job ${job} has to end without errors first`;
  if (!sleeps.has(code) && now < left + overdueMs) return [{ kind: "again", at: now + cyclePollMs, why }];
  const advice = "start the job, or look for the account in the target tenant and delete it";
  if (sleeps.has(code)) {
    // Whoever leaves meanwhile waits for the same.
    const reason = `${rules.target.name}: sync may have made accounts for leavers that were never found, and deletes none while its job ${job} is in the state ${code}`;
    return [{ kind: "parked", reason, advice, cause: `${job} is ${code}`, finding: "sync-asleep" }];
  }
  const reason = `${rules.target.name}: sync may have made an account for ${record.userPrincipalName} that was never found, and its job ${job} has ended no cycle without errors that began since they left`;
  return [{ kind: "parked", reason, advice, cause: null, finding: "sync-asleep" }];
}

/** https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationstatus */
const sleeps: ReadonlySet<string> = new Set(["Paused", "Quarantine", "NotConfigured", "NotRun"]);
