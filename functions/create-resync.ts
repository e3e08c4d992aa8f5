import { app } from "@azure/functions";
import { answer } from "../shared/runtime/api/answer.ts";
import { createResync } from "../shared/runtime/api/create-resync.ts";

/** An operator has somebody, a target or everything compared. */
app.http("create-resync", {
  methods: ["POST"],
  authLevel: "anonymous",
  route: "resyncs",
  handler: (request, context) => answer(createResync, request, context),
});
