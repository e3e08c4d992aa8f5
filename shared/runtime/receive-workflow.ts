import { identify, type Caller } from "../api/caller.ts";
import { json, problem, unauthorized, type Answer } from "../api/problem.ts";
import { errorText } from "../model/error-text.ts";
import { tenantIdSchema } from "../model/ids.ts";
import { receiveCall, type ReceivedCall } from "../reconcile/workflows/receive-call.ts";
import { workflowPorts } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";
import { readWorkflowSettings } from "./settings.ts";
import { tokenRules } from "./token-rules.ts";

/** An HTTP request as far as the call of a relay needs it. */
export type RelayedCall = {
  readonly authorization: string | null;
  /** Bytes, as the sender declares them; null when it does not. */
  readonly contentLength: number | null;
  readonly text: () => Promise<string>;
};

/** A call is a few kilobytes. */
const sizeLimit = 100_000;

/**
 * Answers the relay of a lifecycle workflow: 202 only when what it says is on record and Service Bus has the key, 503 when not (then
 * the relay calls again), 401 and 403 for who may not say such a thing, other 4xx for what no repetition would repair.
 */
export async function receiveWorkflow(call: RelayedCall, log: LogTarget): Promise<Answer> {
  const write = logTo(log);
  try {
    const { callers, ...rules } = readWorkflowSettings(process.env);
    const tenants = new Set(callers.map(({ tenant }) => tenant));
    const identified = await identify(call.authorization, tokenRules({ ...rules, tenants }));
    if (identified.kind === "unavailable") return unavailable(identified.why, write);
    if (identified.kind === "refused") {
      write("warn", "A call of a workflow was refused.", { why: identified.why });
      return unauthorized;
    }
    const { caller } = identified;
    if (!callers.some((one) => isCaller(one, caller))) {
      write("warn", "A call of a workflow came from somebody who may not make one.", { ...caller });
      return forbidden;
    }
    if ((call.contentLength ?? 0) > sizeLimit) return tooLarge;
    const text = await call.text();
    if (text.length > sizeLimit) return tooLarge;
    return answerTo(
      await receiveCall(text, tenantIdSchema.parse(caller.tenant), await workflowPorts()),
      write,
    );
  } catch (error) {
    return unavailable(errorText(error), write);
  }
}

type Write = ReturnType<typeof logTo>;

/** An application that is named calls for itself: its users are not meant. */
const isCaller = ({ tenant, id }: { readonly tenant: string; readonly id: string }, caller: Caller) =>
  tenant === caller.tenant && (id === caller.object || (caller.kind === "application" && id === caller.app));

function answerTo(received: ReceivedCall, write: Write): Answer {
  switch (received.kind) {
    case "accepted":
      write("info", "A call of a workflow was accepted.", { id: received.id });
      return json(202, { id: received.id });
    case "invalid":
      write("warn", "A call of a workflow could not be read.", { problem: received.problem });
      return problem({
        status: 400,
        title: "This is no call of a lifecycle workflow",
        detail: `${received.problem}. Send {"category": "joiner", "mover" or "leaver", "data": what the workflow gave}.`,
      });
    case "unavailable":
      return unavailable(received.problem, write);
    default:
      return received satisfies never;
  }
}

function unavailable(why: string, write: Write): Answer {
  write("error", "A call of a workflow could not be kept; the relay will make it again.", { problem: why });
  return problem({
    status: 503,
    title: "Not kept",
    detail: "What the workflow says could not be kept. Call again.",
  });
}

const forbidden = problem({
  status: 403,
  title: "Forbidden",
  detail: "Name the relay's identity in MUSTER_WORKFLOW_CALLERS, with its tenant.",
});

const tooLarge = problem({
  status: 413,
  title: "Too large",
  detail: `A call of a workflow has less than ${sizeLimit} bytes; nothing of this one was read.`,
});
