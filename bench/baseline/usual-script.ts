import type { RunningLab } from "../../lab/running-lab.ts";
import { graphClient, type GraphClient } from "./graph-client.ts";

export type Person = { readonly id: string; readonly userPrincipalName: string };
type Target = RunningLab["world"]["targets"][string];

/**
 * What administrators write in PowerShell: for each analyst, for each target, one call after another. It knows all ids from
 * its configuration, follows pages, waits where Graph says so, and proves nothing.
 */
export type UsualScript = {
  readonly join: (people: readonly Person[]) => Promise<void>;
  /** Looks whether everybody has what they should have: what such a script does at night. */
  readonly check: (people: readonly Person[]) => Promise<void>;
  readonly leave: (people: readonly Person[]) => Promise<void>;
};

/** The group of the role that is given; the lab's policy gives the same. */
export const roleGroup = "SOC Readers";

export function usualScript(lab: RunningLab): UsualScript {
  const { world } = lab;
  const source = graphClient(lab, world.source.tenantId);
  const targets = Object.entries(world.targets).map(([name, target]) => ({
    name,
    target,
    ruleId: world.seed.syncJobs?.find(({ jobId }) => jobId === target.sync.job)?.ruleId,
    graph: graphClient(lab, target.tenantId),
  }));

  async function give(person: Person, place: Place): Promise<void> {
    const { name, target, graph } = place;
    await addMember(source, world.source.groups[`Sync to ${name}`], person.id);
    await provision(source, place, person);
    const account = await findAccount(graph, person);
    if (account === undefined)
      throw new Error(`sync made no account of ${person.userPrincipalName} in ${name}`);
    const group = target.groups[roleGroup];
    if (!(await groupsOf(graph, account)).includes(group ?? "")) await addMember(graph, group, account);
  }

  async function take(person: Person, { target, graph }: Place): Promise<void> {
    const account = await findAccount(graph, person);
    if (account === undefined) return;
    const managed = new Set(Object.values(target.groups));
    for (const group of await groupsOf(graph, account))
      if (managed.has(group)) await graph.call("DELETE", `/groups/${group}/members/${account}/$ref`);
  }

  return {
    async join(people) {
      for (const person of people) for (const place of targets) await give(person, place);
    },
    async check(people) {
      for (const person of people)
        for (const { graph } of targets) {
          const account = await findAccount(graph, person);
          if (account !== undefined) await groupsOf(graph, account);
        }
    },
    async leave(people) {
      for (const person of people) for (const place of targets) await take(person, place);
    },
  };
}

type Place = {
  readonly name: string;
  readonly target: Target;
  readonly ruleId: string | undefined;
  readonly graph: GraphClient;
};

async function findAccount(graph: GraphClient, { userPrincipalName }: Person): Promise<string | undefined> {
  const [found] = await graph.list(
    `/users?$filter=mail eq '${userPrincipalName}'&$select=id,userPrincipalName`,
  );
  return found?.id;
}

async function groupsOf(graph: GraphClient, account: string): Promise<readonly string[]> {
  return (await graph.list(`/users/${account}/memberOf?$select=id`)).map(({ id }) => id);
}

async function addMember(graph: GraphClient, group: string | undefined, id: string): Promise<void> {
  const reference = { "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` };
  await graph.call("POST", `/groups/${group}/members/$ref`, reference);
}

async function provision(graph: GraphClient, { target, ruleId }: Place, { id }: Person): Promise<void> {
  const { servicePrincipal, job } = target.sync;
  const subjects = [{ objectId: id, objectTypeName: "User" }];
  await graph.call(
    "POST",
    `/servicePrincipals/${servicePrincipal}/synchronization/jobs/${job}/provisionOnDemand`,
    {
      parameters: [{ ruleId, subjects }],
    },
  );
}
