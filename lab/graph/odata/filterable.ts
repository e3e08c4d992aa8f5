import { entitlementFilters } from "./entitlement-filters.ts";

/**
 * Which properties `$filter` and `$orderby` know, by entity. A property that is not here cannot be filtered by at all.
 *
 * Four letters say what works: `eq` (and `in`, `ne`, `not`), `startsWith`, `ge`/`le`, and `eq null`. D is by default, A as an
 * advanced query only, a dash never. `ne` and `not` are advanced wherever `eq` works. `x/any` is a collection behind a lambda.
 * https://learn.microsoft.com/graph/aad-advanced-queries (2025-08-29)
 */
const user = {
  id: "D---",
  accountEnabled: "D---",
  ageGroup: "D---",
  "assignedLicenses/any/skuId": "D---",
  "businessPhones/any": "AA--",
  city: "DD-A",
  companyName: "AA-A",
  consentProvidedForMinor: "D---",
  country: "DD-A",
  createdDateTime: "--DA",
  creationType: "D---",
  deletedDateTime: "--A-",
  department: "DD-A",
  displayName: "DD-A",
  employeeHireDate: "--A-",
  employeeId: "D--A",
  employeeType: "A---",
  externalUserState: "D---",
  faxNumber: "AA-A",
  givenName: "DD-A",
  "identities/any/issuer": "D--D",
  "identities/any/issuerAssignedId": "D---",
  "imAddresses/any": "DD--",
  isResourceAccount: "D---",
  jobTitle: "DD-A",
  mail: "DD-A",
  mailNickname: "DD-A",
  mobilePhone: "AA-A",
  officeLocation: "AA-A",
  onPremisesDistinguishedName: "AA-A",
  onPremisesImmutableId: "D---",
  onPremisesLastSyncDateTime: "--D-",
  onPremisesSamAccountName: "AA--",
  onPremisesSecurityIdentifier: "D--A",
  onPremisesSyncEnabled: "D--A",
  "otherMails/any": "DD--",
  passwordPolicies: "---A",
  postalCode: "AA-A",
  preferredLanguage: "A--A",
  "proxyAddresses/any": "DD--",
  state: "D--A",
  streetAddress: "AA-A",
  surname: "DD-A",
  usageLocation: "DD-A",
  userPrincipalName: "DD--",
  userType: "D--A",
} as const;

const group = {
  id: "D---",
  classification: "DD--",
  createdDateTime: "--AA",
  deletedDateTime: "--A-",
  description: "AA-A",
  displayName: "DD-A",
  expirationDateTime: "--A-",
  "groupTypes/any": "D---",
  isAssignableToRole: "D---",
  mail: "DD-A",
  mailEnabled: "D---",
  mailNickname: "DD-A",
  membershipRule: "DD--",
  membershipRuleProcessingState: "D---",
  onPremisesLastSyncDateTime: "--D-",
  onPremisesSamAccountName: "AA--",
  onPremisesSecurityIdentifier: "D--A",
  onPremisesSyncEnabled: "D--A",
  preferredLanguage: "A--A",
  "proxyAddresses/any": "DD--",
  renewedDateTime: "--D-",
  "resourceBehaviorOptions/any": "D---",
  "resourceProvisioningOptions/any": "D---",
  securityEnabled: "D---",
  uniqueName: "DD--",
} as const;

const servicePrincipal = {
  id: "D---",
  accountEnabled: "D---",
  "alternativeNames/any": "DD--",
  appId: "D---",
  appOwnerOrganizationId: "A---",
  appRoleAssignmentRequired: "A---",
  applicationTemplateId: "D---",
  description: "AA-A",
  displayName: "DD-A",
  homepage: "AA-A",
  "servicePrincipalNames/any": "DD--",
  servicePrincipalType: "D---",
  "tags/any": "DD--",
} as const;

/** Not listed by Microsoft; nobody was found who filters by them without the advanced parameters. */
const appRoleAssignment = { principalId: "A---", resourceId: "A---", appRoleId: "A---" } as const;

/** https://learn.microsoft.com/graph/api/provisioningobjectsummary-list; the documentation spells some in lower case. */
const provisioning = {
  id: "D---",
  activityDateTime: "D-D-",
  tenantId: "D---",
  tenantid: "D---",
  jobId: "D---",
  jobid: "D---",
  changeId: "D---",
  changeid: "D---",
  cycleId: "D---",
  cycleid: "D---",
  provisioningAction: "D---",
  "provisioningStatusInfo/status": "D---",
  "sourceIdentity/id": "D---",
  "sourceIdentity/displayName": "D---",
  "targetIdentity/id": "D---",
  "targetIdentity/displayName": "D---",
  "servicePrincipal/id": "D---",
  "servicePrincipal/displayName": "D---",
} as const;

/** https://learn.microsoft.com/graph/api/directoryaudit-list */
const directoryAudit = {
  activityDateTime: "D-D-",
  activityDisplayName: "DD--",
  loggedByService: "D---",
  "initiatedBy/user/id": "D---",
  "initiatedBy/user/displayName": "D---",
  "initiatedBy/user/userPrincipalName": "DD--",
  "initiatedBy/app/appId": "D---",
  "initiatedBy/app/displayName": "D---",
  "targetResources/any/id": "D---",
  "targetResources/any/displayName": "DD--",
} as const;

/**
 * learn.microsoft.com/graph/api/resources/privilegedaccessgroupassignmentschedule and its five siblings. `ne` and `eq null`,
 * which they give to a few of these, are missing.
 */
const privilegedAccess = {
  id: "D---",
  accessId: "D---",
  assignmentScheduleId: "D---",
  assignmentType: "D---",
  createdUsing: "D---",
  eligibilityScheduleId: "D---",
  groupId: "D---",
  memberType: "D---",
  principalId: "D---",
  status: "D---",
} as const;

/** learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions and -list-roleassignments */
const roleDefinition = { id: "D---", displayName: "DD--", isBuiltIn: "D---" } as const;
const roleAssignment = { principalId: "D---", roleDefinitionId: "D---" } as const;

/** How far a use of a property goes: in every query, in advanced ones, or in none. */
export type Support = "default" | "advanced" | "none";
export type Use = "eq" | "startsWith" | "range" | "null";

type Letters = Readonly<Record<string, string>>;
const filterable: Readonly<Record<string, Letters>> = {
  "microsoft.graph.user": user,
  "microsoft.graph.group": group,
  "microsoft.graph.servicePrincipal": servicePrincipal,
  "microsoft.graph.directoryObject": { ...servicePrincipal, ...group, ...user },
  "microsoft.graph.appRoleAssignment": appRoleAssignment,
  "microsoft.graph.provisioningObjectSummary": provisioning,
  "microsoft.graph.directoryAudit": directoryAudit,
  "microsoft.graph.privilegedAccessGroupEligibilitySchedule": privilegedAccess,
  "microsoft.graph.privilegedAccessGroupEligibilityScheduleInstance": privilegedAccess,
  "microsoft.graph.privilegedAccessGroupEligibilityScheduleRequest": privilegedAccess,
  "microsoft.graph.privilegedAccessGroupAssignmentSchedule": privilegedAccess,
  "microsoft.graph.privilegedAccessGroupAssignmentScheduleInstance": privilegedAccess,
  "microsoft.graph.privilegedAccessGroupAssignmentScheduleRequest": privilegedAccess,
  "microsoft.graph.unifiedRoleDefinition": roleDefinition,
  "microsoft.graph.unifiedRoleAssignment": roleAssignment,
  ...entitlementFilters,
};

/** Directory extensions: "other extension properties", same page. */
const extension = "DA-A";
const columns = { eq: 0, startsWith: 1, range: 2, null: 3 } as const;
const meanings: Readonly<Record<string, Support>> = { D: "default", A: "advanced" };

export function filterSupport(type: string, path: string, use: Use): Support {
  const letters = path.startsWith("extension_") ? extension : filterable[type]?.[path];
  return meanings[letters?.[columns[use]] ?? ""] ?? "none";
}

const sortable: Readonly<Record<string, Readonly<Record<string, Support>>>> = {
  "microsoft.graph.user": {
    displayName: "default",
    userPrincipalName: "default",
    createdDateTime: "advanced",
    deletedDateTime: "advanced",
  },
  "microsoft.graph.group": {
    displayName: "default",
    createdDateTime: "advanced",
    deletedDateTime: "advanced",
  },
  "microsoft.graph.servicePrincipal": {
    displayName: "advanced",
    createdDateTime: "advanced",
    deletedDateTime: "advanced",
  },
  "microsoft.graph.directoryObject": { displayName: "advanced" },
  "microsoft.graph.provisioningObjectSummary": { activityDateTime: "default" },
  "microsoft.graph.directoryAudit": { activityDateTime: "default" },
};

export function sortSupport(type: string, path: string): Support {
  return sortable[type]?.[path] ?? "none";
}

/** The only properties that can be matched by their end, and as an advanced query only. */
export function endsWithIsSupported(path: string): boolean {
  return ["mail", "userPrincipalName", "otherMails/any", "proxyAddresses/any"].includes(path);
}
