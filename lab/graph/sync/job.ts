import type { Tenant } from "../directory/tenant.ts";
import type { Span, Weather } from "../../weather.ts";
import { guidFrom } from "../ids.ts";
import type { SyncJobSeed } from "../seed.ts";
import { firstMappings, type AttributeMapping } from "./mapping.ts";

/** One cross-tenant-synchronization job: its settings, and what it remembers between cycles. */
export type SyncJob = {
  readonly id: string;
  readonly ruleId: string;
  readonly servicePrincipalId: string;
  /** The `msiam_access` role of the sync app. */
  readonly appRoleId: string;
  readonly source: Tenant;
  readonly target: Tenant;
  readonly responseShape: "statusInfo" | "result";
  /** How long a new assignment goes unnoticed by on-demand provisioning. */
  readonly assignmentMs: Span;
  readonly deleteThreshold: number | undefined;
  /** By source user id. */
  readonly links: Map<string, Link>;
  mappings: readonly AttributeMapping[];
  state: "Active" | "Paused";
  quarantine: Quarantine | undefined;
  /** Set by a restart with ForceDeletes: the next cycle deletes whatever the number. */
  deletesAllowed: boolean;
  lastExecution: Execution | undefined;
  lastSuccessfulExecution: Execution | undefined;
};

type Link = {
  readonly targetId: string;
  /** Revision of the source user at the last export: sync compares with this, never with the target. */
  readonly revision: number;
  readonly exportedEnabled: boolean;
  /** `left`: out of scope after a disable had been synchronized; such an account is not deleted. */
  readonly state: "active" | "deleted" | "left";
};

export type Quarantine = {
  readonly reason: "TooManyDeletes" | "EncounteredQuarantineException";
  readonly since: number;
  readonly message: string;
};

export type Execution = {
  readonly cycleId: string;
  readonly began: number;
  readonly ended: number;
  readonly entitled: number;
  readonly exported: number;
  /** Users it failed for, who are tried again in the next one. */
  readonly escrowed: number;
  readonly state: "Succeeded" | "EntryLevelErrors" | "Failed";
  readonly error: string | undefined;
};

export function createJob(
  seed: SyncJobSeed,
  world: { readonly source: Tenant; readonly target: Tenant; readonly weather: Weather },
): SyncJob {
  const { source, target, weather } = world;
  const { assignmentLagMs } = seed;
  return {
    id: seed.jobId,
    ruleId: seed.ruleId,
    servicePrincipalId: seed.servicePrincipalId,
    appRoleId: accessRoleOf(source, seed.servicePrincipalId),
    source,
    target,
    responseShape: seed.responseShape ?? "statusInfo",
    assignmentMs: assignmentLagMs === undefined ? weather.assignmentMs : [assignmentLagMs, assignmentLagMs],
    deleteThreshold: seed.deleteThreshold,
    links: new Map((seed.linked ?? []).map((pair) => [pair.sourceId, seededLink(world, pair)])),
    mappings: firstMappings(seed.mappedExtensions ?? []),
    state: seed.state ?? "Active",
    quarantine: undefined,
    deletesAllowed: false,
    lastExecution: undefined,
    lastSuccessfulExecution: undefined,
  };
}

/** The role id of a sync app that the seed leaves to the lab. */
export function defaultAccessRoleId(worldSeed: string | number, servicePrincipalId: string): string {
  return guidFrom(worldSeed, "msiam_access", servicePrincipalId);
}

function accessRoleOf(source: Tenant, servicePrincipalId: string): string {
  const roles = source.servicePrincipals.get(servicePrincipalId)?.properties["appRoles"];
  const found = (Array.isArray(roles) ? roles : []).find(isAccessRole);
  if (found === undefined) {
    throw new Error(
      `Sync service principal ${servicePrincipalId} in ${source.name} has no app role msiam_access.`,
    );
  }
  return found.id;
}

function isAccessRole(role: unknown): role is { id: string } {
  return (
    typeof role === "object" && role !== null && "displayName" in role && role.displayName === "msiam_access"
  );
}

/** As if an earlier cycle had made, or adopted, the account. */
function seededLink(
  { source, target }: { source: Tenant; target: Tenant },
  pair: { sourceId: string; targetId: string },
): Link {
  const user = source.users.get(pair.sourceId);
  const account = target.users.get(pair.targetId);
  if (user === undefined || account === undefined) {
    throw new Error(
      `The linked pair ${pair.sourceId} → ${pair.targetId} names a user the seed does not have.`,
    );
  }
  target.users.plant(account.id, { ...account, sourceId: user.id });
  return {
    targetId: account.id,
    revision: user.revision,
    exportedEnabled: user.properties["accountEnabled"] !== false,
    state: "active",
  };
}
