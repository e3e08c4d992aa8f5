import type { Endpoint } from "../../api/endpoint.ts";
import type { ApiPorts } from "./api-ports.ts";
import { clearDeparture } from "./clear-departure.ts";
import { createResync } from "./create-resync.ts";
import { listRuns } from "./list-runs.ts";
import { readResync } from "./read-resync.ts";
import { readRun } from "./read-run.ts";

/** Everything that operators can ask. Each has a function of its name. */
export const endpoints: readonly Endpoint<ApiPorts>[] = [
  createResync,
  readResync,
  listRuns,
  readRun,
  clearDeparture,
];
