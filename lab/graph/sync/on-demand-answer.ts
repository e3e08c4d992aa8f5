import { textOf } from "../directory/text.ts";
import type { SyncJob } from "./job.ts";
import type { OnDemandOutcome, Scoping } from "./on-demand.ts";

/** The `stringKeyStringValuePair` of provisionOnDemand: JSON inside strings, in one of two documented shapes. */
export function onDemandAnswer(job: SyncJob, outcome: OnDemandOutcome): { key: string; value: string } {
  const details = detailsOf(job, outcome);
  if (job.responseShape === "statusInfo") {
    const key = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo";
    return { key, value: JSON.stringify([details]) };
  }
  const { result, error } = outcome;
  const errorDetails = error === undefined ? {} : { errorCode: error.code, errorMessage: error.message };
  return { key: JSON.stringify({ result, details: errorDetails }), value: JSON.stringify(details) };
}

const actions = {
  create: "Create",
  update: "Update",
  disable: "Disable",
  delete: "Delete",
  other: "Other",
} as const;

function detailsOf(job: SyncJob, outcome: OnDemandOutcome) {
  const { exported, error, result } = outcome;
  const at = new Date(job.source.clock.now()).toISOString();
  return {
    action: actions[exported?.action ?? "other"],
    changeId: job.source.mint("provisioningChange"),
    startTime: at,
    endTime: at,
    modifiedProperties: Object.entries(exported?.written ?? {}).map(([displayName, value]) => ({
      displayName,
      oldValue: null,
      newValue: String(value),
    })),
    provisioningSteps: stepsOf(outcome, at),
    reportableIdentifier: nameOf(outcome),
    statusInfo: {
      status: result,
      errorCode: error?.code ?? null,
      reason: error?.message ?? null,
      additionalDetails: null,
      errorCategory: null,
      recommendedAction: null,
    },
    sourceIdentity: identity(outcome.sourceId),
    sourceSystem: { id: null, name: "Azure Active Directory", details: null },
    targetIdentity: identity(outcome.targetId ?? null),
    targetSystem: { id: null, name: "Azure Active Directory (target tenant)", details: null },
  };
}

function identity(id: string | null) {
  return { id, type: "User", displayName: null, details: null };
}

function nameOf({ user, sourceId }: OnDemandOutcome): string {
  return textOf(user?.properties["userPrincipalName"]) || sourceId;
}

function stepsOf(outcome: OnDemandOutcome, timestamp: string) {
  const { error, exported, result, scoping } = outcome;
  const name = nameOf(outcome);
  const isInScope = scoping.isActive && scoping.isAssigned && scoping.hasRequiredRole;
  const steps = [
    {
      name: "EntryImport",
      type: "Import",
      status: outcome.user === undefined ? "Failure" : "Success",
      description: `Retrieved User '${name}' from Azure Active Directory`,
      timestamp,
      details: { objectId: outcome.sourceId, userPrincipalName: name },
    },
    {
      name: "EntrySynchronizationScoping",
      type: "Scoping",
      status: isInScope ? "Success" : "Skipped",
      description: "Determine if User in scope by evaluating against each scoping filter",
      timestamp,
      details: scopingDetails(scoping),
    },
  ];
  if (exported === undefined) {
    const details = { SkipReason: error?.code ?? "" };
    const description = error?.message ?? "";
    return [
      ...steps,
      { name: "EntrySynchronizationSkip", type: "Export", status: result, description, timestamp, details },
    ];
  }
  const exportName = exported.action === "create" ? "EntryExportAdd" : "EntryExportUpdate";
  const description = `User '${name}' was ${exported.action === "create" ? "created" : "updated"} in Azure Active Directory (target tenant)`;
  const details = { objectId: exported.targetId };
  return [...steps, { name: exportName, type: "Export", status: result, description, timestamp, details }];
}

// The engine writes truth values as words.
function scopingDetails(scoping: Scoping) {
  const word = (truth: boolean) => (truth ? "True" : "False");
  return {
    "Active in the source system": word(scoping.isActive),
    "Assigned to the application": word(scoping.isAssigned),
    "User has the required role": word(scoping.hasRequiredRole),
    "Scoping filter evaluation passed": "True",
    ScopeEvaluationResult: "{}",
  };
}
