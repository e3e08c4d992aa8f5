import { openStates } from "../../entitlement/assignments.ts";
import type { EntitlementEngine } from "../../entitlement/engine.ts";
import { entitlementPath } from "../../entitlement/paths.ts";
import { missing, refused } from "../../entitlement/problems.ts";
import type { RequestRecord } from "../../entitlement/records.ts";
import type { Call, Reply } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import type { Lab } from "../../lab.ts";
import { requireOwned } from "../ownership.ts";
import { requestNode } from "./assignment-nodes.ts";
import { requireRecent } from "./assignment-routes.ts";
import { entity, listNodes } from "./node.ts";
import { draftOf } from "./request-body.ts";

const path = `${entitlementPath}/assignmentRequests`;

export function requestRoutes(route: Route, lab: Lab, engine: EntitlementEngine): void {
  route("GET", path, (call) => {
    const all = [...call.view.of(call.tenant.entitlement.requests).values()];
    const nodes = all.filter((each) => isKept(call, each)).map((each) => requestNode(lab, call, each));
    return listNodes(call, { type: "accessPackageAssignmentRequest", name: "assignmentRequests", nodes });
  });
  route("GET", `${path}/{id}`, (call, params) => {
    const found = requireRequest(call, param(params, "id"));
    return { status: 200, body: entity(call, "assignmentRequests", requestNode(lab, call, found)) };
  });
  route("POST", path, (call) => {
    const request = engine.submit(call.tenant, draftOf(lab, call));
    return { status: 201, body: entity(call, "assignmentRequests", requestNode(lab, call, request)) };
  });
  // Only for users: the permission table lets no application pass.
  route("POST", `${path}/{id}/cancel`, (call, params) => {
    const { id, state } = requireRequest(call, param(params, "id"));
    if (!openStates.includes(state) || state === "delivering")
      throw refused("InvalidState", `The request is ${state}: it cannot be canceled.`);
    engine.cancel(call.tenant, id);
    return { status: 200 };
  });
  route("POST", `${path}/{id}/reprocess`, (call, params) => {
    const { id, type, state, completedAt } = requireRequest(call, param(params, "id"));
    if (type !== "adminAdd" || (state !== "deliveryFailed" && state !== "partiallyDelivered"))
      throw refused("InvalidState", `The request is ${state}: it cannot be reprocessed.`);
    requireRecent(call, completedAt);
    engine.retry(call.tenant, id);
    return { status: 202 };
  });
  route("DELETE", `${path}/{id}`, (call, params) =>
    forget(lab, call, requireRequest(call, param(params, "id"))),
  );
}

/**
 * "To remove a denied or completed request. You cannot delete an access package assignment request if it has any
 * accessPackageAssignment objects." So this undoes nothing that is pending.
 * https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-delete
 */
function forget(lab: Lab, call: Call, { id, state, assignmentId, by }: RequestRecord): Reply {
  if (openStates.includes(state) || assignmentId !== undefined)
    throw refused("InvalidState", `The request is ${state} or has an assignment: it cannot be deleted.`);
  requireOwned(lab, call, { owner: by, what: `the request ${id} for an access package` });
  call.tenant.entitlement.requests.delete(id);
  return { status: 204 };
}

export function requireRequest(call: Call, id: string): RequestRecord {
  const found = call.view.of(call.tenant.entitlement.requests).get(id);
  if (found === undefined || !isKept(call, found)) throw missing("accessPackageAssignmentRequest", id);
  return found;
}

// "Entitlement management limits", learn.microsoft.com/entra/id-governance/governance-service-limits: three months.
const keepMs = 90 * 24 * 60 * 60 * 1000;

function isKept(call: Call, { completedAt }: RequestRecord): boolean {
  return completedAt === undefined || call.at - completedAt < keepMs;
}
