import { analystIdSchema } from "../../shared/model/ids.ts";
import type { Difference, Sweep } from "../../shared/model/sweep.ts";
import { newSweepId } from "../../shared/reconcile/sweep/begin-sweep.ts";
import { contosoTenant } from "./fixtures.ts";

/** The sweep of a night. */
export const sweepOf = (begunAt: number): Sweep => ({
  id: newSweepId(begunAt),
  occasion: "night",
  mode: "apply",
  scope: { kind: "all" },
  by: null,
  begunAt,
  endedAt: null,
});

/** Somebody who differs in Contoso, and is awaited. */
export const noEnd = (analyst: string): Difference => ({
  tenant: contosoTenant,
  analyst: analystIdSchema.parse(analyst),
  person: null,
  why: ["SOC Readers is missing"],
  removals: 0,
  called: ["access"],
  calledAt: null,
  end: null,
  plan: null,
});
