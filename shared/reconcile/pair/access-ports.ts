import type { GrantReaders } from "../../graph/grants/kind.ts";
import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { SourceWriter } from "../../graph/source-writer.ts";
import type { Provisioner, SyncJobReader } from "../../graph/synchronization.ts";
import type { TargetReader } from "../../graph/target-reader.ts";
import type { TargetWriter } from "../../graph/target-writer.ts";
import type { Priority, SendLimits } from "../../graph/tenant.ts";
import type { AnalystRecord } from "../../model/analyst.ts";
import type { Grant } from "../../model/grant.ts";
import type { AnalystId } from "../../model/ids.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Plan } from "../../model/plan.ts";
import type { Place, Policy } from "../../policy/policy.ts";
import type { Analysts } from "../../state/analysts.ts";
import type { Claim } from "../../state/key-state.ts";
import type { Departures } from "../../state/departures.ts";
import type { Journal } from "../../state/journal.ts";
import type { Pairs } from "../../state/pairs.ts";
import type { Slots } from "../../state/slots.ts";
import type { Run } from "../run/handling.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";

/** What reading one analyst in one target needs. There is nothing to write with in here. */
export type AccessReadPorts = {
  readonly source: { readonly reader: SourceReader; readonly grants: GrantReaders };
  readonly tenant: { readonly reader: TargetReader };
  readonly pairs: Pick<Pairs, "read" | "list">;
  readonly now: () => number;
};

/** What carrying out a checked plan needs. */
type AccessWritePorts = {
  readonly source: { readonly grants: GrantReaders };
  readonly sourceWriter: SourceWriter;
  readonly targetWriter: TargetWriter;
  readonly tenant: { readonly reader: TargetReader };
  readonly provisioner: Provisioner;
  readonly jobs: SyncJobReader;
  readonly slots: Slots;
  readonly pairs: Pick<Pairs, "list">;
  readonly now: () => number;
  /** The source tenant's own time, epoch ms: accounts say by that clock when they were created. */
  readonly graphNow: () => number;
};

export type AccessPorts = AccessReadPorts &
  AccessWritePorts & {
    readonly source: { readonly groups: GroupDirectory };
    /** The policy that is in force now: asked in every round, never kept. */
    readonly policy: () => Promise<PolicyNow>;
    readonly analysts: Pick<Analysts, "read">;
    readonly departures: Pick<Departures, "read" | "last">;
    readonly journal: Journal;
  };

/** What a round goes by: nothing of it is older than the round. */
export type Rules = {
  readonly policy: Policy;
  readonly target: Place;
  /** When the policy was changed last, epoch ms. */
  readonly since: number;
};

/** One round's look: the analyst as Muster knows them now, and what is remembered of the pair. */
export type Looking = {
  readonly record: AnalystRecord;
  readonly news: "none" | "waits";
  readonly pair: PairRecord;
  readonly rules: Rules;
  readonly priority: Priority;
  readonly run: Pick<Run, "attempts">;
};

/** One run's writes for one pair. What is remembered of the pair is in the claim, kept current while steps run. */
export type Performing = {
  readonly analyst: AnalystId;
  /** The address that an account of theirs would have. */
  readonly mail: string;
  readonly limits: Pick<SendLimits, "priority">;
  readonly rules: Rules;
  readonly purpose: Plan["purpose"];
  /** Whether a look has just found the analyst in scope, by whosever hand. */
  readonly isInScope: boolean;
  /** Whether a look has just not shown if this is there. */
  readonly isUnread: (grant: Grant) => boolean;
  /** Asks whether the analyst is still who the plan was made for. */
  readonly isStill: () => Promise<boolean>;
  readonly ports: AccessWritePorts;
  readonly claim: Claim<PairRecord>;
};
