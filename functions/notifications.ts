import { app } from "@azure/functions";
import { receiveDelivery } from "../shared/runtime/receive-delivery.ts";

/** Microsoft Graph delivers change notifications here. It proves itself by the client state in each item. */
app.http("notifications", {
  methods: ["POST"],
  authLevel: "anonymous",
  handler: async (request, context) => {
    const length = Number(request.headers.get("content-length") ?? Number.NaN);
    return receiveDelivery(
      {
        validationToken: request.query.get("validationToken"),
        contentLength: Number.isNaN(length) ? null : length,
        text: () => request.text(),
      },
      context,
    );
  },
});
