import { app } from "@azure/functions";
import { takeSweep } from "../shared/runtime/work.ts";

/** One tenant in one sweep. The session is the tenant. */
app.serviceBusQueue("sweeps", {
  connection: "ServiceBus",
  queueName: "sweeps",
  isSessionsEnabled: true,
  handler: takeSweep,
});
