import type { DirectoryView } from "../directory/view.ts";
import { decide, isRemoval, type Work } from "./decide.ts";
import { exportChange, exportDeletion, exportNew, exportRestore, type Exported } from "./export.ts";
import type { SyncJob } from "./job.ts";
import type { ProvisioningLog } from "./provisioning-log.ts";
import { scopedUserIds } from "./scope.ts";
import type { TroubleWith } from "./trouble.ts";

/**
 * One pass over everyone linked or in scope. Too many removals stop the whole job before anything is written; whoever it
 * fails for is left as they are and comes again in the next one.
 */
export function runCycle(job: SyncJob, { source, log, troubleWith }: Surroundings): void {
  const began = job.source.clock.now();
  const cycleId = job.source.mint("cycle");
  const scoped = scopedUserIds(job, source);
  const sourceIds = new Set([...job.links.keys(), ...scoped]);
  const work = [...sourceIds]
    .map((id) => decide(job, id, { source, scoped }))
    .filter(({ kind }) => kind !== "none");
  const removals = work.filter(isRemoval);
  const isTooMany = job.deleteThreshold !== undefined && removals.length > job.deleteThreshold;
  const execution = { cycleId, began, ended: began, entitled: scoped.size, escrowed: 0 };
  if (isTooMany && !job.deletesAllowed) {
    const error = `${removals.length} removals exceed the threshold of ${job.deleteThreshold ?? 0}.`;
    stage(job, { log, removals, cycleId });
    job.quarantine = { reason: "TooManyDeletes", since: began, message: error };
    job.lastExecution = { ...execution, exported: 0, state: "Failed", error };
    return;
  }
  const done = work.map((item) => perform(job, item, { log, cycleId, troubleWith }));
  const escrowed = done.filter((each) => each === "failed").length;
  job.deletesAllowed = false;
  job.lastExecution = {
    ...execution,
    exported: work.length - escrowed,
    escrowed,
    state: escrowed > 0 ? "EntryLevelErrors" : "Succeeded",
    error: undefined,
  };
  if (escrowed === 0) job.lastSuccessfulExecution = job.lastExecution;
}

/** What a cycle reads, where it writes down what it did, and what may keep it from it. */
type Surroundings = {
  readonly source: DirectoryView;
  readonly log: ProvisioningLog;
  readonly troubleWith: TroubleWith;
};
type Book = { readonly log: ProvisioningLog; readonly cycleId: string };

function perform(
  job: SyncJob,
  work: Work,
  { troubleWith, ...book }: Book & Pick<Surroundings, "troubleWith">,
): "done" | "failed" {
  if (work.kind === "none") return "done";
  const sourceId = sourceIdOf(work);
  const trouble = troubleWith(job, sourceId, "in a cycle");
  if (trouble !== undefined) {
    const error = { code: trouble.code, reason: trouble.message };
    const targetId = "account" in work ? work.account.id : undefined;
    book.log.record(job, { ...book, action: actionOf(work), status: "failure", sourceId, targetId, error });
    return "failed";
  }
  if (work.kind === "leave") {
    const link = job.links.get(sourceId);
    if (link !== undefined) job.links.set(sourceId, { ...link, state: "left" });
    const error = { code: "NotEffectivelyEntitled", reason: "The user was disabled before leaving scope." };
    book.log.record(job, {
      ...book,
      action: "other",
      status: "skipped",
      sourceId,
      targetId: undefined,
      error,
    });
    return "done";
  }
  const exported = exportOf(job, work);
  book.log.record(job, { ...book, ...exported, status: "success", sourceId });
  return "done";
}

/** What would have been done, as the provisioning log calls it. */
function actionOf({ kind }: Exclude<Work, { kind: "none" }>): "create" | "update" | "delete" | "other" {
  if (kind === "create" || kind === "delete") return kind;
  return kind === "leave" ? "other" : "update";
}

function exportOf(job: SyncJob, work: Exclude<Work, { kind: "none" | "leave" }>): Exported {
  switch (work.kind) {
    case "create":
      return exportNew(job, work.user);
    case "change":
      return exportChange(job, work.user, work.account);
    case "restore":
      return exportRestore(job, work.user, work.account);
    case "delete":
      return exportDeletion(job, work.sourceId, work.account);
    default:
      return work satisfies never;
  }
}

function stage(job: SyncJob, held: Book & { readonly removals: readonly Work[] }): void {
  for (const work of held.removals) {
    if (work.kind !== "delete" && work.kind !== "change") continue;
    held.log.record(job, {
      cycleId: held.cycleId,
      action: "stagedDelete",
      status: "skipped",
      sourceId: sourceIdOf(work),
      targetId: work.account.id,
      error: { code: "TooManyDeletes", reason: "Waits until the deletions are allowed." },
    });
  }
}

function sourceIdOf(work: Exclude<Work, { kind: "none" }>): string {
  return "user" in work ? work.user.id : work.sourceId;
}
