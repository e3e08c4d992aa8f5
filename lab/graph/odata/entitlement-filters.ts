/**
 * What entitlement management can filter by, in the letters of filterable.ts. Its pages show these; the rest is refused.
 * https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments writes `target/objectid`, in lower case.
 */
const named = { id: "D---", displayName: "D---" } as const;

export const entitlementFilters = {
  "microsoft.graph.accessPackage": { ...named, "catalog/id": "D---" },
  "microsoft.graph.accessPackageAssignmentPolicy": { ...named, "accessPackage/id": "D---" },
  "microsoft.graph.accessPackageCatalog": named,
  "microsoft.graph.connectedOrganization": named,
  "microsoft.graph.accessPackageAssignment": {
    id: "D---",
    state: "D---",
    "accessPackage/id": "D---",
    "assignmentPolicy/id": "D---",
    "target/id": "D---",
    "target/objectid": "D---",
    "target/objectId": "D---",
    "target/email": "D---",
  },
  // A request has no target in the metadata: the requestor of a direct assignment is whom it is for.
  "microsoft.graph.accessPackageAssignmentRequest": {
    id: "D---",
    state: "D---",
    requestType: "D---",
    "accessPackage/id": "D---",
    "assignment/id": "D---",
    "assignment/target/objectid": "D---",
    "assignment/target/objectId": "D---",
    "requestor/objectid": "D---",
    "requestor/objectId": "D---",
    "requestor/email": "D---",
  },
  "microsoft.graph.accessReviewInstanceDecisionItem": { decision: "D---", applyResult: "D---" },
  "microsoft.graph.accessPackageSubject": {
    id: "D---",
    objectId: "D---",
    email: "D---",
    subjectLifecycle: "D---",
  },
} as const;
