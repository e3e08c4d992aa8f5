import type { UserRecord } from "../directory/objects.ts";
import type { DirectoryView } from "../directory/view.ts";
import { accountOf, exportChange, exportNew, matchOf, type Exported } from "./export.ts";
import type { Quarantine, SyncJob } from "./job.ts";
import { isEnabled, isSyncable } from "./exported-user.ts";
import type { Assignments } from "./assignments.ts";
import { isAssigned, scopeEvidence } from "./scope.ts";
import type { TroubleWith } from "./trouble.ts";

/** What provisionOnDemand made of one user. */
export type OnDemandOutcome = {
  readonly result: "Success" | "Skipped" | "Failure";
  readonly user: UserRecord | undefined;
  readonly sourceId: string;
  readonly exported: Exported | undefined;
  /** The target account, also when nothing had to be written. */
  readonly targetId: string | undefined;
  /** Undefined when the question did not come up. */
  readonly scoping: Scoping | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** A soft-deleted account of the same person was passed over: now there are two. */
  readonly duplicated: boolean;
};

/** The skip that means: already as it should be. */
export const redundantExport = "RedundantExport";

export type Scoping = {
  readonly isActive: boolean;
  readonly isAssigned: boolean;
  readonly hasRequiredRole: boolean;
};

/** What the engine sees: the source tenant as some replica shows it, and the assignments that count by now. */
export type OnDemandSight = {
  readonly source: DirectoryView;
  readonly assignments: Assignments;
  readonly quarantine: Quarantine | undefined;
  readonly troubleWith: TroubleWith;
};

export function provisionOnDemand(job: SyncJob, sourceId: string, sight: OnDemandSight): OnDemandOutcome {
  const { source } = sight;
  const user = source.user(sourceId);
  const known = user ?? source.deletedUser(sourceId);
  const unexported = { sourceId, exported: undefined, targetId: undefined, duplicated: false };
  if (sight.quarantine !== undefined) {
    const error = quarantined(sight.quarantine);
    return { ...unexported, user: undefined, scoping: undefined, result: "Failure", error };
  }
  const scoping = scopingOf(job, sourceId, sight);
  const base = { ...unexported, user: known, scoping };
  const skip = (code: string, message: string): OnDemandOutcome => ({
    ...base,
    result: "Skipped",
    error: { code, message },
  });
  if (known === undefined) {
    const message = `No user '${sourceId}' was found in the source system.`;
    return { ...base, result: "Failure", error: { code: "SourceObjectNotFound", message } };
  }
  if (user === undefined) return skip("NotEffectivelyEntitled", "User is deleted in the source system.");
  if (!isSyncable(user))
    return skip("NotEffectivelyEntitled", "User is not an internal member of the source.");
  if (!scoping.isAssigned) return skip("NotEffectivelyEntitled", "User is not assigned.");
  if (!scoping.hasRequiredRole) {
    return skip(
      "NotEffectivelyEntitled",
      "User does not have the required role: only the default access role.",
    );
  }
  if (!scoping.isActive) return skip("NotEffectivelyEntitled", "User is not active in the source system.");
  const trouble = sight.troubleWith(job, sourceId, "on demand");
  return trouble === undefined
    ? provision(job, user, base)
    : { ...base, result: "Failure", error: { code: trouble.code, message: trouble.message } };
}

/** How Graph puts it is not documented. */
function quarantined({ reason, message }: Quarantine) {
  const code = "SynchronizationJobInQuarantine";
  return { code, message: `The synchronization job is in quarantine (${reason}). ${message}` };
}

function provision(
  job: SyncJob,
  user: UserRecord,
  base: Omit<OnDemandOutcome, "result" | "error">,
): OnDemandOutcome {
  const link = job.links.get(user.id);
  const account =
    (link === undefined ? undefined : job.target.users.get(link.targetId)) ?? matchOf(job, user);
  if (account !== undefined && link?.state === "active" && link.revision === user.revision) {
    const message = "The state of the user in both the source and target systems already match.";
    return {
      ...base,
      result: "Skipped",
      targetId: account.id,
      error: { code: redundantExport, message },
    };
  }
  // On demand, a soft-deleted account is not found: the person gets a second one.
  const duplicated =
    account === undefined && accountOf(job.target.deletedUsers.entries(), user.id) !== undefined;
  const exported = account === undefined ? exportNew(job, user) : exportChange(job, user, account);
  return {
    ...base,
    result: "Success",
    exported,
    targetId: exported.targetId,
    error: undefined,
    duplicated,
  };
}

function scopingOf(job: SyncJob, sourceId: string, { source, assignments }: OnDemandSight): Scoping {
  const user = source.user(sourceId);
  const evidence = scopeEvidence(job, source, sourceId);
  const now = job.source.clock.now();
  const isHonoured = evidence.some((each) => assignments.showsAt(job, sourceId, each) <= now);
  return {
    isActive: user !== undefined && isEnabled(user),
    isAssigned: isHonoured || (evidence.length === 0 && isAssigned(job, source, sourceId)),
    hasRequiredRole: isHonoured,
  };
}
