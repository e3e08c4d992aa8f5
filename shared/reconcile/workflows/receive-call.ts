import { readWorkflowCall } from "../../graph/workflow-call.ts";
import { errorText } from "../../model/error-text.ts";
import type { TenantId } from "../../model/ids.ts";
import { heardAt, type AnalystMessage } from "../../queue/keys.ts";
import type { Departures } from "../../state/departures.ts";
import type { WorkflowCalls } from "../../state/workflow-calls.ts";

export type ReceiveCallPorts = {
  readonly departures: Pick<Departures, "note">;
  readonly calls: Pick<WorkflowCalls, "keep">;
  readonly send: (messages: readonly AnalystMessage[]) => Promise<void>;
  /** How long a workflow waits for the end of its task, as its extension says. */
  readonly patienceMs: number;
  readonly now: () => number;
};

export type ReceivedCall =
  | { readonly kind: "accepted"; readonly id: string }
  | { readonly kind: "invalid"; readonly problem: string }
  /** What was said is not on record, or nobody is called to act on it: the relay has to call again. */
  | { readonly kind: "unavailable"; readonly problem: string };

/**
 * Takes the call of a workflow of this tenant. Accepted means that what it says of somebody is on record, and that Service Bus has the
 * key. Repeating it changes nothing.
 */
export async function receiveCall(
  text: string,
  tenant: TenantId,
  ports: ReceiveCallPorts,
): Promise<ReceivedCall> {
  const body = readWorkflowCall(text);
  if (body.kind === "invalid") return body;
  const { call } = body;
  const by = `the ${call.category} workflow ${call.workflow}`;
  try {
    if (call.category !== "mover") {
      const is = call.category === "leaver" ? "departed" : "here";
      await ports.departures.note({ tenant, subject: call.subject, is, at: call.at, by });
    }
    await ports.calls.keep({
      ...call,
      tenant,
      heardAt: ports.now(),
      until: call.at + ports.patienceMs,
      analyst: null,
      called: null,
      told: null,
    });
    await ports.send([
      {
        key: { kind: "workflow", tenant, call: call.id },
        cause: by.slice(0, 200),
        heardAt: heardAt(ports),
        occasion: "event",
      },
    ]);
  } catch (error) {
    return { kind: "unavailable", problem: errorText(error) };
  }
  return { kind: "accepted", id: call.id };
}
