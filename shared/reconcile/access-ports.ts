import type { GroupDirectory } from "../graph/group-directory.ts";
import type { SourceReader } from "../graph/source-reader.ts";
import type { SourceWriter } from "../graph/source-writer.ts";
import type { Provisioner, SyncJobReader } from "../graph/synchronization.ts";
import type { TargetReader } from "../graph/target-reader.ts";
import type { TargetWriter } from "../graph/target-writer.ts";
import type { Policy, Target } from "../policy/policy.ts";
import type { Accounts } from "../state/accounts.ts";
import type { Analysts } from "../state/analysts.ts";
import type { Journal } from "../state/journal.ts";
import type { Ledger } from "../state/ledger.ts";
import type { Slots } from "../state/slots.ts";

/** What reading one analyst in one target needs. There is nothing to write with in here. */
export type AccessReadPorts = {
  readonly policy: Policy;
  readonly target: Target;
  readonly source: { readonly reader: SourceReader; readonly groups: GroupDirectory };
  readonly tenant: { readonly reader: TargetReader; readonly groups: GroupDirectory };
  readonly analysts: Analysts;
  readonly accounts: Pick<Accounts, "get">;
  readonly ledger: Pick<Ledger, "list">;
  readonly now: () => number;
};

/** What carrying out a checked plan needs. */
export type AccessWritePorts = {
  readonly policy: Policy;
  readonly target: Target;
  readonly sourceWriter: SourceWriter;
  readonly targetWriter: TargetWriter;
  readonly tenant: { readonly reader: TargetReader };
  readonly provisioner: Provisioner;
  readonly jobs: SyncJobReader;
  readonly accounts: Accounts;
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly now: () => number;
};

export type AccessPorts = AccessReadPorts & AccessWritePorts & { readonly journal: Journal };
