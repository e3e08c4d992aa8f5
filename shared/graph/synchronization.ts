import { z } from "zod";
import type { AnalystId, ServicePrincipalId } from "../model/ids.ts";
import { memory } from "./memory.ts";
import { readProvisionResult, type ProvisionResult } from "./provision-result.ts";
import type { GraphTenant, Priority, SendLimits, Trace } from "./tenant.ts";

/** One cross-tenant synchronization job. It lives in the source tenant, as a part of a service principal. */
type SyncJob = { readonly servicePrincipal: ServicePrincipalId; readonly job: string };

type JobStatus = {
  readonly code: string;
  /** Why the job is in quarantine; null when it is not. */
  readonly quarantine: string | null;
  /** When the last cycle began that ended without any error, epoch ms, long ago for never; null when the job does not say. */
  readonly cycleBegan: number | null;
};

export type SyncJobReader = {
  readonly readStatus: (job: SyncJob, priority: Priority) => Promise<JobStatus>;
};

export type Provisioner = {
  /** Syncs one analyst now instead of in the next 40-minute cycle. */
  readonly provisionOnDemand: (
    job: SyncJob,
    analyst: AnalystId,
    limits: SendLimits,
  ) => Promise<{ readonly result: ProvisionResult; readonly trace: Trace }>;
};

const execution = z.looseObject({ state: z.string().nullish(), timeBegan: z.string().nullish() }).nullish();

const statusSchema = z.looseObject({
  status: z
    .looseObject({
      code: z.string().nullish(),
      quarantine: z.looseObject({ reason: z.string().nullish() }).nullish(),
      lastExecution: execution,
      lastSuccessfulExecution: execution,
    })
    .nullish(),
});

const schemaSchema = z.looseObject({
  synchronizationRules: z.array(z.looseObject({ id: z.string() })).min(1),
});

export function syncJobReader(tenant: GraphTenant): SyncJobReader {
  return {
    async readStatus(job, priority) {
      const reply = await tenant.send({
        method: "GET",
        path: `${pathOf(job)}?$select=status`,
        template: "/servicePrincipals/{id}/synchronization/jobs/{id}",
        priority,
      });
      const { status } = statusSchema.parse(reply.body);
      const reason = status?.quarantine?.reason ?? null;
      return {
        code: status?.code ?? "unknown",
        quarantine: status?.code === "Quarantine" ? (reason ?? "no reason given") : null,
        cycleBegan: latestBegin([
          // The job may say it here before it says it there.
          ...(status?.lastExecution?.state === "Succeeded" ? [status.lastExecution] : []),
          status?.lastSuccessfulExecution,
        ]),
      };
    },
  };
}

/** "Never" is a time of the year 1. */
function latestBegin(executions: readonly z.infer<typeof execution>[]): number | null {
  const times = executions
    .map((one) => Date.parse(one?.timeBegan ?? ""))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : Math.max(...times);
}

export function provisioner(tenant: GraphTenant): Provisioner {
  const remembered = memory<string>(Infinity);
  return {
    async provisionOnDemand(job, analyst, limits) {
      const ruleId = await remembered(job.job, () => readRule(tenant, job, limits.priority));
      const reply = await tenant.send({
        method: "POST",
        path: `${pathOf(job)}/provisionOnDemand`,
        template: "/servicePrincipals/{id}/synchronization/jobs/{id}/provisionOnDemand",
        body: { parameters: [{ ruleId, subjects: [{ objectId: analyst, objectTypeName: "User" }] }] },
        ...limits,
        lane: `on-demand ${job.job}`,
      });
      return { result: readProvisionResult(reply.body), trace: reply.trace };
    },
  };
}

const pathOf = ({ servicePrincipal, job }: SyncJob) =>
  `/servicePrincipals/${servicePrincipal}/synchronization/jobs/${encodeURIComponent(job)}`;

/** A job has one rule, for users; its id never changes while the job lives. */
async function readRule(tenant: GraphTenant, job: SyncJob, priority: Priority): Promise<string> {
  const reply = await tenant.send({
    method: "GET",
    path: `${pathOf(job)}/schema`,
    template: "/servicePrincipals/{id}/synchronization/jobs/{id}/schema",
    priority,
  });
  const [rule] = schemaSchema.parse(reply.body).synchronizationRules;
  if (rule === undefined) throw new Error(`the synchronization job ${job.job} has no rule`);
  return rule.id;
}
