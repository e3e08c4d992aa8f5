import { app } from "@azure/functions";
import { keepAllSubscriptions } from "../shared/runtime/keep-all-subscriptions.ts";

/** Creates and renews the change-notification subscriptions that the policy needs. */
app.timer("subscriptions", {
  schedule: "0 */5 * * * *",
  handler: async (_timer, context) => keepAllSubscriptions(context),
});
