import { entitlementPath } from "../entitlement/paths.ts";
import type { CallPermissions } from "./call-permissions.ts";

const write = ["EntitlementManagement.ReadWrite.All"];
const read = ["EntitlementManagement.Read.All", ...write];
/** Only a user can, whatever an application was granted. */
const delegatedOnly: readonly string[] = [];

const reading = (...paths: readonly string[]): CallPermissions[] =>
  paths.map((path) => ({ method: "GET", path: `${entitlementPath}/${path}`, needs: read }));

const writing = (method: string, ...paths: readonly string[]): CallPermissions[] =>
  paths.map((path) => ({ method, path: `${entitlementPath}/${path}`, needs: write }));

const ofUsers = (method: string, path: string): CallPermissions => ({
  method,
  path: `${entitlementPath}/${path}`,
  needs: delegatedOnly,
});

const approval = "accessPackageAssignmentApprovals/{id}";

/** The rows of entitlement management in permission-table.ts. */
export const entitlementPermissions: readonly CallPermissions[] = [
  ...reading("accessPackages", "accessPackages/{id}"),
  ...reading("accessPackages/{id}/resourceRoleScopes", "accessPackages/{id}/assignmentPolicies"),
  ...reading("assignmentPolicies", "assignmentPolicies/{id}"),
  ...reading("catalogs", "catalogs/{id}"),
  ...reading("connectedOrganizations", "connectedOrganizations/{id}"),
  ...writing("POST", "accessPackages", "accessPackages/{id}/resourceRoleScopes", "assignmentPolicies"),
  ...writing("PATCH", "accessPackages/{id}"),
  ...writing("PUT", "assignmentPolicies/{id}"),
  ...writing("DELETE", "accessPackages/{id}", "assignmentPolicies/{id}"),
  ...reading("settings"),
  ...writing("PATCH", "settings"),
  ...reading("assignments", "assignments/{id}"),
  ...writing("POST", "assignments/{id}/reprocess"),
  ...reading("assignmentRequests", "assignmentRequests/{id}"),
  ...writing("POST", "assignmentRequests", "assignmentRequests/{id}/reprocess"),
  ...writing("DELETE", "assignmentRequests/{id}"),
  ofUsers("POST", "assignmentRequests/{id}/cancel"),
  ofUsers("GET", approval),
  ofUsers("GET", `${approval}/stages`),
  ofUsers("PATCH", `${approval}/stages/{id}`),
  ...reading("subjects", "subjects/{id}"),
  ...writing("PATCH", "subjects/{id}"),
  ...["", "/{id}", "/{id}/instances", "/{id}/instances/{id}/decisions"].map((path) => ({
    method: "GET",
    path: `/identityGovernance/accessReviews/definitions${path}`,
    needs: ["AccessReview.Read.All", "AccessReview.ReadWrite.All"],
  })),
];
