import { z } from "zod";
import type { AnalystId, ServicePrincipalId } from "../model/ids.ts";
import { readProvisionResult, type ProvisionResult } from "./provision-result.ts";
import type { GraphTenant, Priority, Trace } from "./tenant.ts";

/** One cross-tenant synchronization job. It lives in the source tenant, as a part of a service principal. */
type SyncJob = { readonly servicePrincipal: ServicePrincipalId; readonly job: string };

type JobStatus = {
  readonly code: string;
  /** Why the job is in quarantine; null when it is not. */
  readonly quarantine: string | null;
};

export type SyncJobReader = {
  readonly readStatus: (job: SyncJob, priority: Priority) => Promise<JobStatus>;
};

export type Provisioner = {
  /** Syncs one analyst now instead of in the next 40-minute cycle. */
  readonly provisionOnDemand: (
    job: SyncJob,
    analyst: AnalystId,
    priority: Priority,
  ) => Promise<{ readonly result: ProvisionResult; readonly trace: Trace }>;
};

const statusSchema = z.looseObject({
  status: z
    .looseObject({
      code: z.string().nullish(),
      quarantine: z.looseObject({ reason: z.string().nullish() }).nullish(),
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
      };
    },
  };
}

export function provisioner(tenant: GraphTenant): Provisioner {
  const rules = new Map<string, Promise<string>>();
  return {
    async provisionOnDemand(job, analyst, priority) {
      const ruleId = await remembered(rules, job.job, () => readRule(tenant, job, priority));
      const reply = await tenant.send({
        method: "POST",
        path: `${pathOf(job)}/provisionOnDemand`,
        template: "/servicePrincipals/{id}/synchronization/jobs/{id}/provisionOnDemand",
        body: { parameters: [{ ruleId, subjects: [{ objectId: analyst, objectTypeName: "User" }] }] },
        priority,
        lane: "on-demand",
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

/** Keeps the answer, not the failure. */
async function remembered<T>(
  memory: Map<string, Promise<T>>,
  key: string,
  ask: () => Promise<T>,
): Promise<T> {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const asked = ask();
  memory.set(key, asked);
  asked.catch(() => memory.delete(key));
  return asked;
}
