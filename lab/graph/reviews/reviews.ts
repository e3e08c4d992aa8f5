import { removeMember } from "../directory/group-writes.ts";
import type { Actor, UserRecord } from "../directory/objects.ts";
import { endSchedule } from "../directory/privileged-writes.ts";
import { relationKey } from "../directory/privileged.ts";
import type { Tenant } from "../directory/tenant.ts";
import { textOf } from "../directory/text.ts";
import { activeAssignmentsOf } from "../entitlement/assignments.ts";
import type { EntitlementEngine } from "../entitlement/engine.ts";
import { neverExpires } from "../entitlement/schedule.ts";
import type { Struck } from "../faults/fault-registry.ts";
import type { Lab } from "../lab.ts";

const reviewActor: Actor = { kind: "review", displayName: "Azure AD Access Reviews" };

/** An access review of one group or access package that is over and whose decisions were applied. */
export type Review = {
  readonly id: string;
  readonly instanceId: string;
  readonly resource: Named &
    (
      | { readonly kind: "group" }
      /** What is reviewed of a package are its assignments under one policy. */
      | { readonly kind: "accessPackage"; readonly policy: Named }
    );
  readonly at: number;
  readonly decisions: readonly Decision[];
};

type Named = { readonly id: string; readonly displayName: string };

type Decision = {
  readonly id: string;
  readonly user: UserRecord;
  readonly reviewer: Named;
  readonly justification: string;
};

type Denied = Struck<"deniedReview">["fault"];
type Target = { readonly tenant: Tenant; readonly user: UserRecord };

/**
 * Reviews come from `deniedReview` faults alone: somebody else decided, and the decision was carried out. The membership goes at
 * once, and with it the eligibility for it; the assignment of a package as a removal by the system.
 */
export function accessReviews(lab: Lab, engine: EntitlementEngine): (tenantId: string) => readonly Review[] {
  const byTenant = new Map<string, Review[]>();

  function record({ tenant, user }: Target, resource: Review["resource"], fault: Denied): void {
    const justification = fault.justification ?? "No longer needed.";
    const reviewer = { id: tenant.mint("reviewer"), displayName: fault.reviewer };
    const decisions = [{ id: tenant.mint("decision"), user, reviewer, justification }];
    const [id, instanceId] = [tenant.mint("review"), tenant.mint("review instance")];
    const review: Review = { id, instanceId, resource, at: lab.clock.now(), decisions };
    byTenant.set(tenant.id, [...(byTenant.get(tenant.id) ?? []), review]);
  }

  function denyMembership(target: Target, fault: Denied): boolean {
    const { tenant, user } = target;
    const group = [...tenant.groups.entries()]
      .map(([, each]) => each)
      .find(({ id, properties }) => [id, properties["displayName"]].includes(fault.group));
    if (group === undefined) return false;
    const isMember = tenant.membersOf(group.id).get(user.id) !== undefined;
    const relation = { groupId: group.id, principalId: user.id, accessId: "member" } as const;
    const schedules = [
      tenant.privileged.eligibility.get(relationKey("eligibility", relation)),
      tenant.privileged.assignment.get(relationKey("assignment", relation)),
    ].filter((one) => one !== undefined);
    if (!isMember && schedules.length === 0) return false;
    const displayName = textOf(group.properties["displayName"]);
    record(target, { kind: "group", id: group.id, displayName }, fault);
    for (const schedule of schedules) endSchedule(tenant, schedule);
    if (tenant.membersOf(group.id).get(user.id) !== undefined) removeMember(tenant, group, user, reviewActor);
    return true;
  }

  function denyPackage(target: Target, fault: Denied): boolean {
    const { tenant, user } = target;
    const found = [...tenant.entitlement.packages.values()].find(({ id, displayName }) =>
      [id, displayName].includes(fault.package ?? ""),
    );
    const subject = [...tenant.entitlement.subjects.values()].find(({ objectId }) => objectId === user.id);
    const assignment = activeAssignmentsOf(tenant, subject?.id ?? "").find(
      ({ packageId }) => packageId === found?.id,
    );
    if (found === undefined || assignment === undefined) return false;
    const under = tenant.entitlement.policies.get(assignment.policyId);
    const policy = { id: assignment.policyId, displayName: under?.displayName ?? assignment.policyId };
    const { id, displayName } = found;
    record(target, { kind: "accessPackage", id, displayName, policy }, fault);
    const { id: assignmentId, packageId, policyId, subjectId } = assignment;
    const schedule = { startAt: undefined, expiration: neverExpires };
    const about = { packageId, policyId, subjectId, assignmentId };
    engine.submit(tenant, {
      ...about,
      type: "systemRemove",
      schedule,
      justification: undefined,
      by: reviewActor,
    });
    return true;
  }

  lab.faults.onAdded("deniedReview", (fault) => {
    const targets = [...lab.tenants.values()].flatMap((tenant) => {
      if (fault.match.tenant !== undefined && ![tenant.id, tenant.name].includes(fault.match.tenant))
        return [];
      const user = userNamed(tenant, fault.user);
      return user === undefined ? [] : [{ tenant, user }];
    });
    const deny = fault.group === undefined ? denyPackage : denyMembership;
    const denied = targets.filter((target) => deny(target, fault));
    if (denied.length === 0)
      throw new Error(`Nothing to deny: ${fault.user} does not have that in any tenant.`);
  });

  return (tenantId) => byTenant.get(tenantId) ?? [];
}

function userNamed(tenant: Tenant, name: string): UserRecord | undefined {
  for (const [id, user] of tenant.users.entries()) {
    const { userPrincipalName, mail } = user.properties;
    if ([id, userPrincipalName, mail].includes(name)) return user;
  }
  return undefined;
}
