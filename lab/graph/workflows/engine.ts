import type { LabClock } from "../../clock.ts";
import type { UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";

/** A custom task extension: where a task calls out to, and how long it waits for the end. */
export type Extension = {
  readonly id: string;
  readonly displayName: string;
  readonly timeoutMs: number;
  /** Client ids of applications that may resume its tasks without any permission. */
  readonly authorizedApps: readonly string[];
  readonly createdAt: number;
};

export type Workflow = {
  readonly id: string;
  readonly category: "joiner" | "mover" | "leaver";
  readonly displayName: string;
  readonly task: { readonly id: string; readonly displayName: string; readonly extension: Extension };
  readonly createdAt: number;
};

/** One task of a workflow that has run for one user. */
export type TaskResult = {
  readonly id: string;
  readonly workflow: Workflow;
  readonly subject: UserRecord;
  readonly createdAt: number;
  readonly status: "inProgress" | "completed" | "failed";
  readonly endedAt: number | null;
  readonly failureReason: string | null;
};

/** What the Logic App of an extension is sent. https://learn.microsoft.com/entra/id-governance/trigger-custom-task */
export type Callout = {
  readonly tenantId: string;
  readonly category: Workflow["category"];
  readonly data: Readonly<Record<string, unknown>>;
};

export type WorkflowEngine = {
  addExtension(tenant: Tenant, extension: Omit<Extension, "id" | "createdAt">): Extension;
  extension(tenant: Tenant, id: string): Extension | undefined;
  addWorkflow(tenant: Tenant, workflow: Pick<Workflow, "category" | "displayName"> & Wanted): Workflow;
  workflow(tenant: Tenant, id: string): Workflow | undefined;
  /** Runs it for somebody now. */
  run(tenant: Tenant, workflow: Workflow, subject: UserRecord): void;
  results(tenant: Tenant, workflow: Workflow): readonly TaskResult[];
  /** @returns whether the task was still waiting */
  resume(tenant: Tenant, id: string, status: "completed" | "failed"): boolean;
  /** Whoever plays the Logic Apps hears of what they are sent. */
  onCallout(listener: (callout: Callout) => void): void;
};

type Wanted = { readonly task: { readonly displayName: string; readonly extension: Extension } };

/** Lifecycle workflows that are run on demand: nothing of theirs goes by schedule or attributes here. */
export function workflowEngine(clock: LabClock): WorkflowEngine {
  const extensions = new Map<string, Extension>();
  const workflows = new Map<string, Workflow>();
  const results = new Map<string, TaskResult>();
  const listeners: ((callout: Callout) => void)[] = [];
  const keyOf = (tenant: Tenant, id: string) => `${tenant.id} ${id.toLowerCase()}`;

  function end(key: string, status: "completed" | "failed", failureReason: string | null): boolean {
    const known = results.get(key);
    if (known?.status !== "inProgress") return false;
    results.set(key, { ...known, status, endedAt: clock.now(), failureReason });
    return true;
  }

  return {
    addExtension(tenant, wanted) {
      const extension = { ...wanted, id: tenant.mint("task extension"), createdAt: clock.now() };
      extensions.set(keyOf(tenant, extension.id), extension);
      return extension;
    },
    extension: (tenant, id) => extensions.get(keyOf(tenant, id)),
    addWorkflow(tenant, { task, ...wanted }) {
      const created = { ...task, id: tenant.mint("workflow task") };
      const workflow = { ...wanted, id: tenant.mint("workflow"), task: created, createdAt: clock.now() };
      workflows.set(keyOf(tenant, workflow.id), workflow);
      return workflow;
    },
    workflow: (tenant, id) => workflows.get(keyOf(tenant, id)),
    run(tenant, workflow, subject) {
      const id = tenant.mint("task result");
      const key = keyOf(tenant, id);
      const createdAt = clock.now();
      results.set(key, {
        id,
        workflow,
        subject,
        createdAt,
        status: "inProgress",
        endedAt: null,
        failureReason: null,
      });
      clock.at(createdAt + workflow.task.extension.timeoutMs, "a workflow's task runs out of time", () => {
        end(key, "failed", "The custom task extension did not call back in time.");
      });
      const data = calloutData(workflow, { id, subject, createdAt });
      for (const listener of listeners) listener({ tenantId: tenant.id, category: workflow.category, data });
    },
    results: (tenant, workflow) =>
      [...results].flatMap(([key, one]) =>
        one.workflow === workflow && key.startsWith(`${tenant.id} `) ? [one] : [],
      ),
    resume: (tenant, id, status) =>
      end(keyOf(tenant, id), status, status === "failed" ? "The custom task extension said so." : null),
    onCallout: (listener) => void listeners.push(listener),
  };
}

function calloutData(
  { id: workflow, displayName, task }: Workflow,
  { id, subject, createdAt }: Pick<TaskResult, "id" | "subject" | "createdAt">,
): Callout["data"] {
  const { displayName: name, mail, userPrincipalName } = subject.properties;
  return {
    callbackUriPath: `/identityGovernance/lifecycleWorkflows/workflows/${workflow}/tasks/${task.id}/taskProcessingResults/${id}/resume`,
    subject: { id: subject.id, displayName: name, email: mail ?? null, userPrincipalName, manager: null },
    task: { id: task.id, displayName: task.displayName },
    taskProcessingresult: { id, createdDateTime: new Date(createdAt).toISOString() },
    workflow: { id: workflow, displayName, workflowVersion: 1 },
  };
}
