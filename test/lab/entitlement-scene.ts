import type { EntitlementSeed } from "../../lab/graph/entitlement/entitlement-seed.ts";
import { guidFrom } from "../../lab/graph/ids.ts";
import type { GroupSeed, UserSeed } from "../../lab/graph/seed.ts";
import {
  ids,
  testLab,
  type Answer,
  type Body,
  type Changes,
  type Client,
  type TestLab,
} from "./graph-world.ts";

const id = (name: string) => guidFrom(1, "entitlement", name);

/** Ids of what the scenes of entitlement management have in Contoso. */
export const em = {
  catalog: id("catalog"),
  /** Gives the readers' group. */
  operator: id("operator"),
  /** Gives the readers' group as well. */
  deputy: id("deputy"),
  /** Gives the readers' group and one that has a rule. */
  broken: id("broken"),
  direct: id("direct"),
  approved: id("approved"),
  brief: id("brief"),
  members: id("members"),
  outside: id("outside"),
  deputyDirect: id("deputy direct"),
  brokenDirect: id("broken direct"),
  organization: id("organization"),
  dynamic: id("dynamic"),
  uma: id("uma"),
  udo: id("udo"),
} as const;

export const root = "/identityGovernance/entitlementManagement";
export const day = 24 * 60 * 60 * 1000;

export const contosoEntitlement: EntitlementSeed = {
  catalogs: [{ id: em.catalog, displayName: "SOC" }],
  packages: [
    {
      id: em.operator,
      displayName: "SOC Operator",
      catalogId: em.catalog,
      roles: [{ group: ids.targetReaders }],
    },
    { id: em.deputy, displayName: "Deputy", catalogId: em.catalog, roles: [{ group: ids.targetReaders }] },
    {
      id: em.broken,
      displayName: "Broken",
      catalogId: em.catalog,
      roles: [{ group: ids.targetReaders }, { group: em.dynamic }],
    },
  ],
  policies: [
    { id: em.direct, packageId: em.operator, displayName: "Direct" },
    {
      id: em.approved,
      packageId: em.operator,
      displayName: "With approval",
      approval: { deniedAfter: "P3D" },
    },
    {
      id: em.brief,
      packageId: em.operator,
      displayName: "A day",
      expiresAfter: "P1D",
      allowCustomAssignmentSchedule: false,
    },
    {
      id: em.members,
      packageId: em.operator,
      displayName: "Members",
      allowedTargetScope: "allMemberUsers",
    },
    {
      id: em.outside,
      packageId: em.operator,
      displayName: "From outside",
      allowedTargetScope: "specificConnectedOrganizationUsers",
      specificAllowedTargets: [
        {
          "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
          connectedOrganizationId: em.organization,
        },
      ],
    },
    { id: em.deputyDirect, packageId: em.deputy, displayName: "Direct" },
    { id: em.brokenDirect, packageId: em.broken, displayName: "Direct" },
  ],
  connectedOrganizations: [{ id: em.organization, displayName: "Home", tenantId: ids.source }],
};

const user = (name: "uma" | "udo", more: Partial<UserSeed> = {}): UserSeed => ({
  id: em[name],
  displayName: name,
  userPrincipalName: `${name}@contoso.example`,
  mail: `${name}@contoso.example`,
  ...more,
});

const dynamic: GroupSeed = { id: em.dynamic, displayName: "By rule", membershipRule: "(user.mail -ne null)" };

export type Scene = {
  readonly lab: TestLab;
  readonly app: Client;
  readonly admin: Client;
  /** Requests an assignment. */
  readonly add: (who: Client, more?: Partial<Wanted>) => Promise<Answer>;
  readonly remove: (who: Client, assignmentId: string) => Promise<Answer>;
  readonly request: (id: string | undefined, options?: string) => Promise<Body>;
  /** Every assignment, expired ones too, with its target. */
  readonly assignments: () => Promise<readonly Assignment[]>;
  /** The id of the one assignment there is. */
  readonly onlyAssignment: () => Promise<string>;
  readonly members: (group?: string) => Promise<readonly string[]>;
};

type Wanted = {
  readonly user: string;
  readonly package: string;
  readonly policy: string;
  readonly schedule: object;
};

type Assignment = Body & {
  readonly id: string;
  readonly state: string;
  readonly target: { readonly id: string; readonly objectId: string | null; readonly email: string | null };
};

export async function entitlementScene(changes: Changes = {}): Promise<Scene> {
  const lab = await testLab({
    targetUsers: [user("uma"), user("udo", { userType: "Guest" })],
    targetGroups: [dynamic],
    entitlement: { contoso: contosoEntitlement },
    ...changes,
  });
  const app = await lab.as("app", ids.contoso);
  const admin = await lab.as("admin", ids.contoso);
  const post = (who: Client, body: object) => who.post(`${root}/assignmentRequests`, body);
  const assignments = async () =>
    ((await admin.get(`${root}/assignments?$expand=target`)).body.value ?? []) as readonly Assignment[];
  return {
    lab,
    app,
    admin,
    add: (who, { user: targetId = em.uma, package: accessPackageId = em.operator, policy, schedule } = {}) =>
      post(who, {
        requestType: "adminAdd",
        assignment: { targetId, assignmentPolicyId: policy ?? em.direct, accessPackageId },
        ...(schedule !== undefined && { schedule }),
      }),
    remove: (who, assignmentId) =>
      post(who, { requestType: "adminRemove", assignment: { id: assignmentId } }),
    request: async (requestId, options = "") =>
      (await admin.get(`${root}/assignmentRequests/${requestId}${options}`)).body,
    assignments,
    onlyAssignment: async () => {
      const [first, ...others] = await assignments();
      if (first === undefined || others.length > 0) throw new Error("There is not exactly one assignment.");
      return first.id;
    },
    members: async (group = ids.targetReaders) =>
      ((await admin.get(`/groups/${group}/members?$select=id`)).body.value ?? []).map(
        (member) => member.id ?? "",
      ),
  };
}
