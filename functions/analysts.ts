import { app } from "@azure/functions";
import { takeAnalyst } from "../shared/runtime/work.ts";

/** One key of the source tenant: an analyst, or a role group. The session is the key. */
app.serviceBusQueue("analysts", {
  connection: "ServiceBus",
  queueName: "analysts",
  isSessionsEnabled: true,
  handler: takeAnalyst,
});
