import { grantKey } from "../model/grant.ts";
import type { Step } from "../model/plan.ts";

/** When a mover's new access and lost access meet: which goes first. */
export type MoverOrder = "add-first" | "remove-first";

/**
 * The stage a step belongs to. Stages run one after another, steps of one stage together.
 *
 * A leaver loses target grants before scope and scope before the account: cross-tenant sync leaves an account behind
 * when it is disabled, synced and only then unscoped, and undoes a block while the analyst is still in scope.
 * https://learn.microsoft.com/entra/identity/multi-tenant-organizations/cross-tenant-synchronization-overview
 */
export function stageOf(step: Step, order: MoverOrder): number {
  switch (step.kind) {
    case "revoke-sessions":
      return 0;
    case "stamp":
      return 1;
    case "join-scope":
      return 2;
    case "provision":
    case "invite":
    case "restore-account":
      return 3;
    case "unblock-account":
      return 4;
    case "grant":
    case "renew":
    case "renew-scope":
      return 6;
    case "revoke":
      return order === "add-first" ? 7 : 5;
    case "leave-scope":
      return 8;
    case "block-account":
      return 9;
    case "delete-account":
      return 10;
    default:
      return step satisfies never;
  }
}

/** Sorted by stage, then by what they act on: the order of the input never shows in a plan. */
export function sortSteps(steps: readonly Step[], order: MoverOrder): readonly Step[] {
  return steps.toSorted(
    (a, b) =>
      stageOf(a, order) - stageOf(b, order) || compare(subject(a), subject(b)) || compare(a.kind, b.kind),
  );
}

/** The steps in the groups that `stageOf` makes of them, in order. */
export function stagesOf(steps: readonly Step[], order: MoverOrder): readonly (readonly Step[])[] {
  const byStage = Map.groupBy(sortSteps(steps, order), (step) => stageOf(step, order));
  return [...byStage.values()];
}

function subject(step: Step): string {
  if ("grant" in step) return grantKey(step.grant);
  if ("scope" in step) return grantKey(step.scope);
  return "";
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));
