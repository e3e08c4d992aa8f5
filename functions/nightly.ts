import { app } from "@azure/functions";
import { beginNight } from "../shared/runtime/begin-night.ts";

/** Whatever nobody has announced is found at night: every tenant is compared with the policy. */
app.timer("nightly", {
  schedule: "0 0 2 * * *",
  handler: async (_timer, context) => beginNight(context),
});
