import type { LabClock } from "../../clock.ts";
import type { Weather } from "../../weather.ts";
import { replicaView, viewOf, type DirectoryView } from "../directory/view.ts";
import type { Draws } from "../draws.ts";
import type { FaultBook } from "../faults/fault-registry.ts";
import { assignments } from "./assignments.ts";
import { runCycle } from "./cycle.ts";
import type { Quarantine, SyncJob } from "./job.ts";
import type { AttributeMapping } from "./mapping.ts";
import { provisionOnDemand, type OnDemandOutcome } from "./on-demand.ts";
import { provisioningLog, type ProvisioningLog } from "./provisioning-log.ts";
import type { TroubleWith } from "./trouble.ts";

/** The provisioning service: every job's 40-minute cycle, and what is asked of it in between. */
export type SyncEngine = {
  jobsOf(sourceTenantId: string, servicePrincipalId: string): readonly SyncJob[];
  /** Of the job itself, or imposed by a fault. */
  quarantineOf(job: SyncJob): Quarantine | undefined;
  start(job: SyncJob): void;
  pause(job: SyncJob): void;
  restart(job: SyncJob, resetScope: string): void;
  /** Replaces what is mapped. */
  remap(job: SyncJob, mappings: readonly AttributeMapping[]): void;
  onDemand(job: SyncJob, sourceUserId: string): OnDemandOutcome;
  /** Hears of users or groups that were just assigned to a sync app. */
  assigned(sourceTenantId: string, principalId: string): void;
  /** Runs the matching jobs' cycles now, beside their schedule. */
  run(sourceTenantId?: string, jobId?: string): Promise<void>;
  readonly log: ProvisioningLog;
  busy(): string[];
};

const intervalMs = 40 * 60 * 1000;

export function syncEngine(
  jobs: readonly SyncJob[],
  parts: {
    readonly clock: LabClock;
    readonly weather: Weather;
    readonly faults: FaultBook;
    readonly draws: Draws;
    readonly troubleWith: TroubleWith;
  },
): SyncEngine {
  const { clock, weather, faults, draws, troubleWith } = parts;
  const log = provisioningLog(
    () => clock.now(),
    (sourceTenantId) => draws.ms(weather.logsMs, "provisioning log", sourceTenantId),
  );
  const assigned = assignments(jobs, parts);
  const running = new Set<SyncJob>();

  function quarantineOf(job: SyncJob): Quarantine | undefined {
    for (const tenant of [job.source, job.target]) {
      const struck = faults.find("quarantine", { tenant, caller: "app", method: "", paths: [job.id] });
      if (struck !== undefined && (struck.fault.job ?? job.id) === job.id) {
        const message = "An injected fault keeps this job in quarantine.";
        return { reason: "EncounteredQuarantineException", since: clock.now(), message };
      }
    }
    return job.quarantine;
  }

  /** The engine reads like everybody: from a replica, or as a fault lets it. */
  function sourceSeenBy(job: SyncJob, ...names: readonly string[]): DirectoryView {
    const { source } = job;
    const target = { tenant: source, caller: "app", method: "", paths: [job.id] } as const;
    const lag = faults.take("lag", target);
    if (lag !== undefined) return viewOf(source, clock.now() - lag.fault.ms);
    if (source.replicas.areCurrent()) return viewOf(source);
    return replicaView(source, draws.oneOf(source.replicas.count, "which replica", job.id, ...names));
  }

  function cycle(job: SyncJob): void {
    if (job.state === "Active" && quarantineOf(job) === undefined) {
      runCycle(job, { source: sourceSeenBy(job, "cycle"), log, troubleWith });
    }
  }

  // Start to start: the next cycle is due 40 minutes after this one began.
  function schedule(job: SyncJob, at: number): void {
    clock.at(at, `graph: sync cycle of ${job.target.name}`, () => {
      schedule(job, at + intervalMs);
      cycle(job);
    });
  }

  function soon(job: SyncJob): void {
    running.add(job);
    clock.at(clock.now(), `graph: first sync cycle of ${job.target.name} after a restart`, () => {
      running.delete(job);
      cycle(job);
    });
  }

  for (const job of jobs) schedule(job, clock.now() + intervalMs);

  return {
    jobsOf: (sourceTenantId, servicePrincipalId) =>
      jobs.filter((job) => job.source.id === sourceTenantId && job.servicePrincipalId === servicePrincipalId),
    quarantineOf,
    start(job) {
      job.state = "Active";
      soon(job);
    },
    pause(job) {
      job.state = "Paused";
    },
    restart(job, resetScope) {
      job.state = "Active";
      reset(job, resetScope);
      soon(job);
    },
    remap(job, mappings) {
      job.mappings = mappings;
      lookAgain(job);
    },
    onDemand(job, sourceUserId) {
      const outcome = provisionOnDemand(job, sourceUserId, {
        source: sourceSeenBy(job, "on demand", sourceUserId),
        assignments: assigned,
        quarantine: quarantineOf(job),
        troubleWith,
      });
      recordOnDemand(log, job, outcome);
      return outcome;
    },
    assigned: (sourceTenantId, principalId) => assigned.assigned(sourceTenantId, principalId),
    async run(sourceTenantId, jobId) {
      for (const job of jobs) {
        const isMeant = (sourceTenantId ?? job.source.id) === job.source.id && (jobId ?? job.id) === job.id;
        if (isMeant) cycle(job);
      }
    },
    log,
    busy: () => [...running].map(({ target }) => `sync cycle of ${target.name}`),
  };
}

/** `synchronizationJobRestartCriteria.resetScope`: a comma-separated list of flags. */
function reset(job: SyncJob, resetScope: string): void {
  const flags = resetScope.split(",").map((flag) => flag.trim());
  const has = (...names: readonly string[]) => names.some((name) => flags.includes(name));
  if (has("Full", "QuarantineState", "ForceDeletes")) job.quarantine = undefined;
  if (has("ForceDeletes")) job.deletesAllowed = true;
  if (has("Full", "Watermark")) lookAgain(job);
}

/**
 * Everybody is looked at again, and therefore written again. Changed mappings have that effect, too
 * (learn.microsoft.com/entra/identity/app-provisioning/how-provisioning-works, initial cycle).
 */
function lookAgain(job: SyncJob): void {
  for (const [sourceId, link] of job.links) job.links.set(sourceId, { ...link, revision: -1 });
}

function recordOnDemand(log: ProvisioningLog, job: SyncJob, outcome: OnDemandOutcome): void {
  const { exported, error, result, sourceId, targetId } = outcome;
  const statuses = { Success: "success", Skipped: "skipped", Failure: "failure" } as const;
  log.record(job, {
    action: exported?.action ?? "other",
    status: statuses[result],
    sourceId,
    targetId,
    cycleId: job.source.mint("cycle"),
    ...(exported !== undefined && { written: exported.written }),
    ...(error !== undefined && { error: { code: error.code, reason: error.message } }),
  });
}
