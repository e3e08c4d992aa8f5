import type { GraphTenant } from "./tenant.ts";

export type WorkflowCallback = {
  /**
   * Tells the workflow how its task has ended. @returns whether it still waited to hear it; @throws GraphError
   * https://learn.microsoft.com/graph/api/identitygovernance-taskprocessingresult-resume
   */
  readonly resume: (path: string, status: "completed" | "failed") => Promise<"heard" | "too late">;
};

export function workflowCallback(tenant: GraphTenant): WorkflowCallback {
  return {
    async resume(path, operationStatus) {
      const reply = await tenant.send({
        method: "POST",
        path,
        template:
          "/identityGovernance/lifecycleWorkflows/workflows/{id}/tasks/{id}/taskProcessingResults/{id}/resume",
        body: { source: "Muster", type: "lifecycleEvent", data: { operationStatus } },
        priority: "normal",
        // Past its time the task has failed, and there is nothing to tell any more.
        accepts: ({ status }) => status === 404 || status === 409 || status === 410,
      });
      return reply.status >= 400 ? "too late" : "heard";
    },
  };
}
