import type { Admin } from "../../lab/admin.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import type { Given } from "./expect.ts";
import type { Watched } from "./people.ts";

/** One thing an administrator does, and what a spectator should watch. */
export type Scene = {
  readonly title: string;
  /** What people would expect to see next. */
  readonly expect: string;
  readonly person: Watched;
  readonly act: () => Promise<void>;
};

export type Story = {
  readonly scenes: readonly Scene[];
  readonly people: readonly Watched[];
  /** Access that was there before Muster and has to be there in the end. */
  readonly given: readonly Given[];
  /** The one whose leaving is proven at the end. */
  readonly leaver: Watched;
};

/** Writes the script: nothing happens before a scene's `act` is called. */
export async function writeStory({
  lab,
  admin,
}: {
  readonly lab: RunningLab;
  readonly admin: Admin;
}): Promise<Story> {
  const { source, cast, targets, pullTargets } = lab.world;
  const directory = directoryOf(lab, admin);
  const nora = await directory.create("Nora New", "nora.new");
  const pia = await directory.create("Pia Pulled", "pia.pulled");
  const [inviting = ""] = Object.keys(pullTargets);
  const [privileged = ""] = Object.keys(targets).slice(2);
  const vera: Watched = {
    id: cast.veteran.id,
    name: "Vera Veteran",
    part: "has worked in one target before",
  };
  const glass: Watched = { id: cast.breakGlass.id, name: "Break glass", part: "protected by the policy" };
  const before = cast.veteran.target;
  return {
    leaver: nora,
    people: [nora, pia, vera, glass],
    given: [
      { person: vera.id, target: before, groups: ["Engineers"] },
      { person: glass.id, target: cast.breakGlass.target, groups: ["SOC Readers"] },
    ],
    scenes: [
      {
        title: "Nora joins: an administrator adds her to SOC Readers in the source tenant",
        expect: `an account and SOC Readers in ${Object.keys(targets).join(", ")}, and an invitation to ${inviting}`,
        person: nora,
        act: () => directory.add(nora.id, "SOC Readers"),
      },
      {
        title: "Nora moves: from SOC Readers to SOC Responders",
        expect: `SOC Responders everywhere, SOC Readers nowhere; ${Object.keys(source.sourceGroups).join(", ")} at home, which is delegated to; and she may activate SOC Administrators in ${privileged}`,
        person: nora,
        act: async () => {
          await directory.add(nora.id, "SOC Responders");
          await directory.remove(nora.id, "SOC Readers");
        },
      },
      {
        title: `Nora activates SOC Administrators in ${privileged}: an incident`,
        expect: "nothing: it is hers to do, for some hours",
        person: nora,
        act: () => activate(nora, privileged, { lab, admin }),
      },
      {
        title: `Pia joins; ${inviting} lets nobody push accounts, and invites her with an access package`,
        expect: `an account and SOC Readers everywhere; in ${inviting} by the package, once it is delivered`,
        person: pia,
        act: () => directory.add(pia.id, "SOC Readers"),
      },
      {
        title: `Vera joins too; in ${before} she has had an account, and access of her own, for years`,
        expect: `SOC Readers everywhere; what she had in ${before} stays as it is`,
        person: vera,
        act: () => directory.add(vera.id, "SOC Readers"),
      },
      {
        title: "Nora leaves: her source account is disabled",
        expect: `no access anywhere, neither eligible nor active in ${privileged}, sessions ended, accounts blocked and deleted`,
        person: nora,
        act: () =>
          admin
            .call(source.tenantId, "PATCH", `/users/${nora.id}`, { accountEnabled: false })
            .then(() => undefined),
      },
      {
        title: "Pia leaves the SOC",
        expect: `the package in ${inviting} goes, and ${inviting} ends the account by its own rules; the other accounts are deleted`,
        person: pia,
        act: () => directory.remove(pia.id, "SOC Readers"),
      },
      {
        title: "Vera leaves the SOC",
        expect: `Muster's grants go everywhere; her account in ${before} was there before, so it stays`,
        person: vera,
        act: () => directory.remove(vera.id, "SOC Readers"),
      },
      {
        title: "The break-glass account is taken out of SOC Readers by mistake",
        expect: "nothing: protected accounts are never written",
        person: glass,
        act: () => directory.remove(glass.id, "SOC Readers"),
      },
    ],
  };
}

/** The person does it; the administrator plays them. */
async function activate(
  person: Watched,
  target: string,
  { lab, admin }: { readonly lab: RunningLab; readonly admin: Admin },
): Promise<void> {
  const { tenantId = "", eligibleGroups = {} } = lab.world.targets[target] ?? {};
  const local = person.name.toLowerCase().replace(" ", ".");
  const mail = `/users?$filter=mail eq '${local}@source.example'&$select=id,mail`;
  const [account] = await admin.list(tenantId, mail);
  const [groupId] = Object.values(eligibleGroups);
  await admin.call(
    tenantId,
    "POST",
    "/identityGovernance/privilegedAccess/group/assignmentScheduleRequests",
    {
      action: "selfActivate",
      accessId: "member",
      principalId: account?.["id"],
      groupId,
      justification: "an incident",
      scheduleInfo: {
        startDateTime: new Date(lab.clock.now()).toISOString(),
        expiration: { type: "afterDuration", duration: "PT8H" },
      },
    },
  );
}

function directoryOf({ world, graph }: RunningLab, admin: Admin) {
  const { tenantId, groups } = world.source;
  const reference = (id: string) => ({ "@odata.id": `${graph.url}/v1.0/directoryObjects/${id}` });
  return {
    async create(displayName: string, local: string): Promise<Watched> {
      const userPrincipalName = `${local}@source.example`;
      const body = {
        displayName,
        userPrincipalName,
        mail: userPrincipalName,
        mailNickname: local,
        accountEnabled: true,
        passwordProfile: { password: crypto.randomUUID() },
      };
      const user = (await admin.call(tenantId, "POST", "/users", body)) as { id: string }; // Graph returns the user
      return { id: user.id, name: displayName, part: "joins, moves and leaves" };
    },
    async add(id: string, group: string): Promise<void> {
      await admin.call(tenantId, "POST", `/groups/${groups[group]}/members/$ref`, reference(id));
    },
    async remove(id: string, group: string): Promise<void> {
      await admin.call(tenantId, "DELETE", `/groups/${groups[group]}/members/${id}/$ref`);
    },
  };
}
