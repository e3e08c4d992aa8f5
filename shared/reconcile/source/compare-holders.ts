import { unlessGone } from "../../graph/error.ts";
import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { Priority } from "../../graph/tenant.ts";
import type { HeldRole } from "../../model/analyst.ts";
import { analystIdSchema, type GroupId } from "../../model/ids.ts";
import { attributesKey, groupKey } from "../../policy/desired.ts";
import type { Policy } from "../../policy/policy.ts";
import { heardAt, type AnalystMessage, type ArrivalMessage } from "../../queue/keys.ts";
import { allAnalysts, type Analysts } from "../../state/analysts.ts";
import type { Run } from "../run/handling.ts";
import type { Outcome } from "../run/outcome.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { findRoleGroups } from "./role-groups.ts";
import { writtenWithin } from "./role-loops.ts";

export type ComparePorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly reader: SourceReader;
  readonly groups: GroupDirectory;
  readonly analysts: Pick<Analysts, "list">;
  readonly send: (messages: readonly (AnalystMessage | ArrivalMessage)[]) => Promise<void>;
  /** Hears of resources of Graph that have changed without a word from their subscriptions. */
  readonly onSilence: (resources: readonly string[]) => Promise<void>;
  readonly now: () => number;
};

/**
 * A role group changed, or a group that is nested in one, and nobody said who: everybody for whom the group and Muster's
 * memory differ gets a look of their own. Nothing is decided here, so an incomplete listing only means looks that find nothing new.
 */
export async function compareRoleGroup(
  group: GroupId,
  ports: ComparePorts,
  run: Run,
): Promise<readonly Outcome[]> {
  const { policy } = await ports.policy();
  const priority = priorityOf(run);
  const { found } = await findRoleGroups(policy, ports.groups, priority);
  const ids = new Set<GroupId>(found.map((role) => role.group));
  const concerned = ids.has(group) ? [group] : await roleGroupsAround(group, ids, { ports, priority });
  const outcomes: Outcome[] = [];
  await eachByItself(concerned, async (one) => {
    // A group that is gone has no members; whoever held its role is looked at, and the checks there have their say.
    const listing = await unlessGone(ports.reader.listMembers(one, priority));
    const changed = await callWhoDiffers(groupKey(one), new Set(listing?.items), { policy, ports, run });
    // Who is not in half a list may be in the other half.
    if (changed && run.urgency === "low" && listing?.completeness.kind !== "partial")
      await ports.onSilence([one, ...(listing?.groups ?? [])].map((id) => `groups/${id}`));
    // Last, for it asks for groups of other targets, whose trouble is none of those who were called.
    outcomes.push(
      ...(await writtenWithin(one, listing?.groups ?? [], { policy, groups: ports.groups, priority })),
    );
  });
  return outcomes;
}

/** Does it for each, whatever becomes of the others. @throws what the first of those threw that failed */
async function eachByItself<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const one of all) await act(one).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Who holds a role by attributes, against who is known to. */
export async function compareAttributeRoles(ports: ComparePorts, run: Run): Promise<readonly Outcome[]> {
  const { policy } = await ports.policy();
  const all = policy.roles.flatMap(({ holders }) =>
    holders.kind === "attributes" ? [holders.attributes] : [],
  );
  await eachByItself(all, async (attributes) => {
    const { items } = await ports.reader.listByAttributes(attributes, priorityOf(run));
    await callWhoDiffers(attributesKey(attributes), new Set(items), { policy, ports, run });
  });
  return [];
}

const priorityOf = ({ urgency }: Run): Priority => (urgency === "low" ? "low" : "normal");

type Asking = { readonly ports: ComparePorts; readonly priority: Priority };

/** Whom a role group takes in through another group has the role as well. One that is deleted may have been in any of them. */
async function roleGroupsAround(
  group: GroupId,
  roleGroups: ReadonlySet<GroupId>,
  { ports, priority }: Asking,
): Promise<readonly GroupId[]> {
  const around = await unlessGone(ports.reader.listGroupsAround(group, priority));
  if (around === null || around.completeness.kind === "partial") return [...roleGroups];
  const ids = new Set<string>(around.items);
  return [...roleGroups].filter((id) => ids.has(id));
}

/**
 * A difference is news about the person, however old the event is that led to the comparison.
 * @returns whether anybody is called who has changed for certain
 */
async function callWhoDiffers(
  by: string,
  members: ReadonlySet<string>,
  { policy, ports, run }: { readonly policy: Policy; readonly ports: ComparePorts; readonly run: Run },
): Promise<boolean> {
  const known = await allAnalysts(ports.analysts);
  const has = (roles: readonly HeldRole[]) => roles.some((role) => role.by === by);
  // Who is kept and was not seen to hold it is looked at in each catch-up like everybody; when the group changes, that may be over.
  const holders = new Set<string>(
    known
      .filter(({ id, held, roles }) => has(held) || (run.urgency === "now" && has(roles) && !members.has(id)))
      .map(({ id }) => id),
  );
  // These are different for good: who is protected, and who has left by another way and is still in the group.
  const settled = known
    .filter(({ leaving }) => leaving === "disabled" || leaving === "deleted")
    .map(({ id }) => id);
  const expected = new Set<string>([...policy.protected, ...settled]);
  const different = [...members.symmetricDifference(holders).difference(expected)].toSorted();
  const common = { cause: run.cause, heardAt: heardAt(ports) };
  const ids = different.map((id) => analystIdSchema.parse(id));
  const remembered = new Set(known.map(({ id }) => id));
  await ports.send(
    ids.map((id) =>
      // Somebody disabled is in the group for good, and no analyst: for them, one look in each catch-up is enough.
      run.urgency === "low" && !remembered.has(id)
        ? { key: { kind: "arrival", user: id }, ...common, occasion: "check", tries: 0 }
        : { key: { kind: "analyst", analyst: id }, ...common, occasion: "event" },
    ),
  );
  return ids.some((id) => remembered.has(id));
}
