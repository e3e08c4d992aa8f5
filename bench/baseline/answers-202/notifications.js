import { app } from "@azure/functions";

app.http("notifications", {
  methods: ["POST"],
  authLevel: "anonymous",
  handler: async (request) => {
    await request.text();
    return { status: 202 };
  },
});
