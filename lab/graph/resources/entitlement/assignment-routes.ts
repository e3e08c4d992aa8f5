import type { EntitlementEngine } from "../../entitlement/engine.ts";
import { entitlementPath } from "../../entitlement/paths.ts";
import { missing, refused } from "../../entitlement/problems.ts";
import type { AssignmentRecord } from "../../entitlement/records.ts";
import type { Call } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import type { Lab } from "../../lab.ts";
import { assignmentNode } from "./assignment-nodes.ts";
import { entity, listNodes } from "./node.ts";

const path = `${entitlementPath}/assignments`;

/** Who has which package. Those that have ended stay in the list for ever. */
export function assignmentRoutes(route: Route, lab: Lab, engine: EntitlementEngine): void {
  route("GET", path, (call) => {
    const all = [...call.view.of(call.tenant.entitlement.assignments).values()];
    const nodes = all.map((each) => assignmentNode(lab, call, each));
    return listNodes(call, { type: "accessPackageAssignment", name: "assignments", nodes });
  });
  route("GET", `${path}/{id}`, (call, params) => {
    const found = requireAssignment(call, param(params, "id"));
    return { status: 200, body: entity(call, "assignments", assignmentNode(lab, call, found)) };
  });
  route("POST", `${path}/{id}/reprocess`, (call, params) => {
    const { id, state, completedAt } = requireAssignment(call, param(params, "id"));
    if (state === "delivering" || state === "expired")
      throw refused("InvalidState", `The assignment is ${state}: it cannot be reprocessed.`);
    // What was delivered can be enforced at any time, after somebody meddled with a group:
    // learn.microsoft.com/entra/id-governance/entitlement-management-reprocess-access-package-assignments.
    if (state !== "delivered") requireRecent(call, completedAt);
    engine.enforce(call.tenant, id);
    return { status: 202 };
  });
}

function requireAssignment(call: Call, id: string): AssignmentRecord {
  const found = call.view.of(call.tenant.entitlement.assignments).get(id);
  if (found === undefined) throw missing("accessPackageAssignment", id);
  return found;
}

const weekMs = 7 * 24 * 60 * 60 * 1000;

/**
 * The troubleshooting page says seven days, the reference of the call fourteen: the shorter time is the one to rely on.
 * https://learn.microsoft.com/entra/id-governance/entitlement-management-troubleshoot
 */
export function requireRecent(call: Call, completedAt: number | undefined): void {
  if (completedAt !== undefined && call.at - completedAt < weekMs) return;
  throw refused("InvalidState", "Only what was completed within the last seven days can be reprocessed.");
}
