import { changeUser, createUser, restoreUser, softDeleteUser } from "../directory/user-writes.ts";
import { syncActor, type Actor, type Properties, type UserRecord } from "../directory/objects.ts";
import { textOf } from "../directory/text.ts";
import { viewOf } from "../directory/view.ts";
import type { SyncJob } from "./job.ts";
import { exportedProperties, isEnabled, mailOf, newAccountProperties } from "./exported-user.ts";
import { scopeEvidence } from "./scope.ts";

/** What an export did in the target tenant. */
export type Exported = {
  readonly action: "create" | "update" | "disable" | "delete" | "other";
  readonly targetId: string;
  readonly written: Properties;
};

/** Makes the account; it counts as the app's when the app put the person in scope. */
export function exportNew(job: SyncJob, user: UserRecord): Exported {
  const owner = ownerOf(job, user);
  const written = newAccountProperties(job, user);
  const account = createUser(job.target, { properties: written, by: syncActor, owner, sourceId: user.id });
  remember(job, user, account.id);
  return { action: "create", targetId: account.id, written };
}

/** Writes everything mapped, accountEnabled included: this is what undoes a block made in the target. */
export function exportChange(job: SyncJob, user: UserRecord, account: UserRecord): Exported {
  const written = exportedProperties(job, user);
  const wasEnabled = isEnabled(account);
  changeUser(job.target, account, { properties: written, by: syncActor, sourceId: user.id });
  remember(job, user, account.id);
  return {
    action: wasEnabled && !isEnabled(user) ? "disable" : "update",
    targetId: account.id,
    written,
  };
}

/** It counts as theirs who put the person in scope again. */
export function exportRestore(job: SyncJob, user: UserRecord, deleted: UserRecord): Exported {
  const restored = restoreUser(job.target, { ...deleted, createdBy: ownerOf(job, user) }, syncActor);
  return exportChange(job, user, restored);
}

export function exportDeletion(job: SyncJob, sourceId: string, account: UserRecord): Exported {
  softDeleteUser(job.target, account, syncActor);
  const link = job.links.get(sourceId);
  if (link !== undefined) job.links.set(sourceId, { ...link, state: "deleted" });
  return { action: "delete", targetId: account.id, written: {} };
}

/**
 * The live account that a source user without one is linked to: theirs, else an external one with their mail, whosever that is. So two
 * source users with one mail have one account.
 * https://learn.microsoft.com/entra/identity/app-provisioning/known-issues (4 October 2025), cross-tenant synchronization
 */
export function matchOf({ target }: SyncJob, user: UserRecord): UserRecord | undefined {
  const own = accountOf(target.users.entries(), user.id);
  if (own !== undefined) return own;
  const mail = mailOf(user).toLowerCase();
  for (const [, { properties, ...account }] of target.users.entries()) {
    // Somebody internal cannot be matched.
    const isExternal = properties["creationType"] === "Invitation";
    if (isExternal && textOf(properties["mail"]).toLowerCase() === mail) return { properties, ...account };
  }
  return undefined;
}

/** The target's account of a source user, by the identifier Graph does not show. */
export function accountOf(
  accounts: Iterable<readonly [string, UserRecord]>,
  sourceId: string,
): UserRecord | undefined {
  for (const [, account] of accounts) if (account.sourceId === sourceId) return account;
  return undefined;
}

function remember(job: SyncJob, user: UserRecord, targetId: string): void {
  job.links.set(user.id, {
    targetId,
    revision: user.revision,
    exportedEnabled: isEnabled(user),
    state: "active",
  });
}

function ownerOf(job: SyncJob, user: UserRecord): Actor {
  const evidence = scopeEvidence(job, viewOf(job.source), user.id);
  const actors = evidence.map(({ by }) => by.onBehalfOf ?? by);
  return actors.find(({ kind }) => kind === "app") ?? actors[0] ?? syncActor;
}
