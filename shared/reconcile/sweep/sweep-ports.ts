import type { AccountLists } from "../../graph/account-lists.ts";
import type { GrantReaders, HolderReaders } from "../../graph/grants/kind.ts";
import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { TenantId } from "../../model/ids.ts";
import type { Message } from "../../queue/keys.ts";
import type { Analysts } from "../../state/analysts.ts";
import type { Findings } from "../../state/findings.ts";
import type { Pairs } from "../../state/pairs.ts";
import type { Runs } from "../../state/runs.ts";
import type { PlanAccessPorts } from "../access/plan-only.ts";
import type { PlanAnalystPorts } from "../source/plan-only.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";

/** Reads a tenant as a whole; there is nothing to write with in here. */
export type PlaceReader = {
  /** What the names of the policy mean there. */
  readonly grants: GrantReaders;
  readonly holders: HolderReaders;
  readonly accounts: AccountLists;
};

/** A sweep writes its own report and puts keys on the queue; whatever is done about what it finds, workers of those keys do. */
export type SweepPorts = {
  /** @throws PolicyUnusable */
  readonly policy: () => Promise<PolicyNow>;
  readonly source: { readonly reader: SourceReader; readonly groups: GroupDirectory };
  readonly place: (tenant: TenantId) => PlaceReader;
  /** For saying what would be done, and no more. */
  readonly planning: {
    readonly analyst: PlanAnalystPorts;
    readonly access: (tenant: TenantId) => PlanAccessPorts;
  };
  readonly analysts: Pick<Analysts, "list" | "read">;
  readonly pairs: Pick<Pairs, "list" | "read">;
  readonly runs: Runs;
  readonly findings: Findings;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly now: () => number;
  readonly log: (
    level: "info" | "warn" | "error",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
};
