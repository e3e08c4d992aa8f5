import type { BeginPorts } from "../../reconcile/sweep/begin-sweep.ts";
import type { Findings } from "../../state/findings.ts";
import type { Runs } from "../../state/runs.ts";

/** What endpoints need of the world. */
export type ApiPorts = Omit<BeginPorts, "runs"> & {
  readonly findings: Pick<Findings, "openIn">;
  readonly runs: Pick<Runs, "begin" | "read" | "newest" | "parts" | "differences" | "claimKey">;
};
