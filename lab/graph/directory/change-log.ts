import type { DirectoryObject } from "./objects.ts";

/** One change of one object: what delta queries replay and change notifications announce. */
export type Change = {
  readonly seq: number;
  /** Virtual time, epoch milliseconds. */
  readonly at: number;
  readonly tenantId: string;
  readonly kind: "user" | "group";
  readonly id: string;
  readonly event: "created" | "changed" | "softDeleted" | "restored" | "purged";
  /** Names of the properties that really changed; empty for a PATCH that changed nothing. */
  readonly properties: readonly string[];
  readonly members: readonly MemberChange[];
};

export type MemberChange = {
  readonly id: string;
  readonly kind: DirectoryObject["kind"];
  readonly change: "added" | "removed";
};

export type ChangeLog = {
  add(
    change: Omit<Change, "seq" | "at" | "tenantId" | "members"> & { members?: readonly MemberChange[] },
  ): void;
  /** Changes after `seq`, up to and including those at virtual time `until`. */
  since(seq: number, until?: number): readonly Change[];
  /** The latest sequence number not younger than `until`. */
  latest(until?: number): number;
  listen(listener: (change: Change) => void): void;
};

export function changeLog(tenantId: string, now: () => number): ChangeLog {
  const changes: Change[] = [];
  const listeners: ((change: Change) => void)[] = [];
  const isOldEnough = (change: Change, until: number | undefined) =>
    until === undefined || change.at <= until;

  return {
    add(draft) {
      const change: Change = { members: [], ...draft, seq: changes.length + 1, at: now(), tenantId };
      changes.push(change);
      for (const listener of listeners) listener(change);
    },
    since: (seq, until) => changes.slice(seq).filter((change) => isOldEnough(change, until)),
    latest: (until) => changes.findLast((change) => isOldEnough(change, until))?.seq ?? 0,
    listen: (listener) => void listeners.push(listener),
  };
}
