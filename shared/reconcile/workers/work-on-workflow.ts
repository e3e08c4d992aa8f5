import type { KeptCall } from "../../model/workflow-call.ts";
import type { AnalystMessage } from "../../queue/keys.ts";
import { sourcePartition } from "../../state/findings.ts";
import { workflowCallRow } from "../../state/workflow-calls.ts";
import { handle } from "../run/handle.ts";
import { nextAccessLook } from "../run/next-look.ts";
import { followCall } from "../workflows/follow-call.ts";
import type { WorkerPorts, Log } from "./worker-ports.ts";

type WorkflowKey = Extract<AnalystMessage["key"], { readonly kind: "workflow" }>;

/** Handles one message about a lifecycle workflow that has called. */
export function workOnWorkflow(
  message: AnalystMessage & { readonly key: WorkflowKey },
  ports: WorkerPorts,
  log: Log,
): Promise<void> {
  const { tenant, call } = message.key;
  return handle<KeptCall | null>(
    message,
    {
      ...ports,
      log,
      claim: (begin) => ports.calls.claim(workflowCallRow(tenant, call), begin),
      isNothing: (value) => value === null,
      isLeaving: (value) => value?.category === "leaver",
      lookFor: ({ clock, value }, now, occasion) =>
        nextAccessLook(clock, now, { occasion, served: (value?.told ?? null) === null ? "no" : "yes" }),
      findings: {
        table: ports.findings,
        tenant: sourcePartition,
        subject: `workflow ${call}`,
        names: async () => ({ person: null, place: null }),
        unproven: () => null,
      },
      partition: tenant,
      async waiting(trouble) {
        const rows = await ports.calls.list(tenant);
        const waiting = rows.filter(({ state }) => state.clock.waitsFor.includes(trouble));
        return waiting.map(({ rowKey }) => ({ kind: "workflow", tenant, call: rowKey }));
      },
    },
    (claim, run) => followCall({ ports, claim, run }),
  );
}
