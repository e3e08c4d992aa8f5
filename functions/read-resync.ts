import { app } from "@azure/functions";
import { answer } from "../shared/runtime/api/answer.ts";
import { readResync } from "../shared/runtime/api/read-resync.ts";

/** An operator looks how far a resync is. */
app.http("read-resync", {
  methods: ["GET"],
  authLevel: "anonymous",
  route: "resyncs/{id}",
  handler: (request, context) => answer(readResync, request, context),
});
