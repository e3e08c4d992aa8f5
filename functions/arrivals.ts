import { app } from "@azure/functions";
import { takeArrival } from "../shared/runtime/work.ts";

/** Users who changed and were not known to be analysts: whoever is one by now is passed on, nobody else is remembered. */
app.serviceBusQueue("arrivals", {
  connection: "ServiceBus",
  queueName: "arrivals",
  isSessionsEnabled: true,
  handler: takeArrival,
});
