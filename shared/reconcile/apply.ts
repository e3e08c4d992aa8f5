import { classify, GraphError } from "../graph/error.ts";
import type { Written } from "../graph/group-members.ts";
import type { Trace } from "../graph/tenant.ts";
import type { Step } from "../model/plan.ts";
import { stagesOf, type MoverOrder } from "../planner/step-order.ts";
import type { JournalStep } from "../state/journal.ts";
import { outcomeOf } from "./handle.ts";
import type { Outcome } from "./outcome.ts";

/** What carrying out one step came to. */
export type Performed =
  | {
      readonly kind: "written";
      readonly result: Written["result"];
      readonly trace: Trace;
      readonly detail?: string;
    }
  /** Not refused, not done: the outcome says when to come back, or whom to ask. */
  | { readonly kind: "put-off"; readonly outcome: Outcome; readonly trace?: Trace };

export type Applied = {
  readonly steps: readonly JournalStep[];
  /** One for each step. */
  readonly outcomes: readonly Outcome[];
};

/**
 * Carries out the steps stage by stage, the steps of a stage together. A step that fails does not stop the others: each
 * has its own result, and running again does the rest.
 */
export async function applySteps(
  steps: readonly Step[],
  order: MoverOrder,
  perform: (step: Step) => Promise<Performed>,
): Promise<Applied> {
  const done: JournalStep[] = [];
  const outcomes: Outcome[] = [];
  for (const stage of stagesOf(steps, order)) {
    for (const { step, outcome } of await Promise.all(stage.map((one) => performOne(one, perform)))) {
      done.push(step);
      outcomes.push(outcome);
    }
  }
  return { steps: done, outcomes };
}

async function performOne(
  step: Step,
  perform: (step: Step) => Promise<Performed>,
): Promise<{ readonly step: JournalStep; readonly outcome: Outcome }> {
  const startedAt = Date.now();
  try {
    const performed = await perform(step);
    const ms = Date.now() - startedAt;
    if (performed.kind === "written")
      return { step: written(step, performed, ms), outcome: { kind: "done" } };
    return { step: putOff(step, performed, ms), outcome: performed.outcome };
  } catch (error) {
    return { step: failed(step, error, Date.now() - startedAt), outcome: outcomeOf(error) };
  }
}

function written(
  step: Step,
  { result, trace, detail }: Extract<Performed, { kind: "written" }>,
  ms: number,
): JournalStep {
  return {
    step,
    result,
    detail: detail ?? "",
    clientRequestId: trace.clientRequestId,
    requestId: trace.requestId,
    ms,
  };
}

function putOff(
  step: Step,
  { outcome, trace }: Extract<Performed, { kind: "put-off" }>,
  ms: number,
): JournalStep {
  const detail = "why" in outcome ? outcome.why : "reason" in outcome ? outcome.reason : "";
  return {
    step,
    result: outcome.kind === "parked" ? "failed" : "waiting",
    detail,
    clientRequestId: trace?.clientRequestId ?? null,
    requestId: trace?.requestId ?? null,
    ms,
  };
}

function failed(step: Step, error: unknown, ms: number): JournalStep {
  const graph = error instanceof GraphError ? error : null;
  return {
    step,
    result: graph !== null && classify(graph).kind !== "stop" ? "waiting" : "failed",
    detail: error instanceof Error ? error.message : String(error),
    clientRequestId: graph?.failure.clientRequestId ?? null,
    requestId: graph?.failure.requestId ?? null,
    ms,
  };
}
