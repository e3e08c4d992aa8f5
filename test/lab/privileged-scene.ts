import { guidFrom } from "../../lab/graph/ids.ts";
import type { AppSeed, GroupSeed, UserSeed } from "../../lab/graph/seed.ts";
import type { Weather } from "../../lab/weather.ts";
import { ids, idsIn, testLab, type Answer, type Body, type Client, type TestLab } from "./graph-world.ts";

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export const root = "/identityGovernance/privilegedAccess/group";

/** Groups of the scene: one whose settings allow everything, one of a new tenant, and some that PIM cannot govern. */
export const groups = {
  open: guidFrom(1, "open"),
  usual: guidFrom(1, "usual"),
  unified: guidFrom(1, "unified"),
  dynamic: guidFrom(1, "dynamic"),
  onPremises: guidFrom(1, "on premises"),
} as const;

const unlimited = {
  longestEligibility: "unlimited",
  longestAssignment: "unlimited",
  longestActivation: "unlimited",
} as const;

export const everySchedule = [
  "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
  "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
];
const others = ["Group.ReadWrite.All", "GroupMember.ReadWrite.All", "User.Read.All", "User.ReadWrite.All"];

export type Scene = {
  readonly lab: TestLab;
  readonly admin: Client;
  readonly app: Client;
  /** Asks for something about Ana and a group, the open one unless said otherwise. */
  readonly ask: (standing: Standing, action: string, more?: Asked) => Promise<Answer>;
  /** Makes Ana eligible and lets her activate that for an hour. */
  readonly activate: () => Promise<void>;
  readonly rows: (set: string, filter?: string) => Promise<readonly Body[]>;
  readonly members: (group?: string) => Promise<string[]>;
};

type Standing = "eligibility" | "assignment";
type Asked = Readonly<Record<string, unknown>> & { readonly by?: Client };

export async function scene(
  changes: { weather?: Partial<Weather>; app?: Partial<AppSeed>; open?: Partial<GroupSeed> } = {},
): Promise<Scene> {
  const tenant = {
    id: ids.source,
    name: "source",
    kind: "target",
    defaultDomain: "source.example",
    users: [person("ana"), person("ben"), person("cleo")],
    groups: [
      { id: groups.open, displayName: "Open", isAssignableToRole: true, pim: unlimited, ...changes.open },
      { id: groups.usual, displayName: "Usual", members: [ids.ben] },
      { id: groups.unified, displayName: "Unified", groupTypes: ["Unified"], pim: unlimited },
      { id: groups.dynamic, displayName: "Dynamic", membershipRule: '(user.department -eq "SOC")' },
      { id: groups.onPremises, displayName: "From on-premises", onPremisesSyncEnabled: true },
    ],
  } as const;
  const lab = await testLab({
    app: { roles: [...everySchedule, ...others], ...changes.app },
    world: { tenants: [tenant], syncJobs: [] },
    ...(changes.weather !== undefined && { weather: changes.weather }),
  });
  const admin = await lab.as("admin", ids.source);
  const app = await lab.as("app", ids.source);
  const ask: Scene["ask"] = (standing, action, { by = admin, ...more } = {}) =>
    by.post(`${root}/${standing}ScheduleRequests`, {
      action,
      accessId: "member",
      principalId: ids.ana,
      groupId: groups.open,
      justification: "an incident",
      scheduleInfo: forever,
      ...more,
    });
  return {
    lab,
    admin,
    app,
    ask,
    async activate() {
      await ask("eligibility", "adminAssign");
      await ask("assignment", "selfActivate", { scheduleInfo: lasting("PT1H") });
    },
    async rows(set, filter = `groupId eq '${groups.open}'`) {
      const { body } = await admin.get(`${root}/${set}?$filter=${encodeURIComponent(filter)}`);
      return body.value ?? [];
    },
    members: async (group = groups.open) => idsIn(await admin.get(`/groups/${group}/members?$select=id`)),
  };
}

export const forever = { expiration: { type: "noExpiration" } };
export const lasting = (duration: string, startDateTime?: string) => ({
  ...(startDateTime !== undefined && { startDateTime }),
  expiration: { type: "afterDuration", duration },
});
export const until = (endDateTime: string) => ({ expiration: { type: "afterDateTime", endDateTime } });

export const outcome = ({ status, body }: Answer) => [status, body.error?.code ?? body["status"]];

function person(name: "ana" | "ben" | "cleo"): UserSeed {
  return { id: ids[name], displayName: name, userPrincipalName: `${name}@source.example` };
}
