import { isWrite } from "../http/call.ts";

// "Identity and access service limits", learn.microsoft.com/graph/throttling-limits (2026-02-06).
const readCosts: Readonly<Record<string, number>> = {
  "/users": 2,
  "/groups/{id}/members": 3,
  "/groups/{id}/transitiveMembers": 5,
  "/users/{id}/checkMemberGroups": 4,
  "/users/{id}/getMemberGroups": 2,
  "/users/{id}/memberOf": 2,
  "/users/{id}/transitiveMemberOf": 2,
  "/groups/{id}/memberOf": 2,
  "/groups/{id}/transitiveMemberOf": 2,
  "/users/{id}/appRoleAssignments": 2,
  "/applications": 2,
};

/** Resource units of a request: cheaper with `$select` or a small `$top`, at least 1; a write costs 1. */
export function resourceCost(method: string, template: string, query: URLSearchParams): number {
  if (isWrite(method, template)) return 1;
  const base = readCosts[template.replace(/\/(microsoft\.graph\.\w+|\$count)/g, "")] ?? 1;
  const top = query.get("$top");
  const discount = (query.has("$select") ? 1 : 0) + (top !== null && Number(top) < 20 ? 1 : 0);
  return Math.max(1, base - discount + (query.has("$expand") ? 1 : 0));
}
