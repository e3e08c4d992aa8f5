/** Where entitlement management is found. https://learn.microsoft.com/graph/api/resources/entitlementmanagement-overview */
export const entitlement = "/identityGovernance/entitlementManagement";
