import type { Actor } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import { subjectWith } from "../entitlement/subjects.ts";
import type { AssignmentState, RequestState, RequestType } from "../entitlement/records.ts";

/** What is so in a tenant, and whose doing it is: for those who judge the app, because Graph shows no such thing. */
export type Truth = {
  /** Also those in the recycle bin. */
  readonly accounts: readonly TrueAccount[];
  /** Of accounts in the recycle bin, too. */
  readonly members: readonly { readonly group: string; readonly member: string; readonly by: Doer }[];
  /** Who is eligible for membership of a group, and who has activated or was assigned one. */
  readonly standings: readonly TrueStanding[];
  /** Application roles of users. */
  readonly appRoles: readonly {
    readonly servicePrincipal: string;
    readonly user: string;
    readonly by: Doer;
  }[];
  readonly assignments: readonly TrueAssignment[];
  readonly requests: readonly TrueRequest[];
};

/** Who asked for it, whichever service carried it out. */
type Doer = Actor["kind"];

type TrueAccount = {
  readonly id: string;
  /** The source user it is of, as far as sync or an invitation knows. */
  readonly sourceId: string | undefined;
  readonly state: "live" | "in the bin";
  readonly isEnabled: boolean;
  readonly by: Doer;
};

type TrueStanding = {
  readonly standing: "eligibility" | "assignment";
  readonly group: string;
  readonly account: string;
  readonly how: "assigned" | "activated";
  readonly by: Doer;
};

/** `account` is undefined of who was asked for by address and has none yet. */
type OfSubject = { readonly account: string | undefined; readonly mail: string | undefined };

type TrueAssignment = OfSubject & {
  readonly id: string;
  readonly package: string;
  readonly state: AssignmentState;
  readonly by: Doer;
};

type TrueRequest = OfSubject & {
  readonly id: string;
  readonly package: string;
  readonly type: RequestType;
  readonly state: RequestState;
  readonly by: Doer;
};

const doerOf = ({ kind, onBehalfOf }: Actor): Doer => (onBehalfOf === undefined ? kind : onBehalfOf.kind);

export function truthOf(tenant: Tenant): Truth {
  const subjectOf = (subjectId: string): OfSubject => {
    const { objectId, email } = subjectWith(tenant, subjectId);
    return { account: objectId, mail: email };
  };
  return {
    accounts: [...accounts(tenant, "live"), ...accounts(tenant, "in the bin")],
    members: [...tenant.groups.entries()].flatMap(([group]) =>
      [...tenant.membersOf(group).entries()].map(([member, { addedBy }]) => ({
        group,
        member,
        by: doerOf(addedBy),
      })),
    ),
    standings: (["eligibility", "assignment"] as const).flatMap((standing) =>
      [...tenant.privileged[standing].entries()].map(
        ([, { groupId, principalId, assignmentType, createdBy }]) => ({
          standing,
          group: groupId,
          account: principalId,
          how: assignmentType,
          by: doerOf(createdBy),
        }),
      ),
    ),
    appRoles: [...tenant.roleAssignments.entries()].flatMap(
      ([, { servicePrincipalId, principalId, principalKind, createdBy }]) =>
        principalKind === "user"
          ? [{ servicePrincipal: servicePrincipalId, user: principalId, by: doerOf(createdBy) }]
          : [],
    ),
    assignments: [...tenant.entitlement.assignments.entries()].map(
      ([id, { packageId, subjectId, state, createdBy }]) => ({
        id,
        package: packageId,
        state,
        by: doerOf(createdBy),
        ...subjectOf(subjectId),
      }),
    ),
    requests: [...tenant.entitlement.requests.entries()].map(
      ([id, { packageId, subjectId, type, state, by }]) => ({
        id,
        package: packageId,
        type,
        state,
        by: doerOf(by),
        ...subjectOf(subjectId),
      }),
    ),
  };
}

function accounts(tenant: Tenant, state: TrueAccount["state"]): readonly TrueAccount[] {
  const users = state === "live" ? tenant.users : tenant.deletedUsers;
  return [...users.entries()].map(([id, { sourceId, properties, createdBy }]) => ({
    id,
    sourceId,
    state,
    isEnabled: properties["accountEnabled"] !== false,
    by: doerOf(createdBy),
  }));
}
