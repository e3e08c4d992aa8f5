export const entitlementPath = "/identityGovernance/entitlementManagement";
