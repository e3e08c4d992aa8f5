import type { GroupRecord, Membership } from "../directory/objects.ts";
import {
  relationKey,
  scheduleId,
  type Relation,
  type Schedule,
  type Standing,
} from "../directory/privileged.ts";
import type { DirectoryView } from "../directory/view.ts";
import type { Call } from "../http/call.ts";
import { guidFrom } from "../ids.ts";
import { isGoverned } from "./privileged-rules.ts";

/** What there is about a relation now: a write goes by the present. */
export function currentSchedule(call: Call, standing: Standing, relation: Relation): Schedule | undefined {
  const known = call.tenant.privileged[standing].get(relationKey(standing, relation));
  if (known !== undefined || standing === "eligibility" || relation.accessId === "owner") return known;
  const membership = call.tenant.membersOf(relation.groupId).get(relation.principalId);
  return membership === undefined ? undefined : implied(relation.groupId, membership);
}

/** Whose schedules are asked for; one of the two at least. */
export type Scope = { readonly groupId: string | undefined; readonly principalId: string | undefined };

/** All schedules of a scope, those included that PIM did not make. */
export function* schedulesIn(view: DirectoryView, standing: Standing, scope: Scope): Iterable<Schedule> {
  for (const schedule of view.schedules(standing)) {
    const isElsewhere = scope.groupId !== undefined && schedule.groupId !== scope.groupId;
    // A group in the recycle bin keeps its schedules, and shows none.
    if (!isElsewhere && view.group(schedule.groupId) !== undefined) yield schedule;
  }
  if (standing === "assignment") yield* impliedIn(view, scope);
}

/**
 * Members whom somebody added to the group itself show as assigned for ever, without a start: the second row of the sample in
 * learn.microsoft.com/graph/api/privilegedaccessgroup-list-assignmentscheduleinstances.
 */
function* impliedIn(view: DirectoryView, { groupId, principalId }: Scope): Iterable<Schedule> {
  for (const group of groupsOf(view, { groupId, principalId })) {
    if (!isGoverned(group)) continue;
    for (const membership of membershipsOf(view, group, principalId)) {
      if (membership.isPrivileged !== true) yield implied(group.id, membership);
    }
  }
}

function groupsOf(view: DirectoryView, { groupId, principalId }: Scope): readonly GroupRecord[] {
  if (groupId === undefined) return principalId === undefined ? [] : view.groupsOf(principalId);
  const group = view.group(groupId);
  return group === undefined ? [] : [group];
}

function membershipsOf(
  view: DirectoryView,
  group: GroupRecord,
  principalId: string | undefined,
): Iterable<Membership> {
  if (principalId === undefined) return view.memberships(group.id);
  const membership = view.membership(group.id, principalId);
  return membership === undefined ? [] : [membership];
}

function implied(groupId: string, { memberId, addedBy, addedAt }: Membership): Schedule {
  const relation = { groupId, principalId: memberId, accessId: "member" } as const;
  return {
    ...relation,
    id: scheduleId(relation, guidFrom("membership", groupId, memberId)),
    standing: "assignment",
    status: "Provisioned",
    assignmentType: "assigned",
    requestId: null,
    createdBy: addedBy,
    createdAt: addedAt,
    modifiedAt: undefined,
    startAt: undefined,
    endAt: undefined,
  };
}
