import type { ProvisioningObjectSummary } from "@microsoft/microsoft-graph-types";
import { graphTime } from "../directory/graph-time.ts";
import type { Properties } from "../directory/objects.ts";
import { textOf } from "../directory/text.ts";
import type { SyncJob } from "./job.ts";

/** The provisioning log of a source tenant, oldest first. Rows show some time after what they tell of. */
export type ProvisioningLog = {
  record(job: SyncJob, entry: LogEntry): void;
  of(sourceTenantId: string): readonly ProvisioningRow[];
  /** What shows by now. */
  shownOf(sourceTenantId: string): readonly ProvisioningRow[];
};

/** The published types lack `tenantId`, which the log has. */
type ProvisioningRow = ProvisioningObjectSummary & { readonly id: string };

type LogEntry = {
  readonly action: "create" | "update" | "disable" | "delete" | "stagedDelete" | "other";
  readonly status: "success" | "skipped" | "failure";
  readonly sourceId: string;
  readonly targetId: string | undefined;
  readonly cycleId: string;
  readonly written?: Properties;
  readonly error?: { readonly code: string; readonly reason: string };
};

export function provisioningLog(
  now: () => number,
  lateMs: (sourceTenantId: string) => number,
): ProvisioningLog {
  const entries = new Map<string, { readonly row: ProvisioningRow; readonly showsAt: number }[]>();
  const of = (sourceTenantId: string) => entries.get(sourceTenantId) ?? [];
  return {
    record(job, entry) {
      const { id } = job.source;
      const own = of(id);
      own.push({ row: rowOf(job, entry), showsAt: now() + lateMs(id) });
      entries.set(id, own);
    },
    of: (sourceTenantId) => of(sourceTenantId).map(({ row }) => row),
    shownOf: (sourceTenantId) =>
      of(sourceTenantId)
        .filter(({ showsAt }) => showsAt <= now())
        .map(({ row }) => row),
  };
}

function rowOf(job: SyncJob, entry: LogEntry): ProvisioningRow {
  const user = job.source.users.get(entry.sourceId) ?? job.source.deletedUsers.get(entry.sourceId);
  const name = textOf(user?.properties["userPrincipalName"]) || entry.sourceId;
  const principal = job.source.servicePrincipals.get(job.servicePrincipalId);
  return {
    id: job.source.mint("provisioningLog"),
    activityDateTime: graphTime(job.source.clock.now()),
    tenantId: job.target.id,
    jobId: job.id,
    cycleId: entry.cycleId,
    changeId: job.source.mint("provisioningChange"),
    provisioningAction: entry.action,
    durationInMilliseconds: 0,
    servicePrincipal: {
      id: job.servicePrincipalId,
      displayName: textOf(principal?.properties["displayName"]),
    },
    initiatedBy: { id: "", displayName: "Azure AD Provisioning Service", initiatorType: "system" },
    sourceIdentity: {
      id: entry.sourceId,
      displayName: "",
      identityType: "User",
      details: { UserPrincipalName: name },
    },
    targetIdentity: { id: entry.targetId ?? "", displayName: "", identityType: "User", details: {} },
    sourceSystem: { id: job.source.id, displayName: "Azure Active Directory", details: {} },
    targetSystem: { id: job.target.id, displayName: "Azure Active Directory (target tenant)", details: {} },
    provisioningStatusInfo: { status: entry.status, errorInformation: errorOf(entry) },
    provisioningSteps: [
      {
        name: stepNames[entry.action],
        provisioningStepType: "export",
        status: entry.status,
        description: `User '${name}': ${entry.action}`,
        details: {},
      },
    ],
    modifiedProperties: Object.entries(entry.written ?? {}).map(([displayName, value]) => ({
      displayName,
      oldValue: null,
      newValue: typeof value === "string" ? value : JSON.stringify(value),
    })),
  };
}

const stepNames: Readonly<Record<LogEntry["action"], string>> = {
  create: "EntryExportAdd",
  update: "EntryExportUpdate",
  disable: "EntryExportUpdate",
  delete: "EntryExportDelete",
  stagedDelete: "EntryStagedDelete",
  other: "EntrySynchronizationSkip",
};

function errorOf({ error }: LogEntry) {
  if (error === undefined) return null;
  return {
    errorCode: error.code,
    reason: error.reason,
    additionalDetails: null,
    errorCategory: "nonServiceFailure" as const,
    recommendedAction: null,
  };
}
