import { done, endpoint, refuse } from "../../api/endpoint.ts";
import type { ApiPorts } from "./api-ports.ts";
import { knownRun, runParams, runQuery } from "./known-run.ts";
import { runOf, runSchema } from "./run-answer.ts";

/** A comparison that anybody or anything has begun. */
export const readRun = endpoint({
  name: "read-run",
  method: "GET",
  route: "runs/{id}",
  role: "Muster.Read",
  summary: "A run of any occasion, and what it has found in each place",
  params: runParams,
  query: runQuery,
  answer: { status: 200, means: "The run, with each of its places.", body: runSchema },
  problems: { 404: "There is no run with this id, or it has no such place." },
  async reply({ params, query }, ports: ApiPorts) {
    const run = await knownRun({ ...params, target: query.target }, ports);
    if (run !== null) return done(runOf(run));
    return refuse(
      404,
      "There is no run with this id, or it has no such place. Runs are kept for 90 days; GET /api/runs lists them.",
    );
  },
});
