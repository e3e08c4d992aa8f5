import { app } from "@azure/functions";
import { answer } from "../shared/runtime/api/answer.ts";
import { clearDeparture } from "../shared/runtime/api/clear-departure.ts";

/** An operator says that somebody has not left, whatever a workflow has said. */
app.http("clear-departure", {
  methods: ["DELETE"],
  authLevel: "anonymous",
  route: "departures/{analyst}",
  handler: (request, context) => answer(clearDeparture, request, context),
});
