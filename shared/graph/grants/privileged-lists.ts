import { z } from "zod";
import { groupIdSchema, type AccountId, type GroupId } from "../../model/ids.ts";
import { listAll, type Listing } from "../listing.ts";
import type { GraphTenant, Priority } from "../tenant.ts";
import { timeOf } from "../wire.ts";

/*
 * What Privileged Identity Management for groups tells of one person: for what they are eligible, where they are active, and what they
 * have asked to be active in.
 * https://learn.microsoft.com/graph/api/resources/privilegedidentitymanagement-for-groups-api-overview
 */
export const privileged = "/identityGovernance/privilegedAccess/group";

const dateTime = z.iso.datetime({ offset: true }).nullish();

const instanceSchema = z.looseObject({
  groupId: groupIdSchema,
  accessId: z.string(),
  endDateTime: dateTime,
  /** Of active assignments only: `activated` by somebody who is eligible, or `assigned` for good. */
  assignmentType: z.string().nullish(),
});

export type Instance = z.infer<typeof instanceSchema>;

export function listEligible(tenant: GraphTenant, account: AccountId, priority: Priority) {
  const template = `${privileged}/eligibilityScheduleInstances`;
  const path = `${template}?$filter=${of(account)}&$select=id,groupId,accessId,endDateTime`;
  return listAll(tenant, { path, template, priority }, instanceSchema);
}

export function listActive(tenant: GraphTenant, account: AccountId, priority: Priority) {
  const template = `${privileged}/assignmentScheduleInstances`;
  const path = `${template}?$filter=${of(account)}&$select=id,groupId,accessId,endDateTime,assignmentType`;
  return listAll(tenant, { path, template, priority }, instanceSchema);
}

/** Everybody who is eligible for a group. */
export function listAllEligible(tenant: GraphTenant, group: GroupId, priority: Priority) {
  const template = `${privileged}/eligibilityScheduleInstances`;
  const filter = encodeURIComponent(`groupId eq '${group}'`);
  const path = `${template}?$filter=${filter}&$select=id,groupId,accessId,principalId`;
  return listAll(tenant, { path, template, priority }, holderSchema);
}

const holderSchema = z.looseObject({
  groupId: groupIdSchema,
  accessId: z.string(),
  principalId: z.string().toLowerCase(),
});

const requestSchema = z.looseObject({
  id: z.string(),
  groupId: groupIdSchema,
  accessId: z.string(),
  action: z.string().nullish(),
  status: z.string(),
  createdDateTime: dateTime,
  completedDateTime: dateTime,
  scheduleInfo: z.looseObject({ startDateTime: dateTime }).nullish(),
});

export type ActivationRequest = z.infer<typeof requestSchema>;

/** https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-assignmentschedulerequests */
export function listRequests(tenant: GraphTenant, account: AccountId, priority: Priority) {
  const template = `${privileged}/assignmentScheduleRequests`;
  const select = "id,groupId,accessId,action,status,createdDateTime,completedDateTime,scheduleInfo";
  const path = `${template}?$filter=${of(account)}&$select=${select}`;
  return listAll(tenant, { path, template, priority }, requestSchema);
}

const of = (account: AccountId) => encodeURIComponent(`principalId eq '${account}'`);

export const isMemberOf =
  (group: GroupId) =>
  (one: { readonly groupId: string; readonly accessId: string }): boolean =>
    one.groupId === group && one.accessId.toLowerCase() === "member";

export const isActivated = ({ assignmentType }: Instance) => assignmentType?.toLowerCase() === "activated";

/** How long after an approval no list need show what came of it. */
const shownMs = 150_000;

/** An activation that was asked for, and is to come: it waits for approval, or for its day, or has just been let through. */
export type PendingActivation = {
  readonly detail: string;
  readonly since?: number;
  readonly waits: "yes" | "no";
};

export function pendingActivation(
  { items }: Listing<ActivationRequest>,
  group: GroupId,
  now: number,
): PendingActivation | null {
  const mine = items.filter((one) => isMemberOf(group)(one) && one.action?.toLowerCase() === "selfactivate");
  const found = mine.flatMap((one) => pendingIn(one, now));
  return found[0] ?? null;
}

function pendingIn(request: ActivationRequest, now: number): readonly PendingActivation[] {
  const { id, createdDateTime, completedDateTime, scheduleInfo } = request;
  const status = request.status.toLowerCase();
  const since = timeOf(createdDateTime);
  const pending = (words: string, waits: "yes" | "no") => [
    { detail: `activation ${id} ${words}`, waits, ...(since === null ? {} : { since }) },
  ];
  if (status.startsWith("pending")) return pending("waits for approval", "yes");
  if ((timeOf(scheduleInfo?.startDateTime) ?? 0) > now && status === "granted")
    return pending("waits for its day", "yes");
  const isNew = now - (timeOf(completedDateTime) ?? 0) < shownMs;
  return status === "provisioned" && isNew ? pending("was let through a moment ago", "no") : [];
}
