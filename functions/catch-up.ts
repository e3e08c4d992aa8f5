import { app } from "@azure/functions";
import { catchUpIfItIsTime } from "../shared/runtime/catch-up-if-due.ts";

/** Events are lost without a word: every 15 minutes, and when something may have gone unheard, everybody is looked at. */
app.timer("catch-up", {
  schedule: "30 */5 * * * *",
  handler: async (_timer, context) => catchUpIfItIsTime(context),
});
