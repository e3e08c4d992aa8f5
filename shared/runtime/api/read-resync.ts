import { done, endpoint, refuse } from "../../api/endpoint.ts";
import type { ApiPorts } from "./api-ports.ts";
import { knownRun, runParams, runQuery } from "./known-run.ts";
import { runOf, runSchema } from "./run-answer.ts";

/** How far something is that was asked for, and what was found. */
export const readResync = endpoint({
  name: "read-resync",
  method: "GET",
  route: "resyncs/{id}",
  role: "Muster.Read",
  summary: "How far a resync is, and what it has found in each place",
  params: runParams,
  query: runQuery,
  answer: { status: 200, means: "The resync, with each of its places.", body: runSchema },
  problems: { 404: "There is no resync with this id, or it has no such place." },
  async reply({ params, query }, ports: ApiPorts) {
    const run = await knownRun(
      { ...params, target: query.target },
      ports,
      ({ occasion }) => occasion === "resync",
    );
    if (run !== null) return done(runOf(run));
    return refuse(
      404,
      "There is no resync with this id, or it has no such place. Resyncs are kept for 90 days; GET /api/runs has other runs.",
    );
  },
});
