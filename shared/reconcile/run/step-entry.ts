import { classify, GraphError } from "../../graph/error.ts";
import type { Written } from "../../graph/group-members.ts";
import type { Trace } from "../../graph/tenant.ts";
import { errorText } from "../../model/error-text.ts";
import type { Step } from "../../model/plan.ts";
import type { JournalStep } from "../../state/journal.ts";
import type { Outcome } from "./outcome.ts";

/** What carrying out one step came to. */
export type Performed =
  | {
      readonly kind: "written";
      readonly result: Written["result"];
      readonly trace: Trace | null;
      readonly detail?: string;
      /** When to look at it again, although all is well. */
      readonly outcome?: Outcome;
    }
  /** Not refused, not done: the outcome says when to come back, or whom to ask. */
  | { readonly kind: "put-off"; readonly outcome: Outcome; readonly trace?: Trace | null }
  | { readonly kind: "failed"; readonly error: unknown };

type Took = Pick<JournalStep, "at" | "ms">;

/** What the journal says of a step. */
export function entryOf(step: Step, performed: Performed, took: Took): JournalStep {
  switch (performed.kind) {
    case "written":
      return {
        step,
        result: performed.result,
        detail: performed.detail ?? "",
        clientRequestId: performed.trace?.clientRequestId ?? null,
        requestId: performed.trace?.requestId ?? null,
        ...took,
      };
    case "put-off":
      return putOff(step, performed, took);
    case "failed":
      return failed(step, performed.error, took);
    default:
      return performed satisfies never;
  }
}

function putOff(
  step: Step,
  { outcome, trace }: Extract<Performed, { kind: "put-off" }>,
  took: Took,
): JournalStep {
  const detail = "why" in outcome ? outcome.why : "reason" in outcome ? outcome.reason : "";
  return {
    step,
    result: outcome.kind === "parked" ? "failed" : "waiting",
    detail,
    clientRequestId: trace?.clientRequestId ?? null,
    requestId: trace?.requestId ?? null,
    ...took,
  };
}

function failed(step: Step, error: unknown, took: Took): JournalStep {
  const graph = error instanceof GraphError ? error : null;
  return {
    step,
    result: graph !== null && classify(graph).kind !== "stop" ? "waiting" : "failed",
    detail: errorText(error),
    clientRequestId: graph?.failure.clientRequestId ?? null,
    requestId: graph?.failure.requestId ?? null,
    ...took,
  };
}
