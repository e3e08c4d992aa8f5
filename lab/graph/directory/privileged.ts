import type { Actor } from "./objects.ts";
import type { VersionedMap } from "./versioned-map.ts";

/** Privileged Identity Management for groups: who may become a member or an owner, who is one for a time, and who asked for it. */
export type PrivilegedAccess = {
  /** One for each relation, under its `relationKey`. */
  readonly eligibility: VersionedMap<Schedule>;
  readonly assignment: VersionedMap<Schedule>;
  readonly requests: VersionedMap<ScheduleRequest>;
  /** What groups say about themselves; the others are as in a new tenant. */
  readonly settings: Map<string, PrivilegedSettings>;
};

/** What somebody may become, or what they are. */
export type Standing = "eligibility" | "assignment";

/** Who is what to which group. */
export type Relation = {
  readonly groupId: string;
  readonly principalId: string;
  readonly accessId: "member" | "owner";
};

export type Schedule = Relation & {
  readonly id: string;
  readonly standing: Standing;
  /** `Granted` until it begins. */
  readonly status: "Granted" | "Provisioned";
  readonly assignmentType: "assigned" | "activated";
  /** Id of the request behind it. */
  readonly requestId: string | null;
  /** Of an activation: whoever made the person eligible. */
  readonly createdBy: Actor;
  readonly createdAt: number;
  readonly modifiedAt: number | undefined;
  /** Unknown for memberships that PIM did not make. */
  readonly startAt: number | undefined;
  /** Undefined: for ever. */
  readonly endAt: number | undefined;
};

export type ScheduleRequest = Relation & {
  readonly id: string;
  readonly standing: Standing;
  readonly action: ScheduleAction;
  /** `Granted` while it waits for its start, and `Revoked` for a removal that was carried out. */
  readonly status: "Granted" | "Provisioned" | "Revoked" | "Canceled";
  readonly createdAt: number;
  readonly completedAt: number | undefined;
  /** Object id of whoever asked. */
  readonly createdBy: string;
  readonly justification: string | null;
  readonly ticketInfo: Readonly<Record<string, unknown>>;
  readonly window: Window | undefined;
  readonly targetScheduleId: string | null;
};

export type ScheduleAction =
  "adminAssign" | "adminUpdate" | "adminExtend" | "adminRemove" | "selfActivate" | "selfDeactivate";

export type Window = {
  readonly startAt: number;
  readonly endAt: number | undefined;
  /** When the end was given as one. */
  readonly duration: string | null;
};

/** The longest windows, milliseconds; Infinity allows windows without an end. */
export type PrivilegedSettings = {
  readonly longestEligibility: number;
  readonly longestAssignment: number;
  readonly longestActivation: number;
};

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/**
 * Half a year and eight hours: "Govern membership and ownership of groups by using PIM for Groups", learn.microsoft.com (2025-08-29).
 * That nobody is eligible for ever, and for a year at most, is what people meet:
 * github.com/hashicorp/terraform-provider-azuread/issues/1450.
 */
export const newTenantSettings: PrivilegedSettings = {
  longestEligibility: 365 * dayMs,
  longestAssignment: 180 * dayMs,
  longestActivation: 8 * hourMs,
};

/** Ends with the principal, as the key of a membership does. */
export function relationKey(standing: Standing, { groupId, accessId, principalId }: Relation): string {
  return `${standing}/${groupId}/${accessId}/${principalId}`;
}

/** As the documented samples have it: an extension makes a schedule with another id. */
export function scheduleId({ groupId, accessId }: Relation, requestId: string): string {
  return `${groupId}_${accessId}_${requestId}`;
}
