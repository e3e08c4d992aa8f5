import { app } from "@azure/functions";
import { answer } from "../shared/runtime/api/answer.ts";
import { listRuns } from "../shared/runtime/api/list-runs.ts";

/** An operator looks what was compared lately. */
app.http("list-runs", {
  methods: ["GET"],
  authLevel: "anonymous",
  route: "runs",
  handler: (request, context) => answer(listRuns, request, context),
});
