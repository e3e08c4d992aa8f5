import { missing } from "../../entitlement/problems.ts";
import type { Call } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import { accessReviews, type Review } from "../../reviews/reviews.ts";
import type { EntitlementEngine } from "../../entitlement/engine.ts";
import type { Lab } from "../../lab.ts";
import { timeOf } from "./definition-nodes.ts";
import { entity, listNodes, type Node } from "./node.ts";

type Params = Readonly<Record<string, string>>;
type Decision = Review["decisions"][number];

const path = "/identityGovernance/accessReviews/definitions";

/** Access reviews that have denied something: to be read, not made. */
export function reviewRoutes(route: Route, lab: Lab, engine: EntitlementEngine): void {
  const reviewsOf = accessReviews(lab, engine);
  const require = (call: Call, params: Params): Review => {
    const id = param(params, "id");
    const found = reviewsOf(call.tenant.id).find((review) => review.id === id);
    if (found === undefined) throw missing("accessReviewScheduleDefinition", id);
    if (params["instanceId"] !== undefined && params["instanceId"] !== found.instanceId)
      throw missing("accessReviewInstance", params["instanceId"]);
    return found;
  };
  route("GET", path, (call) => {
    const nodes = reviewsOf(call.tenant.id).map(definitionNode);
    return listNodes(call, { type: "accessReviewScheduleDefinition", name: "definitions", nodes });
  });
  route("GET", `${path}/{id}`, (call, params) => ({
    status: 200,
    body: entity(call, "definitions", definitionNode(require(call, params))),
  }));
  route("GET", `${path}/{id}/instances`, (call, params) => {
    const review = require(call, params);
    const name = `definitions('${review.id}')/instances`;
    return listNodes(call, { type: "accessReviewInstance", name, nodes: [instanceNode(review)] });
  });
  route("GET", `${path}/{id}/instances/{instanceId}/decisions`, (call, params) => {
    const review = require(call, params);
    const name = `definitions('${review.id}')/instances('${review.instanceId}')/decisions`;
    const nodes = review.decisions.map((decision) => decisionNode(review, decision));
    return listNodes(call, { type: "accessReviewInstanceDecisionItem", name, nodes });
  });
}

function definitionNode(review: Review): Node {
  const { id, at, resource } = review;
  return {
    id,
    type: "accessReviewScheduleDefinition",
    properties: {
      id,
      displayName: `Review of ${resource.displayName}`,
      createdDateTime: timeOf(at),
      lastModifiedDateTime: timeOf(at),
      status: "Completed",
      scope: scopeOf(review),
    },
    navigations: { instances: () => [instanceNode(review)] },
  };
}

function instanceNode(review: Review): Node {
  const { instanceId: id, at } = review;
  const times = { startDateTime: timeOf(at), endDateTime: timeOf(at) };
  return {
    id,
    type: "accessReviewInstance",
    properties: { id, ...times, status: "Applied", scope: scopeOf(review) },
    navigations: { decisions: () => review.decisions.map((decision) => decisionNode(review, decision)) },
  };
}

/** As https://learn.microsoft.com/graph/accessreviews-scope-concept writes them: that of a package with the names of beta. */
function queryOf(resource: Review["resource"]): string {
  if (resource.kind === "group") return `/groups/${resource.id}/transitiveMembers`;
  const assignments = "/identityGovernance/entitlementManagement/accessPackageAssignments";
  return `${assignments}?$filter=(accessPackageId eq '${resource.id}' and assignmentPolicyId eq '${resource.policy.id}')`;
}

function resourceOf(resource: Review["resource"]) {
  const { kind, id, displayName } = resource;
  if (kind === "group") return { id, displayName, type: "Group" };
  return {
    "@odata.type": "#microsoft.graph.accessReviewInstanceDecisionItemAccessPackageAssignmentPolicyResource",
    ...resource.policy,
    type: "AccessPackageAssignmentPolicy",
    accessPackageId: id,
    accessPackageDisplayName: displayName,
  };
}

const addressOf = (name: string) => `${name.toLowerCase().replaceAll(" ", ".")}@reviews.example`;

/** Of who carries it out nothing is shown when that went by itself. */
const nobody = { id: "00000000-0000-0000-0000-000000000000", displayName: "", userPrincipalName: "" };

function scopeOf({ resource }: Review) {
  const query = queryOf(resource);
  return { "@odata.type": "#microsoft.graph.accessReviewQueryScope", query, queryType: "MicrosoftGraph" };
}

function decisionNode({ at, id: accessReviewId, resource }: Review, decision: Decision): Node {
  const { id, user, reviewer, justification } = decision;
  const { displayName, userPrincipalName } = user.properties;
  const when = timeOf(at);
  return {
    id,
    type: "accessReviewInstanceDecisionItem",
    properties: {
      id,
      accessReviewId,
      decision: "Deny",
      recommendation: "Deny",
      justification,
      applyResult: "AppliedSuccessfully",
      appliedDateTime: when,
      appliedBy: nobody,
      reviewedDateTime: when,
      reviewedBy: { ...reviewer, userPrincipalName: addressOf(reviewer.displayName) },
      principal: {
        "@odata.type": "#microsoft.graph.userIdentity",
        id: user.id,
        displayName: displayName ?? null,
        userPrincipalName: userPrincipalName ?? null,
      },
      principalLink: `https://graph.microsoft.com/v1.0/users/${user.id}`,
      resource: resourceOf(resource),
    },
    navigations: {},
  };
}
