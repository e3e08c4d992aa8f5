import type { EntityShape } from "../../directory/properties.ts";

/** An entity of entitlement management: what it has of its own, and where `$expand` leads. */
export type EntityType = {
  readonly shape: EntityShape;
  readonly navigations: Readonly<Record<string, TypeName>>;
};

export type TypeName =
  | "accessPackage"
  | "accessPackageAssignment"
  | "accessPackageAssignmentPolicy"
  | "accessPackageAssignmentRequest"
  | "accessPackageCatalog"
  | "accessPackageResource"
  | "accessPackageResourceRole"
  | "accessPackageResourceRoleScope"
  | "accessPackageResourceScope"
  | "accessPackageSubject"
  | "accessReviewInstance"
  | "accessReviewInstanceDecisionItem"
  | "accessReviewScheduleDefinition"
  | "approval"
  | "approvalStage"
  | "connectedOrganization";

const described = ["id", "displayName", "description", "createdDateTime", "modifiedDateTime"];
const originated = ["id", "displayName", "description", "originId", "originSystem"];

/** Navigations that the lab does not have (questions, extensions, sponsors, …) are unknown to it. */
export const types: Readonly<Record<TypeName, EntityType>> = {
  accessPackage: type("accessPackage", [...described, "isHidden"], {
    assignmentPolicies: "accessPackageAssignmentPolicy",
    catalog: "accessPackageCatalog",
    resourceRoleScopes: "accessPackageResourceRoleScope",
  }),
  accessPackageAssignment: type(
    "accessPackageAssignment",
    ["id", "state", "status", "expiredDateTime", "schedule", "customExtensionCalloutInstances"],
    {
      accessPackage: "accessPackage",
      assignmentPolicy: "accessPackageAssignmentPolicy",
      target: "accessPackageSubject",
    },
  ),
  accessPackageAssignmentPolicy: type(
    "accessPackageAssignmentPolicy",
    [
      ...described,
      "allowedTargetScope",
      "automaticRequestSettings",
      "expiration",
      "notificationSettings",
      "requestApprovalSettings",
      "requestorSettings",
      "reviewSettings",
      "specificAllowedTargets",
    ],
    { accessPackage: "accessPackage", catalog: "accessPackageCatalog" },
  ),
  accessPackageAssignmentRequest: type(
    "accessPackageAssignmentRequest",
    [
      "id",
      "requestType",
      "state",
      "status",
      "createdDateTime",
      "completedDateTime",
      "justification",
      "schedule",
      "answers",
      "customExtensionCalloutInstances",
    ],
    {
      accessPackage: "accessPackage",
      assignment: "accessPackageAssignment",
      requestor: "accessPackageSubject",
    },
  ),
  accessPackageCatalog: type(
    "accessPackageCatalog",
    [...described, "catalogType", "state", "isExternallyVisible"],
    { accessPackages: "accessPackage" },
  ),
  accessPackageResource: type("accessPackageResource", originated, {}),
  accessPackageResourceRole: type("accessPackageResourceRole", originated, {
    resource: "accessPackageResource",
  }),
  accessPackageResourceRoleScope: type("accessPackageResourceRoleScope", ["id", "createdDateTime"], {
    role: "accessPackageResourceRole",
    scope: "accessPackageResourceScope",
  }),
  accessPackageResourceScope: type("accessPackageResourceScope", [...originated, "isRootScope"], {
    resource: "accessPackageResource",
  }),
  accessPackageSubject: type(
    "accessPackageSubject",
    [
      "id",
      "objectId",
      "displayName",
      "principalName",
      "email",
      "onPremisesSecurityIdentifier",
      "subjectType",
      "subjectLifecycle",
    ],
    { connectedOrganization: "connectedOrganization" },
  ),
  accessReviewInstance: type(
    "accessReviewInstance",
    ["id", "startDateTime", "endDateTime", "status", "scope"],
    { decisions: "accessReviewInstanceDecisionItem" },
  ),
  accessReviewInstanceDecisionItem: type(
    "accessReviewInstanceDecisionItem",
    [
      "id",
      "accessReviewId",
      "decision",
      "recommendation",
      "justification",
      "applyResult",
      "appliedBy",
      "appliedDateTime",
      "reviewedBy",
      "reviewedDateTime",
      "principal",
      "principalLink",
      "resource",
      "resourceLink",
    ],
    {},
  ),
  accessReviewScheduleDefinition: type(
    "accessReviewScheduleDefinition",
    ["id", "displayName", "createdDateTime", "lastModifiedDateTime", "status", "scope"],
    { instances: "accessReviewInstance" },
  ),
  approval: type("approval", ["id"], { stages: "approvalStage" }),
  approvalStage: type(
    "approvalStage",
    [
      "id",
      "assignedToMe",
      "displayName",
      "justification",
      "reviewedBy",
      "reviewedDateTime",
      "reviewResult",
      "status",
    ],
    {},
  ),
  connectedOrganization: type("connectedOrganization", [...described, "identitySources", "state"], {}),
};

function type(
  name: TypeName,
  properties: readonly string[],
  navigations: Readonly<Record<string, TypeName>>,
): EntityType {
  const collections = new Set(["answers", "customExtensionCalloutInstances", "specificAllowedTargets"]);
  return {
    shape: {
      type: `microsoft.graph.${name}`,
      defaults: properties,
      known: new Set([...properties, ...Object.keys(navigations)]),
      collections,
      extensible: false,
      operators: "all",
    },
    navigations,
  };
}
