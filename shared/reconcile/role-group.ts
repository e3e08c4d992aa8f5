import { classify, GraphError } from "../graph/error.ts";
import type { GroupDirectory } from "../graph/group-directory.ts";
import type { SourceReader } from "../graph/source-reader.ts";
import { analystIdSchema, type GroupId, type RoleName } from "../model/ids.ts";
import type { Policy } from "../policy/policy.ts";
import type { AnalystMessage } from "../queue/keys.ts";
import type { Analysts } from "../state/analysts.ts";
import type { Run } from "./handle.ts";
import type { Outcome } from "./outcome.ts";

export type RoleGroupPorts = {
  readonly policy: Policy;
  readonly reader: SourceReader;
  readonly groups: GroupDirectory;
  readonly analysts: Analysts;
  readonly send: (messages: readonly AnalystMessage[]) => Promise<void>;
};

/**
 * A role group changed and the notification did not say who: everybody for whom the group and Muster's memory differ
 * gets a look of their own. Nothing is decided here, so an incomplete listing only means fewer looks.
 */
export async function reconcileRoleGroup(group: GroupId, ports: RoleGroupPorts, run: Run): Promise<Outcome> {
  const role = await roleOf(group, ports);
  if (role === null) return { kind: "done" };
  const [members, known] = await Promise.all([membersOf(group, ports), ports.analysts.list()]);
  const holders = new Set<string>(known.filter(({ roles }) => roles.includes(role)).map(({ id }) => id));
  // These are different for good: who is protected, and who has left by another way and is still in the group.
  const settled = known
    .filter(({ leaving }) => leaving === "disabled" || leaving === "deleted")
    .map(({ id }) => id);
  const expected = new Set<string>([...ports.policy.protected, ...settled]);
  const different = [...members.symmetricDifference(holders).difference(expected)].toSorted();
  // As old as the event itself: comparing the group again is no news about anybody in it.
  const { heardAt } = run;
  await ports.send(
    different.map((id) => ({
      key: { kind: "analyst", analyst: analystIdSchema.parse(id) },
      cause: run.cause,
      heardAt,
      occasion: "event",
    })),
  );
  return { kind: "done" };
}

async function roleOf(group: GroupId, { policy, groups }: RoleGroupPorts): Promise<RoleName | null> {
  for (const { name, holders } of policy.roles) {
    if (holders.kind !== "group") continue;
    const answer = await groups.find(holders.group, "normal");
    if (answer.kind === "found" && answer.facts.id === group) return name;
  }
  return null;
}

/** A group that is gone has no members; whoever held its role is looked at, and the checks there have their say. */
async function membersOf(group: GroupId, { reader }: RoleGroupPorts): Promise<ReadonlySet<string>> {
  try {
    return new Set((await reader.listMembers(group, "normal")).items);
  } catch (error) {
    if (error instanceof GraphError && classify(error).kind === "gone") return new Set();
    throw error;
  }
}
