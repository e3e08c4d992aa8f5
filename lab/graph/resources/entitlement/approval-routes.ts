import type { EntitlementEngine } from "../../entitlement/engine.ts";
import { entitlementPath } from "../../entitlement/paths.ts";
import { missing, refused } from "../../entitlement/problems.ts";
import type { RequestRecord } from "../../entitlement/records.ts";
import { bodyOf, type Call } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import { guidFrom } from "../../ids.ts";
import { timeOf } from "./definition-nodes.ts";
import { entity, listNodes, type Node } from "./node.ts";
import { requireRequest } from "./request-routes.ts";

const path = `${entitlementPath}/accessPackageAssignmentApprovals/{id}`;

/** How an approver decides: a user's matter, which no application can do. An approval has the id of its request. */
export function approvalRoutes(route: Route, engine: EntitlementEngine): void {
  route("GET", path, (call, params) => {
    const node = approvalNode(call, requireApproval(call, param(params, "id")));
    return { status: 200, body: entity(call, "accessPackageAssignmentApprovals", node) };
  });
  route("GET", `${path}/stages`, (call, params) => {
    const request = requireApproval(call, param(params, "id"));
    const name = `accessPackageAssignmentApprovals('${request.id}')/stages`;
    return listNodes(call, { type: "approvalStage", name, nodes: [stageNode(call, request)] });
  });
  route("PATCH", `${path}/stages/{stageId}`, (call, params) => {
    const request = requireApproval(call, param(params, "id"));
    if (param(params, "stageId") !== stageId(request))
      throw missing("approvalStage", param(params, "stageId"));
    const { reviewResult: result, justification } = bodyOf(call);
    if (result !== "Approve" && result !== "Deny")
      throw refused("InvalidModel", "The reviewResult must be Approve or Deny.");
    if (request.state !== "pendingApproval")
      throw refused("InvalidState", `The request is ${request.state}: nothing is left to decide.`);
    engine.decide(call.tenant, request.id, {
      result,
      justification: typeof justification === "string" ? justification : "",
    });
    return { status: 204 };
  });
}

/** A request that waits, or waited, for an approver. */
function requireApproval(call: Call, id: string): RequestRecord {
  const request = requireRequest(call, id);
  const isApproval = request.state === "pendingApproval" || request.review !== undefined;
  if (!isApproval) throw missing("approval", id);
  return request;
}

function approvalNode(call: Call, request: RequestRecord): Node {
  const stages = () => [stageNode(call, request)];
  return { id: request.id, type: "approval", properties: { id: request.id }, navigations: { stages } };
}

function stageNode(call: Call, request: RequestRecord): Node {
  const { review } = request;
  const id = stageId(request);
  return {
    id,
    type: "approvalStage",
    properties: {
      id,
      assignedToMe: call.caller.kind === "admin",
      justification: review?.justification ?? null,
      reviewResult: review?.result ?? "NotReviewed",
      reviewedDateTime: review === undefined ? null : timeOf(review.at),
      status: review === undefined ? "InProgress" : "Completed",
    },
    navigations: {},
  };
}

const stageId = ({ id }: RequestRecord) => guidFrom("approval stage", id);
