import type { Actor } from "../directory/objects.ts";

/** What entitlement management keeps about a tenant, under Graph's names where Graph has them. */
export type CatalogRecord = {
  readonly id: string;
  readonly displayName: string;
  readonly isExternallyVisible: boolean;
  readonly createdAt: number;
};

export type PackageRecord = {
  readonly id: string;
  readonly displayName: string;
  readonly catalogId: string;
  readonly roles: readonly ResourceRole[];
  readonly createdAt: number;
};

/** One thing that a package gives. */
export type ResourceRole =
  | { readonly kind: "group"; readonly id: string; readonly groupId: string }
  | {
      readonly kind: "application";
      readonly id: string;
      readonly servicePrincipalId: string;
      /** Without it, the first that the application has. */
      readonly appRoleId: string | undefined;
    };

export type TargetScope =
  | "notSpecified"
  | "specificDirectoryUsers"
  | "specificConnectedOrganizationUsers"
  | "allMemberUsers"
  | "allDirectoryUsers"
  | "allConfiguredConnectedOrganizationUsers"
  | "allExternalUsers";

/** One of `specificAllowedTargets`, as Graph writes it. */
export type SubjectSet =
  | { readonly "@odata.type": "#microsoft.graph.singleUser"; readonly userId: string }
  | { readonly "@odata.type": "#microsoft.graph.groupMembers"; readonly groupId: string }
  | {
      readonly "@odata.type": "#microsoft.graph.connectedOrganizationMembers";
      readonly connectedOrganizationId: string;
    };

export type PolicyRecord = {
  readonly id: string;
  readonly packageId: string;
  readonly displayName: string;
  readonly allowedTargetScope: TargetScope;
  readonly specificAllowedTargets: readonly SubjectSet[];
  readonly expiration: Expiration;
  readonly approval: { readonly deniedAfter: string; readonly alsoForUpdates: boolean } | undefined;
  readonly allowCustomAssignmentSchedule: boolean;
  readonly createdAt: number;
};

/** `expirationPattern`. */
export type Expiration = {
  readonly type: "notSpecified" | "noExpiration" | "afterDateTime" | "afterDuration";
  readonly endDateTime: string | null;
  readonly duration: string | null;
};

/** What a request asks for: to begin at once without a start. */
export type AskedSchedule = { readonly startAt: number | undefined; readonly expiration: Expiration };

/** When an assignment begins and ends, epoch milliseconds; it does not end without an end. */
export type Schedule = { readonly startAt: number; readonly endAt: number | undefined };

export type OrganizationRecord = {
  readonly id: string;
  readonly displayName: string;
  readonly state: "configured" | "proposed";
  readonly domains: readonly string[];
  readonly tenantId: string | undefined;
  readonly createdAt: number;
};

export type SettingsRecord = {
  externalUserLifecycleAction: "none" | "blockSignIn" | "blockSignInAndDelete";
  durationUntilExternalUserDeletedAfterBlocked: string;
};

/** Whom assignments are for: an account, or somebody who does not have one yet and is known by an address. */
export type SubjectRecord = {
  readonly id: string;
  readonly objectId: string | undefined;
  readonly email: string | undefined;
  readonly lifecycle: "notDefined" | "notGoverned" | "governed";
};

export type AssignmentState =
  "delivering" | "partiallyDelivered" | "delivered" | "expired" | "deliveryFailed";

export type AssignmentRecord = {
  readonly id: string;
  readonly packageId: string;
  readonly policyId: string;
  readonly subjectId: string;
  readonly state: AssignmentState;
  readonly schedule: Schedule;
  readonly expiredAt: number | undefined;
  /** When its delivery ended, one way or the other. */
  readonly completedAt: number | undefined;
  readonly createdBy: Actor;
  /** What of its package it gives. */
  readonly given: readonly ResourceRole[];
  /** In limbo: of the target it shows the address at most. */
  readonly inLimbo: boolean;
};

export type RequestState =
  | "submitted"
  | "pendingApproval"
  | "scheduled"
  | "delivering"
  | "delivered"
  | "partiallyDelivered"
  | "deliveryFailed"
  | "denied"
  | "canceled";

export type RequestType = "adminAdd" | "adminUpdate" | "adminRemove" | "systemRemove";

export type RequestRecord = {
  readonly id: string;
  readonly type: RequestType;
  readonly state: RequestState;
  readonly packageId: string;
  readonly policyId: string;
  readonly subjectId: string;
  /** Of an adminAdd only since its delivery began. */
  readonly assignmentId: string | undefined;
  readonly schedule: AskedSchedule;
  readonly justification: string | undefined;
  readonly createdAt: number;
  readonly completedAt: number | undefined;
  /** What an approver said. */
  readonly review:
    { readonly result: "Approve" | "Deny"; readonly justification: string; readonly at: number } | undefined;
  readonly by: Actor;
};
