import { app } from "@azure/functions";
import { takeAccess } from "../shared/runtime/work.ts";

/** One analyst in one target. The session is the pair. */
app.serviceBusQueue("access", {
  connection: "ServiceBus",
  queueName: "access",
  isSessionsEnabled: true,
  handler: takeAccess,
});
