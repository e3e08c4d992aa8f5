import { app } from "@azure/functions";
import { answer } from "../shared/runtime/api/answer.ts";
import { readRun } from "../shared/runtime/api/read-run.ts";

/** An operator looks what a run has found. */
app.http("read-run", {
  methods: ["GET"],
  authLevel: "anonymous",
  route: "runs/{id}",
  handler: (request, context) => answer(readRun, request, context),
});
