import { ana } from "./fixtures.ts";

/** A call of a lifecycle workflow as its relay passes it on. https://learn.microsoft.com/entra/id-governance/trigger-custom-task */
const taskResult = "7a7a7a7a-0000-4000-8000-000000000001";
export const workflowPath = (result = taskResult) =>
  `/identityGovernance/lifecycleWorkflows/workflows/6a6a6a6a-0000-4000-8000-000000000001/tasks/6b6b6b6b-0000-4000-8000-000000000001/taskProcessingResults/${result}/resume`;

type Changes = {
  readonly category?: string;
  readonly subject?: string;
  readonly result?: string;
  readonly at?: number;
  readonly path?: string;
};

export function workflowCall({
  category = "leaver",
  subject = ana,
  result = taskResult,
  at = 0,
  path = workflowPath(result),
}: Changes = {}): string {
  return JSON.stringify({
    category,
    data: {
      callbackUriPath: path,
      subject: { id: subject, displayName: "Ana", email: null, userPrincipalName: "ana@source.example" },
      task: { id: "6b6b6b6b-0000-4000-8000-000000000001", displayName: "Tell Muster" },
      // As Microsoft's metadata spells it.
      taskProcessingresult: { id: result, createdDateTime: new Date(at).toISOString() },
      workflow: {
        id: "6a6a6a6a-0000-4000-8000-000000000001",
        displayName: "SOC leavers",
        workflowVersion: 1,
      },
    },
  });
}
