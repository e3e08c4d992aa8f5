import { graphTime } from "../directory/graph-time.ts";
import type { Execution, Quarantine, SyncJob } from "./job.ts";

// Graph's way of saying "never".
const never = "0001-01-01T00:00:00Z";

/** The `synchronizationJob` resource; `quarantine` includes one imposed by a fault. */
export function jobResource(job: SyncJob, quarantine: Quarantine | undefined) {
  const { lastExecution, lastSuccessfulExecution } = job;
  return {
    id: job.id,
    templateId: "Azure2Azure",
    schedule: { expiration: null, interval: "PT40M", state: job.state },
    status: {
      countSuccessiveCompleteFailures: 0,
      escrowsPruned: false,
      code: codeOf(job, quarantine),
      lastExecution: executionOf(lastExecution),
      lastSuccessfulExecution: executionOf(lastSuccessfulExecution),
      lastSuccessfulExecutionWithExports: executionOf(lastSuccessfulExecution),
      quarantine: quarantineOf(quarantine),
      steadyStateFirstAchievedTime: never,
      steadyStateLastAchievedTime: timeOr(lastSuccessfulExecution?.ended),
      troubleshootingUrl: "",
      progress: [],
      synchronizedEntryCountByType: [{ key: "User", value: activeLinks(job) }],
    },
    synchronizationJobSettings: [
      { name: "AzureIngestionAttributeOptimization", value: "False" },
      { name: "LookaheadQueryEnabled", value: "False" },
    ],
  };
}

function codeOf(job: SyncJob, quarantine: Quarantine | undefined): string {
  if (quarantine !== undefined) return "Quarantine";
  if (job.state === "Paused") return "Paused";
  return job.lastExecution === undefined ? "NotRun" : "Active";
}

function executionOf(execution: Execution | undefined) {
  if (execution === undefined) return null;
  const { cycleId, began, ended, entitled, exported, escrowed, state, error } = execution;
  return {
    activityIdentifier: cycleId,
    countEntitled: entitled,
    countEntitledForProvisioning: entitled,
    countEscrowed: escrowed,
    countEscrowedRaw: escrowed,
    countExported: exported,
    countExports: exported + escrowed,
    countImported: entitled,
    countImportedDeltas: 0,
    countImportedReferenceDeltas: 0,
    state,
    timeBegan: graphTime(began),
    timeEnded: graphTime(ended),
    error: {
      code: error === undefined ? "None" : "TooManyDeletes",
      message: error ?? "",
      tenantActionable: false,
    },
  };
}

function quarantineOf(quarantine: Quarantine | undefined) {
  if (quarantine === undefined) return null;
  const since = graphTime(quarantine.since);
  return {
    reason: quarantine.reason,
    seriesBegan: since,
    currentBegan: since,
    nextAttempt: graphTime(quarantine.since + 24 * 60 * 60 * 1000),
    seriesCount: 1,
    error: { code: quarantine.reason, message: quarantine.message, tenantActionable: true },
  };
}

function timeOr(at: number | undefined): string {
  return at === undefined ? never : graphTime(at);
}

function activeLinks(job: SyncJob): number {
  return [...job.links.values()].filter(({ state }) => state === "active").length;
}
