import { Temporal } from "temporal-polyfill";
import { guidFrom } from "../ids.ts";
import type { GroupSeed, PrincipalSeed, PrivilegedSeed } from "../seed.ts";
import { seedActor } from "./objects.ts";
import {
  newTenantSettings,
  relationKey,
  scheduleId,
  type PrivilegedSettings,
  type Schedule,
  type Standing,
} from "./privileged.ts";
import { awaitEnd } from "./privileged-writes.ts";
import type { Tenant } from "./tenant.ts";

/** What a group's seed says about Privileged Identity Management, as if it had always been so. */
export function plantPrivileged(tenant: Tenant, group: GroupSeed, worldSeed: string | number): void {
  const { pim } = group;
  if (pim === undefined) return;
  tenant.privileged.settings.set(group.id, settingsOf(pim));
  const yesterday = tenant.clock.now() - 24 * 60 * 60 * 1000;
  const schedule = (standing: Standing, seed: PrincipalSeed): Schedule => {
    const { principalId, accessId = "member", until } = seed;
    const relation = { groupId: group.id, principalId, accessId };
    return {
      ...relation,
      id: scheduleId(relation, guidFrom(worldSeed, "schedule", relationKey(standing, relation))),
      standing,
      status: "Provisioned",
      assignmentType: "assigned",
      requestId: null,
      createdBy: seedActor,
      createdAt: yesterday,
      modifiedAt: undefined,
      startAt: yesterday,
      endAt: until === undefined ? undefined : Date.parse(until),
    };
  };
  for (const seed of pim.eligible ?? []) plant(tenant, schedule("eligibility", seed));
  for (const seed of pim.active ?? []) plant(tenant, schedule("assignment", seed));
}

function plant(tenant: Tenant, schedule: Schedule): void {
  const { standing, groupId, principalId, accessId } = schedule;
  const principal =
    tenant.users.get(principalId) ??
    tenant.groups.get(principalId) ??
    tenant.servicePrincipals.get(principalId);
  if (principal === undefined) {
    throw new Error(`Group ${groupId} of ${tenant.name} has an unknown principal in PIM: ${principalId}.`);
  }
  tenant.privileged[standing].plant(relationKey(standing, schedule), schedule);
  awaitEnd(tenant, schedule);
  if (standing === "eligibility" || accessId === "owner") return;
  tenant.membersOf(groupId).plant(principalId, {
    memberId: principalId,
    memberKind: principal.kind,
    addedBy: seedActor,
    addedAt: 0,
    isPrivileged: true,
  });
}

function settingsOf(seed: PrivilegedSeed): PrivilegedSettings {
  const given = (text: string | undefined, usual: number) => {
    if (text === undefined) return usual;
    return text === "unlimited" ? Infinity : Temporal.Duration.from(text).total("milliseconds");
  };
  return {
    longestEligibility: given(seed.longestEligibility, newTenantSettings.longestEligibility),
    longestAssignment: given(seed.longestAssignment, newTenantSettings.longestAssignment),
    longestActivation: given(seed.longestActivation, newTenantSettings.longestActivation),
  };
}
