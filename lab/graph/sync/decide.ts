import type { UserRecord } from "../directory/objects.ts";
import type { DirectoryView } from "../directory/view.ts";
import { accountOf, matchOf } from "./export.ts";
import type { SyncJob } from "./job.ts";
import { isEnabled, isSyncable } from "./exported-user.ts";

/** What a cycle has to do about one source user. */
export type Work =
  | { readonly kind: "create"; readonly user: UserRecord }
  | { readonly kind: "change"; readonly user: UserRecord; readonly account: UserRecord }
  | { readonly kind: "restore"; readonly user: UserRecord; readonly account: UserRecord }
  | { readonly kind: "delete"; readonly sourceId: string; readonly account: UserRecord }
  /** Left scope after a synchronized disable: sync forgets the account instead of deleting it. */
  | { readonly kind: "leave"; readonly sourceId: string }
  | { readonly kind: "none" };

const none: Work = { kind: "none" };

/** See "How cross-tenant synchronization works" (facts 6.4). The target's state is never compared. */
export function decide(
  job: SyncJob,
  sourceId: string,
  seen: { readonly source: DirectoryView; readonly scoped: ReadonlySet<string> },
): Work {
  const { source, scoped } = seen;
  const user = source.user(sourceId);
  if (user === undefined) return deletion(job, sourceId);
  if (!scoped.has(sourceId)) {
    const wasDisabled = job.links.get(sourceId)?.exportedEnabled === false;
    return wasDisabled ? leaving(job, sourceId) : deletion(job, sourceId);
  }
  return isSyncable(user) ? provisioning(job, user) : none;
}

function deletion(job: SyncJob, sourceId: string): Work {
  const link = job.links.get(sourceId);
  const account = link?.state === "active" ? job.target.users.get(link.targetId) : undefined;
  return account === undefined ? none : { kind: "delete", sourceId, account };
}

function leaving(job: SyncJob, sourceId: string): Work {
  return job.links.get(sourceId)?.state === "active" ? { kind: "leave", sourceId } : none;
}

function provisioning(job: SyncJob, user: UserRecord): Work {
  const link = job.links.get(user.id);
  if (link?.state === "active" && link.revision === user.revision) return none;
  const account = link === undefined ? matchOf(job, user) : job.target.users.get(link.targetId);
  if (account !== undefined) return { kind: "change", user, account };
  // Nobody is created, or brought back, to be disabled at once.
  if (!isEnabled(user)) return none;
  const deleted =
    link === undefined
      ? accountOf(job.target.deletedUsers.entries(), user.id)
      : job.target.deletedUsers.get(link.targetId);
  return deleted === undefined ? { kind: "create", user } : { kind: "restore", user, account: deleted };
}

/** Whether the accidental-deletion threshold counts it: disables do, too. */
export function isRemoval(work: Work): boolean {
  return (
    work.kind === "delete" || (work.kind === "change" && isEnabled(work.account) && !isEnabled(work.user))
  );
}
