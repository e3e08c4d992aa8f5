import { app } from "@azure/functions";
import { takeAnalyst } from "../shared/runtime/work.ts";

/** One key of the source tenant: an analyst, a role group, or the roles that attributes give. The session is the key. */
app.serviceBusQueue("analysts", {
  connection: "ServiceBus",
  queueName: "analysts",
  isSessionsEnabled: true,
  handler: takeAnalyst,
});
