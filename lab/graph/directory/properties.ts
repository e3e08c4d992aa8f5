import type { Group, ServicePrincipal, User } from "@microsoft/microsoft-graph-types";

/**
 * Which properties each entity has, and which Graph returns when nobody selects any.
 * `satisfies` checks the names against Microsoft's published types.
 */
export type EntityShape = {
  /** Name in messages and casts. */
  readonly type: string;
  readonly defaults: readonly string[];
  readonly known: ReadonlySet<string>;
  /** Known properties whose empty value is `[]` rather than null. */
  readonly collections: ReadonlySet<string>;
  readonly extensible: boolean;
  /** Whether some filter operators need an advanced query, as on all directory objects. */
  readonly operators: "directory" | "all";
};

const userDefaults = [
  "businessPhones",
  "displayName",
  "givenName",
  "jobTitle",
  "mail",
  "mobilePhone",
  "officeLocation",
  "preferredLanguage",
  "surname",
  "userPrincipalName",
  "id",
] as const satisfies readonly (keyof User)[];

/** String properties a PATCH may set. */
export const userStrings = [
  "ageGroup",
  "city",
  "companyName",
  "consentProvidedForMinor",
  "country",
  "department",
  "displayName",
  "employeeId",
  "employeeType",
  "faxNumber",
  "givenName",
  "jobTitle",
  "mail",
  "mailNickname",
  "mobilePhone",
  "officeLocation",
  "onPremisesImmutableId",
  "passwordPolicies",
  "postalCode",
  "preferredLanguage",
  "state",
  "streetAddress",
  "surname",
  "usageLocation",
  "userPrincipalName",
  "userType",
  "employeeHireDate",
  "employeeLeaveDateTime",
] as const satisfies readonly (keyof User)[];

const userReadOnly = [
  "id",
  "createdDateTime",
  "creationType",
  "deletedDateTime",
  "externalUserState",
  "externalUserStateChangeDateTime",
  "identities",
  "imAddresses",
  "lastPasswordChangeDateTime",
  "onPremisesDistinguishedName",
  "onPremisesDomainName",
  "onPremisesExtensionAttributes",
  "onPremisesLastSyncDateTime",
  "onPremisesSamAccountName",
  "onPremisesSecurityIdentifier",
  "onPremisesSyncEnabled",
  "onPremisesUserPrincipalName",
  "proxyAddresses",
  "assignedLicenses",
  "assignedPlans",
  "provisionedPlans",
  "securityIdentifier",
  "signInSessionsValidFromDateTime",
  "isManagementRestricted",
  "isResourceAccount",
  "legalAgeGroupClassification",
] as const satisfies readonly (keyof User)[];

export const userShape: EntityShape = {
  type: "microsoft.graph.user",
  defaults: userDefaults,
  known: new Set<string>([
    ...userDefaults,
    ...userStrings,
    ...userReadOnly,
    "accountEnabled",
    "otherMails",
    "passwordProfile",
    "showInAddressList",
  ] satisfies (keyof User)[]),
  collections: new Set([
    "businessPhones",
    "otherMails",
    "proxyAddresses",
    "imAddresses",
    "identities",
    "assignedLicenses",
    "assignedPlans",
    "provisionedPlans",
  ]),
  extensible: true,
  operators: "directory",
};

const groupDefaults = [
  "id",
  "deletedDateTime",
  "classification",
  "createdDateTime",
  "description",
  "displayName",
  "expirationDateTime",
  "groupTypes",
  "isAssignableToRole",
  "mail",
  "mailEnabled",
  "mailNickname",
  "membershipRule",
  "membershipRuleProcessingState",
  "onPremisesLastSyncDateTime",
  "onPremisesSecurityIdentifier",
  "onPremisesSyncEnabled",
  "preferredDataLocation",
  "preferredLanguage",
  "proxyAddresses",
  "renewedDateTime",
  "resourceBehaviorOptions",
  "resourceProvisioningOptions",
  "securityEnabled",
  "securityIdentifier",
  "theme",
  "uniqueName",
  "visibility",
] as const satisfies readonly (keyof Group | "resourceBehaviorOptions" | "resourceProvisioningOptions")[];

export const groupShape: EntityShape = {
  type: "microsoft.graph.group",
  defaults: groupDefaults,
  known: new Set([
    ...groupDefaults,
    "isManagementRestricted",
    "onPremisesDomainName",
    "onPremisesSamAccountName",
  ]),
  collections: new Set([
    "groupTypes",
    "proxyAddresses",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
  ]),
  extensible: true,
  operators: "directory",
};

const servicePrincipalDefaults = [
  "id",
  "deletedDateTime",
  "accountEnabled",
  "alternativeNames",
  "appDisplayName",
  "appId",
  "applicationTemplateId",
  "appOwnerOrganizationId",
  "appRoleAssignmentRequired",
  "appRoles",
  "description",
  "displayName",
  "homepage",
  "servicePrincipalNames",
  "servicePrincipalType",
  "signInAudience",
  "tags",
] as const satisfies readonly (keyof ServicePrincipal)[];

export const servicePrincipalShape: EntityShape = {
  type: "microsoft.graph.servicePrincipal",
  defaults: servicePrincipalDefaults,
  known: new Set(servicePrincipalDefaults),
  collections: new Set(["alternativeNames", "appRoles", "servicePrincipalNames", "tags"]),
  extensible: false,
  operators: "directory",
};

/** Members of a group can be of any kind: a `$select` may name the properties of all of them. */
export const directoryObjectShape: EntityShape = {
  type: "microsoft.graph.directoryObject",
  defaults: ["id"],
  known: new Set([...userShape.known, ...groupShape.known, ...servicePrincipalShape.known]),
  collections: new Set(),
  extensible: true,
  operators: "directory",
};

export const shapes = {
  user: userShape,
  group: groupShape,
  servicePrincipal: servicePrincipalShape,
} as const;
