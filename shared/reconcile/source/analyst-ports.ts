import { isDeepStrictEqual } from "node:util";
import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { SourceWriter } from "../../graph/source-writer.ts";
import type { AnalystRecord } from "../../model/analyst.ts";
import type { AccessMessage } from "../../queue/keys.ts";
import type { Analysts } from "../../state/analysts.ts";
import type { Departures } from "../../state/departures.ts";
import type { Journal } from "../../state/journal.ts";
import type { Claim } from "../../state/key-state.ts";
import type { Run } from "../run/handling.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";

/** What looking at one analyst in the source needs. */
export type AnalystPorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly reader: SourceReader;
  readonly writer: SourceWriter;
  readonly groups: GroupDirectory;
  readonly analysts: Pick<Analysts, "list">;
  readonly departures: Pick<Departures, "read">;
  readonly journal: Journal;
  readonly send: (messages: readonly AccessMessage[]) => Promise<void>;
  readonly now: () => number;
};

/** One run's look at one analyst. What is remembered of them is in the claim, kept current while the run goes on. */
export type AnalystRun = {
  readonly policy: PolicyNow;
  readonly ports: AnalystPorts;
  readonly claim: Claim<AnalystRecord | null>;
  readonly run: Run;
};

/** Written whenever something follows from it: what is decided is on record, and this run's claim is proven. */
export async function remember(record: AnalystRecord, { claim }: AnalystRun): Promise<void> {
  const known = claim.state().value;
  if (!isDeepStrictEqual(known, record)) await claim.write({ value: record });
}

export function current({ claim }: AnalystRun): AnalystRecord {
  const { value } = claim.state();
  if (value === null) throw new Error("an analyst was forgotten in the middle of a run");
  return value;
}
