import type { BeginPorts } from "../../reconcile/sweep/begin-sweep.ts";
import type { ClearPorts } from "../../reconcile/workflows/clear-departure.ts";
import type { Findings } from "../../state/findings.ts";
import type { Runs } from "../../state/runs.ts";

/** What endpoints need of the world. */
export type ApiPorts = Omit<BeginPorts, "runs"> &
  Pick<ClearPorts, "pairs" | "departures"> & {
    readonly findings: Pick<Findings, "openIn">;
    readonly runs: Pick<Runs, "begin" | "read" | "newest" | "parts" | "differences" | "claimKey">;
  };
