import { z } from "zod";
import { bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, denied, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import type { Extension, TaskResult, Workflow } from "../workflows/engine.ts";

const root = "/identityGovernance/lifecycleWorkflows";
const extensionType = "#microsoft.graph.identityGovernance.customTaskExtension";

/**
 * Lifecycle workflows with one custom task, which an administrator makes and runs on demand.
 * https://learn.microsoft.com/graph/api/resources/identitygovernance-workflow
 */
export function lifecycleWorkflowRoutes(route: Route, lab: Lab): void {
  const { workflows: engine } = lab;
  const requireWorkflow = (call: Call, id: string): Workflow => {
    const found = engine.workflow(call.tenant, id);
    if (found === undefined) throw notFound(id);
    return found;
  };

  route("POST", `${root}/customTaskExtensions`, (call) => {
    const { displayName, callbackConfiguration } = parse(extensionSchema, call);
    const { timeoutDuration, authorizedApps } = callbackConfiguration;
    const extension = engine.addExtension(call.tenant, {
      displayName,
      timeoutMs: minutesOf(timeoutDuration) * 60_000,
      authorizedApps: authorizedApps.map(({ id }) => id.toLowerCase()),
    });
    return created(call, "customTaskExtensions", extensionOf(extension));
  });
  route("POST", `${root}/workflows`, (call) => {
    const { category, displayName, tasks } = parse(workflowSchema, call);
    const [task] = tasks;
    const id = task.arguments.find(({ name }) => name === "customTaskExtensionID")?.value ?? "";
    const extension = engine.extension(call.tenant, id);
    if (extension === undefined) throw badRequest(`There is no custom task extension '${id}'.`);
    const workflow = engine.addWorkflow(call.tenant, {
      category,
      displayName,
      task: { displayName: task.displayName, extension },
    });
    return created(call, "workflows", workflowOf(workflow));
  });
  route("POST", `${root}/workflows/{id}/microsoft.graph.identityGovernance.activate`, (call, params) => {
    const workflow = requireWorkflow(call, param(params, "id"));
    const subjects = parse(activateSchema, call).subjects.map(({ id }) => {
      const user = call.tenant.users.get(id);
      if (user === undefined) throw notFound(id);
      return user;
    });
    for (const subject of subjects) engine.run(call.tenant, workflow, subject);
    return { status: 204 };
  });
  route("GET", `${root}/workflows/{id}/tasks/{taskId}/taskProcessingResults`, (call, params) => {
    const workflow = requireWorkflow(call, param(params, "id"));
    if (param(params, "taskId") !== workflow.task.id) throw notFound(param(params, "taskId"));
    const context = `${call.url.origin}/v1.0/$metadata#identityGovernance/lifecycleWorkflows/workflows('${workflow.id}')/tasks('${workflow.task.id}')/taskProcessingResults`;
    const value = engine.results(call.tenant, workflow).map(resultOf);
    return { status: 200, body: { "@odata.context": context, value } };
  });
  route(
    "POST",
    `${root}/workflows/{id}/tasks/{taskId}/taskProcessingResults/{resultId}/resume`,
    (call, params) => {
      const workflow = requireWorkflow(call, param(params, "id"));
      const { appId, kind, roles } = call.caller;
      const isAuthorized = workflow.task.extension.authorizedApps.includes(appId.toLowerCase());
      if (kind === "app" && !isAuthorized && !roles.includes("LifecycleWorkflows.ReadWrite.All"))
        throw denied("name the application among the authorizedApps of the extension");
      const id = param(params, "resultId");
      const { operationStatus } = parse(resumeSchema, call).data;
      // What Graph answers when the task waits no more is not documented; that it is no success is.
      if (!engine.resume(call.tenant, id, operationStatus)) throw notFound(id);
      return { status: 204 };
    },
  );
}

const extensionSchema = z.object({
  displayName: z.string(),
  callbackConfiguration: z.object({
    timeoutDuration: z.string().regex(/^PT(?:[1-3]H|[1-9]\d?M|1[0-7]\dM|180M)$/),
    authorizedApps: z.array(z.object({ id: z.guid() })).default([]),
  }),
});
const workflowSchema = z.object({
  category: z.enum(["joiner", "mover", "leaver"]),
  displayName: z.string(),
  tasks: z.tuple([
    z.object({
      displayName: z.string(),
      arguments: z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  ]),
});
const activateSchema = z.object({
  subjects: z
    .array(z.object({ id: z.string() }))
    .min(1)
    .max(10),
});
const resumeSchema = z.object({
  source: z.string().optional(),
  type: z.string().optional(),
  data: z.object({
    operationStatus: z
      .string()
      .toLowerCase()
      .pipe(z.enum(["completed", "failed"])),
  }),
});

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  const parsed = schema.safeParse(bodyOf(call));
  if (parsed.success) return parsed.data;
  throw badRequest(
    parsed.error.issues.map(({ path, message }) => `${path.join("/")}: ${message}`).join("; "),
  );
}

function minutesOf(duration: string): number {
  const [, amount = "0", unit] = /^PT(\d+)([HM])$/.exec(duration) ?? [];
  return Number(amount) * (unit === "H" ? 60 : 1);
}

function created(call: Call, set: string, body: Readonly<Record<string, unknown>>): Reply {
  const context = `${call.url.origin}/v1.0/$metadata#identityGovernance/lifecycleWorkflows/${set}/$entity`;
  return { status: 201, body: { "@odata.context": context, ...body } };
}

const timeOf = (at: number) => new Date(at).toISOString();

const extensionOf = ({ id, displayName, timeoutMs, createdAt }: Extension) => ({
  "@odata.type": extensionType,
  id,
  displayName,
  createdDateTime: timeOf(createdAt),
  lastModifiedDateTime: timeOf(createdAt),
  callbackConfiguration: {
    "@odata.type": "#microsoft.graph.identityGovernance.customTaskExtensionCallbackConfiguration",
    timeoutDuration: `PT${timeoutMs / 60_000}M`,
  },
});

const workflowOf = ({ id, category, displayName, task, createdAt }: Workflow) => ({
  id,
  category,
  displayName,
  isEnabled: true,
  isSchedulingEnabled: false,
  version: 1,
  createdDateTime: timeOf(createdAt),
  lastModifiedDateTime: timeOf(createdAt),
  tasks: [{ id: task.id, displayName: task.displayName, isEnabled: true, executionSequence: 1 }],
});

const resultOf = ({ id, status, createdAt, endedAt, failureReason, subject }: TaskResult) => ({
  id,
  processingStatus: status,
  createdDateTime: timeOf(createdAt),
  startedDateTime: timeOf(createdAt),
  completedDateTime: endedAt === null ? null : timeOf(endedAt),
  failureReason,
  subject: { id: subject.id },
});
