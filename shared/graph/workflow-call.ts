import { z } from "zod";
import { guidSchema } from "../model/ids.ts";
import { workflowCategories, type WorkflowCall } from "../model/workflow-call.ts";

export type WorkflowBody =
  | { readonly kind: "call"; readonly call: WorkflowCall }
  | { readonly kind: "invalid"; readonly problem: string };

/** A path that somebody else says is called with Muster's own token, so it is this one or none. */
const callbackPattern =
  /^\/identityGovernance\/lifecycleWorkflows\/workflows\/[\da-f-]{36}\/tasks\/[\da-f-]{36}\/taskProcessingResults\/([\da-f-]{36})\/resume$/i;

const schema = z.object({
  category: z.enum(workflowCategories),
  data: z.object({
    callbackuripath: z.string().regex(callbackPattern),
    subject: z.object({ id: guidSchema }),
    taskprocessingresult: z.object({ id: guidSchema, createddatetime: z.iso.datetime({ offset: true }) }),
    workflow: z.object({ id: guidSchema, displayname: z.string().nullish() }),
  }),
});

/**
 * Reads what the relay sends: `category`, which it adds, and `data`, as the workflow gave it. Names are taken in any case, because
 * Microsoft's own pages do not agree on theirs. https://learn.microsoft.com/entra/id-governance/trigger-custom-task
 */
export function readWorkflowCall(text: string): WorkflowBody {
  let body: unknown;
  try {
    body = lowerNames(JSON.parse(text));
  } catch {
    return { kind: "invalid", problem: "the body is not JSON" };
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) return { kind: "invalid", problem: problemOf(parsed.error) };
  const { category, data } = parsed.data;
  const { id, createddatetime } = data.taskprocessingresult;
  if (callbackPattern.exec(data.callbackuripath)?.[1]?.toLowerCase() !== id)
    return { kind: "invalid", problem: "data.callbackUriPath is that of another task's result" };
  return {
    kind: "call",
    call: {
      id,
      category,
      subject: data.subject.id,
      workflow: data.workflow.displayname ?? data.workflow.id,
      callbackPath: data.callbackuripath,
      at: Date.parse(createddatetime),
    },
  };
}

const problemOf = ({ issues }: z.ZodError) =>
  issues
    .map(({ path, message }) => `${path.length === 0 ? "the body" : path.join(".")}: ${message}`)
    .join("; ");

/** How deep the call goes, and one more. */
const mostDepth = 5;

function lowerNames(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth > mostDepth) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.toLowerCase(), lowerNames(inner, depth + 1)]),
  );
}
