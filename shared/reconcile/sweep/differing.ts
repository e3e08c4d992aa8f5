import type { AnalystRecord } from "../../model/analyst.ts";
import type { AnalystId, TenantId } from "../../model/ids.ts";
import type { Difference } from "../../model/sweep.ts";
import type { Drift } from "../../planner/drift.ts";

type Person = { readonly id: AnalystId } & Partial<Pick<AnalystRecord, "userPrincipalName">>;

/** Somebody who differs in a place, before anything was done about it. */
export const differing = ({ id, userPrincipalName }: Person, tenant: TenantId, drift: Drift): Difference => ({
  tenant,
  analyst: id,
  person: userPrincipalName ?? null,
  ...drift,
  called: [],
  calledAt: null,
  end: null,
  plan: null,
});
