import { z } from "zod";
import { done, endpoint } from "../../api/endpoint.ts";
import type { ApiPorts } from "./api-ports.ts";
import { headOf, runHeadSchema } from "./run-answer.ts";

const most = 200;

/** Comparisons, by the night, an operator or another policy. */
export const listRuns = endpoint({
  name: "list-runs",
  method: "GET",
  route: "runs",
  role: "Muster.Read",
  summary: "Runs of every occasion, the newest first",
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(most).default(50).describe("How many, at most."),
  }),
  answer: { status: 200, means: "The runs.", body: z.object({ runs: z.array(runHeadSchema) }) },
  async reply({ query }, { runs }: ApiPorts) {
    const newest = await runs.newest(query.limit);
    return done({ runs: newest.map(headOf) });
  },
});
