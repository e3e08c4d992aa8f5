import { classify, GraphError } from "../../graph/error.ts";
import type { Written } from "../../graph/group-members.ts";
import type { Trace } from "../../graph/tenant.ts";
import { errorText } from "../../model/error-text.ts";
import type { Step } from "../../model/plan.ts";
import { stagesOf, type MoverOrder } from "../../planner/step-order.ts";
import { ClaimLost } from "../../state/key-state.ts";
import type { JournalStep } from "../../state/journal.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";

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

export type Applied = {
  readonly steps: readonly JournalStep[];
  /** One for each step. */
  readonly outcomes: readonly Outcome[];
};

/** Carries out the steps of one stage together; answers for each, in their order. @throws ClaimLost and nothing else */
export type Stage = (steps: readonly Step[]) => Promise<readonly Performed[]>;

/**
 * Carries out the steps stage by stage, as long as there is time. A step that fails does not stop the others: each has its own
 * result, and running again does the rest.
 */
export async function applySteps(
  steps: readonly Step[],
  {
    order,
    stage,
    now,
    until,
  }: {
    readonly order: MoverOrder;
    readonly stage: Stage;
    readonly now: () => number;
    readonly until: number;
  },
): Promise<Applied> {
  const done: JournalStep[] = [];
  const outcomes: Outcome[] = [];
  for (const group of stagesOf(steps, order)) {
    const startedAt = now();
    if (startedAt > until) {
      outcomes.push({ kind: "wait", at: startedAt, why: "there is more to do than fits into one run" });
      break;
    }
    const results = await stage(group);
    const at = now();
    const took = { at, ms: at - startedAt };
    for (const [index, step] of group.entries()) {
      const performed = results[index] ?? { kind: "failed", error: new Error("the step was passed over") };
      done.push(entryOf(step, performed, took));
      outcomes.push(outcomeOfStep(performed, now()));
    }
  }
  return { steps: done, outcomes };
}

/** A call may wait for its turn so long after the claim was checked; later, the claim may be somebody else's. */
export const sendWithinMs = 20_000;

/** What a call came to; only the loss of the claim goes on up, because then nothing more may be done. */
export async function attempted(call: () => Promise<Performed>): Promise<Performed> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ClaimLost) throw error;
    return { kind: "failed", error };
  }
}

function outcomeOfStep(performed: Performed, now: number): Outcome {
  switch (performed.kind) {
    case "written":
      return performed.outcome ?? { kind: "done" };
    case "put-off":
      return performed.outcome;
    case "failed":
      return outcomeOf(performed.error, now);
    default:
      return performed satisfies never;
  }
}

type Took = Pick<JournalStep, "at" | "ms">;

function entryOf(step: Step, performed: Performed, took: Took): JournalStep {
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
