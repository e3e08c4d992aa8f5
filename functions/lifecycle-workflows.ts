import { app } from "@azure/functions";
import { receiveWorkflow } from "../shared/runtime/receive-workflow.ts";

/** The relay of a lifecycle workflow calls here, with a token of its managed identity: somebody joins, moves or leaves. */
app.http("lifecycle-workflows", {
  methods: ["POST"],
  authLevel: "anonymous",
  handler: async (request, context) => {
    const length = Number(request.headers.get("content-length") ?? Number.NaN);
    return receiveWorkflow(
      {
        authorization: request.headers.get("authorization"),
        contentLength: Number.isNaN(length) ? null : length,
        text: () => request.text(),
      },
      context,
    );
  },
});
