import type { AnalystId, TenantId } from "./ids.ts";

export const workflowCategories = ["joiner", "mover", "leaver"] as const;
type WorkflowCategory = (typeof workflowCategories)[number];

/** A custom task extension of a lifecycle workflow has run for somebody, and waits to hear how that went. Times are epoch ms. */
export type WorkflowCall = {
  /** Of the task's result: the same in every repetition of the call. Lower case. */
  readonly id: string;
  readonly category: WorkflowCategory;
  /** The user, by their id in the tenant whose workflow it is; lower case. */
  readonly subject: string;
  /** What the workflow is called. */
  readonly workflow: string;
  /** Where Graph wants to hear the end, after /v1.0. */
  readonly callbackPath: string;
  /** When the task began, by Graph's clock. */
  readonly at: number;
};

/** A call as Muster remembers it. */
export type KeptCall = WorkflowCall & {
  readonly tenant: TenantId;
  readonly heardAt: number;
  /** When the workflow stops waiting. */
  readonly until: number;
  /** Whom it is about; null: not known yet, or nobody of Muster's. */
  readonly analyst: AnalystId | null;
  /**
   * When they were called, and of how many events their key had heard then: a look that has heard of more has seen what the workflow made
   * happen. null: they were not called yet, or by an older version.
   */
  readonly called: { readonly at: number; readonly heard: number } | null;
  /** What the workflow was told, and why; null: nothing yet. */
  readonly told: {
    readonly status: "completed" | "failed";
    readonly why: string;
    readonly at: number;
  } | null;
};
