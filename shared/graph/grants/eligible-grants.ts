import { whyNotEligible } from "../../model/group.ts";
import type { AccountId, GroupId } from "../../model/ids.ts";
import type { Seen, Sight } from "../../model/sight.ts";
import type { Wish } from "../../model/wish.ts";
import { readDenial, reviewsOfGroup } from "../access-reviews.ts";
import type { GroupDirectory } from "../group-directory.ts";
import type { Written } from "../group-members.ts";
import { heldIn, seenIn, type Listing } from "../listing.ts";
import { refusalIn, type GraphReply, type GraphTenant, type Priority, type SendLimits } from "../tenant.ts";
import { timeOf } from "../wire.ts";
import { isGroupThere } from "./group-grants.ts";
import type { GrantFound, GrantReader, GrantWriter, HolderReader, NotYet } from "./kind.ts";
import {
  isActivated,
  isMemberOf,
  listActive,
  listAllEligible,
  listEligible,
  listRequests,
  pendingActivation,
  privileged,
  type ActivationRequest,
  type Instance,
  type PendingActivation,
} from "./privileged-lists.ts";

/*
 * Privileged Identity Management for groups: who is eligible makes themselves a member for some hours when they need it. Whether an
 * activation ends with the eligibility is not documented, so it is ended by itself.
 */
export function eligibleReader(tenant: GraphTenant, groups: GroupDirectory): GrantReader<"eligible"> {
  return {
    // PIM refuses to change anything of somebody who is in the recycle bin.
    outlives: "no",
    reads: `eligibility and activation: GET ${privileged}/eligibilityScheduleInstances and assignmentScheduleInstances`,
    find: (wish, priority) => findEligible(groups, wish, priority),
    async holdings(account, priority) {
      const [eligible, active, requests] = await Promise.all([
        listEligible(tenant, account, priority),
        listActive(tenant, account, priority),
        listRequests(tenant, account, priority),
      ]);
      const now = tenant.now();
      return ({ group }, wanted) =>
        sightOfEligible(seenOf({ eligible, active, requests }, group, now), wanted);
    },
    async isHeld({ group }, account, priority) {
      return heldIn(await listEligible(tenant, account, priority), isMemberOf(group));
    },
    isThere: (grant, priority) => isGroupThere(groups, grant, priority),
    // A review of the group has those in it who are eligible. https://learn.microsoft.com/entra/id-governance/create-access-review-pim-for-groups
    denial: ({ group }, account, asked) => readDenial(tenant, reviewsOfGroup(group), { ...asked, account }),
  };
}

type Lists = {
  readonly eligible: Listing<Instance>;
  readonly active: Listing<Instance>;
  readonly requests: Listing<ActivationRequest>;
};

function seenOf({ eligible, active, requests }: Lists, group: GroupId, now: number): SeenInPim {
  const found = eligible.items.find(isMemberOf(group));
  return {
    eligible: seenIn(eligible, isMemberOf(group)),
    active: seenIn(active, (one) => isMemberOf(group)(one) && isActivated(one)),
    endsAt: timeOf(found?.endDateTime) ?? undefined,
    pending: pendingActivation(requests, group, now),
    isComplete: requests.completeness.kind === "complete",
  };
}

/**
 * `active`: made active by somebody who is eligible, not assigned for good. `endsAt`: of the eligibility, epoch ms. `pending`: an
 * activation that they have asked for.
 */
type SeenInPim = {
  readonly eligible: Seen;
  readonly active: Seen;
  readonly endsAt: number | undefined;
  readonly pending: PendingActivation | null;
  /** Whether all requests could be read. */
  readonly isComplete: boolean;
};

/**
 * Whoever is to lose it has lost it when they are neither eligible nor active, nor about to be: whether an approval that comes after the
 * eligibility has gone lets somebody in is not documented.
 */
export function sightOfEligible(
  { eligible, active, endsAt, pending, isComplete }: SeenInPim,
  wanted: "yes" | "no",
): Sight {
  if (wanted === "yes") return { seen: eligible, ...(endsAt === undefined ? {} : { endsAt }) };
  if (active === "present")
    return { seen: active, detail: eligible === "present" ? "eligible and active" : "active" };
  if (eligible !== "absent" || active !== "absent")
    return { seen: eligible === "absent" ? active : eligible };
  if (pending !== null) return comingOf(pending);
  return isComplete ? { seen: "absent", fleeting: "yes" } : { seen: "unknown" };
}

const comingOf = ({ detail, since, waits }: PendingActivation): Sight => ({
  seen: "coming",
  detail,
  ...(since === undefined ? {} : { since }),
  ...(waits === "yes" ? { patient: "yes" } : {}),
});

export async function findEligible(
  groups: GroupDirectory,
  { group, duration }: Wish<"eligible">,
  priority: Priority,
): Promise<GrantFound<"eligible">> {
  const found = await groups.find(group, priority);
  if (found.kind === "not-found") return found;
  const { id, displayName: name } = found.facts;
  const grant = { kind: "eligible", group: id, duration } as const;
  return { kind: "found", grant, name, unwritable: whyNotEligible(found.facts) };
}

export function eligibleWriter(tenant: GraphTenant): GrantWriter<"eligible"> {
  return {
    async give({ group, duration }, account, limits) {
      const body = { ...about(group, account), action: "adminAssign", scheduleInfo: from(tenant, duration) };
      const reply = await ask(tenant, "eligibility", { body, limits });
      if (codeOf(reply) === "RoleAssignmentExists") return wrote(reply, "already");
      const given = doneOrHindered(reply);
      // Whoever is to be given something is there; the answering replica does not know it yet.
      return given.result === "missing" ? notYet(reply, null) : given;
    },
    async renew({ group, duration }, account, limits) {
      const body = { ...about(group, account), action: "adminUpdate", scheduleInfo: from(tenant, duration) };
      return doneOrHindered(await ask(tenant, "eligibility", { body, limits }));
    },
    async take({ group }, account, limits) {
      const body = { ...about(group, account), action: "adminRemove" };
      // First the right to activate, so that nobody activates it once more.
      const eligibility = await ask(tenant, "eligibility", { body, limits });
      const active = await listActive(tenant, account, limits.priority);
      const isActive = seenIn(active, (one) => isMemberOf(group)(one) && isActivated(one)) === "present";
      const first = doneOrHindered(eligibility);
      if (!isActive) return first;
      const second = doneOrHindered(await ask(tenant, "assignment", { body, limits }));
      return first.result === "not-yet" || second.result === "missing" ? first : second;
    },
  };
}

export function eligibleHolders(tenant: GraphTenant): HolderReader<"eligible"> {
  return async ({ group }, { priority }) => {
    const listing = await listAllEligible(tenant, group, priority);
    const items = listing.items
      .filter(isMemberOf(group))
      .map(({ principalId }) => ({ id: principalId, seen: "present" as const }));
    return { ...listing, items };
  };
}

const about = (groupId: GroupId, principalId: AccountId) => ({
  accessId: "member",
  groupId,
  principalId,
  justification: "Muster: as the policy says",
});

/** By the tenant's clock: with a beginning that lies ahead, the person would have to wait for it. */
const from = (tenant: GraphTenant, duration: string) => ({
  startDateTime: new Date(tenant.now()).toISOString(),
  expiration: { type: "afterDuration", duration },
});

type Asked = { readonly body: Readonly<Record<string, unknown>>; readonly limits: SendLimits };

function ask(
  tenant: GraphTenant,
  what: "eligibility" | "assignment",
  { body, limits }: Asked,
): Promise<GraphReply> {
  const path = `${privileged}/${what}ScheduleRequests`;
  return tenant.send({
    method: "POST",
    path,
    template: path,
    body,
    accepts: ({ status, code }) => status === 404 || (status === 400 && code in meanings),
    ...limits,
  });
}

/**
 * What PIM's refusals mean. They are documented for the interface that this one replaces, and reported for this one; their status is
 * 400, whatever they mean.
 * https://learn.microsoft.com/graph/api/resources/privilegedidentitymanagement-root#error-codes
 */
const meanings: Readonly<Record<string, "missing" | "soon" | "rules">> = {
  RoleAssignmentExists: "soon",
  RoleAssignmentDoesNotExist: "missing",
  SubjectNotFound: "missing",
  PendingRoleAssignmentRequest: "soon",
  // An activation cannot be ended in its first five minutes.
  ActiveDurationTooShort: "soon",
  RoleAssignmentRequestPolicyValidationFailed: "rules",
};

const codeOf = ({ status, body }: GraphReply) => (status < 400 ? "" : refusalIn(body).code);

function doneOrHindered(reply: GraphReply): Written | NotYet {
  if (reply.status < 400) return wrote(reply, "done");
  const meaning = reply.status === 404 ? "missing" : meanings[codeOf(reply)];
  return meaning === "missing"
    ? wrote(reply, "missing")
    : notYet(reply, meaning === "rules" ? rulesAdvice : null);
}

const notYet = ({ body, appliedBefore, trace }: GraphReply, advice: string | null): NotYet => ({
  result: "not-yet",
  appliedBefore,
  why: `PIM does not do it: ${refusalIn(body).message}`,
  advice,
  trace,
});

const rulesAdvice =
  "allow it in the group's settings in PIM, or say in the policy for how long at a time they allow it: eligibleGroups: [{ group: <name or id>, duration: P90D }]";

const wrote = ({ appliedBefore, trace }: GraphReply, result: Written["result"]): Written => ({
  result,
  appliedBefore,
  trace,
});
