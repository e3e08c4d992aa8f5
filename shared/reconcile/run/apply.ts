import type { Step } from "../../model/plan.ts";
import { stagesOf, type MoverOrder } from "../../planner/step-order.ts";
import { ClaimLost } from "../../state/key-state.ts";
import type { JournalStep } from "../../state/journal.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { entryOf, type Performed } from "./step-entry.ts";

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
