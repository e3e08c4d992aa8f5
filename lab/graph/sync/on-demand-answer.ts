import { textOf } from "../directory/text.ts";
import type { UserRecord } from "../directory/objects.ts";
import type { SyncJob } from "./job.ts";
import { redundantExport, type OnDemandOutcome, type Scoping } from "./on-demand.ts";

/**
 * The `stringKeyStringValuePair` of provisionOnDemand: JSON inside strings, in one of two documented shapes. Both hold the
 * same event; the cross-tenant one is a list of events under the name of a type.
 * https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-provisionondemand
 * https://learn.microsoft.com/entra/identity/multi-tenant-organizations/cross-tenant-synchronization-configure-graph
 */
export function onDemandAnswer(job: SyncJob, outcome: OnDemandOutcome): { key: string; value: string } {
  const event = eventOf(job, outcome);
  if (job.responseShape === "statusInfo") {
    const key = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo";
    return { key, value: JSON.stringify([event]) };
  }
  const { result, error } = outcome;
  const errorDetails = error === undefined ? {} : { errorCode: error.code, errorMessage: error.message };
  return { key: JSON.stringify({ result, details: errorDetails }), value: JSON.stringify(event) };
}

const actions = {
  create: "Create",
  update: "Update",
  disable: "Disable",
  delete: "Delete",
  other: "Other",
} as const;

const [source, target] = ["Azure Active Directory", "Azure Active Directory (target tenant)"];

function eventOf(job: SyncJob, outcome: OnDemandOutcome) {
  const { exported, result } = outcome;
  const at = new Date(job.source.clock.now()).toISOString();
  return {
    provisioningSteps: stepsOf(job, outcome).map((step) => ({ ...step, timestamp: at })),
    modifiedProperties: Object.entries(exported?.written ?? {}).map(([displayName, value]) => ({
      displayName,
      oldValue: null,
      newValue: word(value),
    })),
    action: actions[exported?.action ?? "other"],
    changeId: job.source.mint("provisioningChange"),
    startTime: at,
    endTime: at,
    reportableIdentifier: nameOf(outcome),
    statusInfo: {
      status: result,
      ...failureOf(outcome),
      additionalDetails: null,
      errorCategory: null,
      recommendedAction: null,
    },
    sourceIdentity: identity(outcome.sourceId),
    sourceSystem: { id: null, name: source, details: null },
    targetIdentity: identity(outcome.targetId ?? null),
    targetSystem: { id: null, name: target, details: null },
  };
}

/** A skip has no error code: its reason stands in the last step. */
function failureOf({ result, error }: OnDemandOutcome) {
  const failure = result === "Failure" ? error : undefined;
  return { errorCode: failure?.code ?? null, reason: failure?.message ?? null };
}

function identity(id: string | null) {
  return { id, type: "User", displayName: null, details: null };
}

function nameOf({ user, sourceId }: OnDemandOutcome): string {
  return textOf(user?.properties["userPrincipalName"]) || sourceId;
}

type Step = {
  readonly name: string;
  readonly type: "Import" | "Matching" | "Scoping" | "Export";
  readonly status: "Success" | "Skipped" | "Failure";
  readonly description: string;
  readonly details: Readonly<Record<string, string>>;
};

function stepsOf(job: SyncJob, outcome: OnDemandOutcome): readonly Step[] {
  return [
    ...importStep(outcome),
    ...matchingStep(job, outcome),
    ...scopingStep(outcome),
    exportStep(outcome),
  ];
}

function importStep(outcome: OnDemandOutcome): Step[] {
  const { user } = outcome;
  if (user === undefined) return [];
  const description = `Retrieved User '${nameOf(outcome)}' from ${source}`;
  return [{ name: "EntryImport", type: "Import", status: "Success", description, details: imported(user) }];
}

/** There is one when somebody in the target matches; the step has the name of an import. */
function matchingStep(job: SyncJob, { exported, targetId }: OnDemandOutcome): Step[] {
  const account = targetId === undefined ? undefined : job.target.users.get(targetId);
  if (account === undefined || exported?.action === "create") return [];
  const name = textOf(account.properties["userPrincipalName"]);
  const description = `Retrieved User '${name}' from ${target}`;
  return [
    { name: "EntryImport", type: "Matching", status: "Success", description, details: imported(account) },
  ];
}

/** Values travel as words. "False" here says nothing about the scope: nobody deleted the user. */
function imported(user: UserRecord): Readonly<Record<string, string>> {
  const { properties } = user;
  const shown = ["accountEnabled", "displayName", "mailNickname", "userPrincipalName"] as const;
  return {
    objectId: user.id,
    ...Object.fromEntries(shown.map((name) => [name, word(properties[name])])),
    IsSoftDeleted: word(user.deletedAt !== undefined),
    appRoleAssignments: "User",
  };
}

function scopingStep({ scoping }: OnDemandOutcome): Step[] {
  if (scoping === undefined) return [];
  const isInScope = scoping.isActive && scoping.isAssigned && scoping.hasRequiredRole;
  return [
    {
      name: "EntrySynchronizationScoping",
      type: "Scoping",
      status: isInScope ? "Success" : "Skipped",
      description: "Determine if User in scope by evaluating against each scoping filter",
      details: scopingDetails(scoping),
    },
  ];
}

function scopingDetails(scoping: Scoping) {
  return {
    "Active in the source system": word(scoping.isActive),
    "Assigned to the application": word(scoping.isAssigned),
    "User has the required role": word(scoping.hasRequiredRole),
    "Scoping filter evaluation passed": "True",
    ScopeEvaluationResult: "{}",
  };
}

function exportStep(outcome: OnDemandOutcome): Step {
  const { error, exported, result } = outcome;
  if (exported !== undefined) {
    const [name, done] =
      exported.action === "create" ? ["EntryExportAdd", "created"] : ["EntryExportUpdate", "updated"];
    const description = `User '${nameOf(outcome)}' was ${done} in ${target}`;
    return { name, type: "Export", status: result, description, details: { objectId: exported.targetId } };
  }
  const { code = "", message = "" } = error ?? {};
  if (result === "Failure") {
    const details = { ErrorCode: code };
    return { name: "EntryExport", type: "Export", status: result, description: message, details };
  }
  const name = nameOf(outcome);
  const description =
    code === redundantExport
      ? `${message} No change to the User '${name}' currently needs to be made.`
      : `The User '${name}' will be skipped. ${message}`;
  const details = { SkipReason: code };
  return { name: "EntrySynchronizationSkip", type: "Export", status: result, description, details };
}

// The engine writes truth values as words, and nothing as nothing.
function word(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string"
    ? value
    : value === null || value === undefined
      ? ""
      : JSON.stringify(value);
}
