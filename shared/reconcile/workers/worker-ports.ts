import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { AccountLists } from "../../graph/account-lists.ts";
import type { GrantReaders, HolderReaders } from "../../graph/grants/kind.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { SourceWriter } from "../../graph/source-writer.ts";
import type { Provisioner, SyncJobReader } from "../../graph/synchronization.ts";
import type { TargetReader } from "../../graph/target-reader.ts";
import type { TargetWriter } from "../../graph/target-writer.ts";
import type { WorkflowCallback } from "../../graph/workflow-callback.ts";
import { analystIdSchema, type AnalystId, type TenantId } from "../../model/ids.ts";
import type { Message, ParkedMessage } from "../../queue/keys.ts";
import type { Analysts } from "../../state/analysts.ts";
import type { Departures } from "../../state/departures.ts";
import type { Findings } from "../../state/findings.ts";
import type { Journal } from "../../state/journal.ts";
import type { KeyTable } from "../../state/key-state.ts";
import type { Pairs } from "../../state/pairs.ts";
import type { RoleKeys } from "../../state/role-keys.ts";
import type { Runs } from "../../state/runs.ts";
import type { SubscriptionRows } from "../../state/subscription-rows.ts";
import type { Slots } from "../../state/slots.ts";
import type { Troubles } from "../../state/troubles.ts";
import type { WorkflowCalls } from "../../state/workflow-calls.ts";
import type { HandlePorts } from "../run/handling.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";

/** Everything that handling messages needs, from the edges. */
export type WorkerPorts = {
  /** The policy that is in force now. @throws PolicyUnusable */
  readonly policy: () => Promise<PolicyNow>;
  readonly source: {
    readonly reader: SourceReader;
    readonly writer: SourceWriter;
    readonly groups: GroupDirectory;
    /** What analysts are given in the source themselves, by kind. */
    readonly grants: GrantReaders;
    readonly provisioner: Provisioner;
    readonly jobs: SyncJobReader;
    /** The tenant's own time, epoch ms. */
    readonly now: () => number;
  };
  readonly target: (tenant: TenantId) => {
    readonly reader: TargetReader;
    readonly writer: TargetWriter;
  };
  readonly analysts: Analysts;
  readonly pairs: Pairs;
  readonly roleKeys: RoleKeys;
  readonly departures: Departures;
  readonly calls: WorkflowCalls;
  readonly callback: (tenant: TenantId) => WorkflowCallback;
  readonly subscriptions: Pick<SubscriptionRows, "list" | "change">;
  readonly slots: Slots;
  readonly troubles: Troubles;
  readonly findings: Findings;
  readonly journal: Journal;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly park: (message: ParkedMessage) => Promise<void>;
  readonly now: () => number;
  /** Whether this process does something for the first time for this moment, epoch ms. */
  readonly isFirst: (what: string, at: number) => boolean;
};

/** What a sweep needs besides. */
export type SweepWorkerPorts = WorkerPorts & {
  /** Reads a tenant as a whole. `home`: it is the source. */
  readonly lists: (tenant: TenantId) => {
    readonly holders: HolderReaders;
    readonly accounts: AccountLists;
    readonly home: "yes" | "no";
  };
  readonly runs: Runs;
};

export type Log = HandlePorts<unknown>["log"];

/** The analysts of a partition whose keys wait for a trouble to end. */
export async function whoWaits(
  table: Pick<KeyTable<unknown>, "list">,
  partition: string,
  trouble: string,
): Promise<readonly AnalystId[]> {
  const rows = await table.list(partition);
  return rows
    .filter(({ state }) => state.clock.waitsFor.includes(trouble))
    .map(({ rowKey }) => analystIdSchema.parse(rowKey));
}
