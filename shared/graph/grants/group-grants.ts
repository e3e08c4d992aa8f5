import { z } from "zod";
import { whyUnwritable } from "../../model/group.ts";
import type { AccountId, GroupId } from "../../model/ids.ts";
import type { Seen, Sight } from "../../model/sight.ts";
import type { Wish } from "../../model/wish.ts";
import { readDenial, reviewsOfGroup } from "../access-reviews.ts";
import type { GroupDirectory } from "../group-directory.ts";
import { addMember, removeMember } from "../group-members.ts";
import { listAll, seenAmong } from "../listing.ts";
import { checkMemberGroups, listMemberOf, membershipReads } from "../memberships.ts";
import { GraphError } from "../error.ts";
import type { GraphTenant, Priority } from "../tenant.ts";
import { textOf, timeOf } from "../wire.ts";
import type { GrantFound, GrantReader, GrantWriter, Holder, HolderReader } from "./kind.ts";
import { isActivated, isMemberOf, listActive, type Instance } from "./privileged-lists.ts";

/** Membership of a group: direct, and for as long as nobody takes it away. */
export function groupReader(tenant: GraphTenant, groups: GroupDirectory): GrantReader<"group"> {
  return {
    outlives: "no",
    reads: membershipReads,
    find: (wish, priority) => findGroup(groups, wish, priority),
    async holdings(account, priority, kinds) {
      const [memberOf, active] = await Promise.all([
        listMemberOf(tenant, account, priority),
        kinds.includes("eligible") ? readActivations(tenant, account, priority) : [],
      ]);
      return ({ group }) => sightOfMember(seenAmong(memberOf, group), active.find(isMemberOf(group)));
    },
    async isHeld({ group }, account, priority) {
      const around = await checkMemberGroups(tenant, { userId: account, groups: [group], priority });
      // That is also said of who is in it through another group: what is wanted, given and taken is membership of their own.
      if (!around.has(group)) return "no";
      return seenAmong(await listMemberOf(tenant, account, priority), group) === "absent" ? "no" : "yes";
    },
    isThere: (grant, priority) => isGroupThere(groups, grant, priority),
    denial: ({ group }, account, asked) => readDenial(tenant, reviewsOfGroup(group), { ...asked, account }),
  };
}

/** Who is a member because they have activated that is none when the activation ends. */
export function sightOfMember(seen: Seen, activation: Pick<Instance, "endDateTime"> | undefined): Sight {
  const endsAt = timeOf(activation?.endDateTime);
  return seen === "present" && endsAt !== null
    ? { seen, detail: "for a time, through PIM", endsAt }
    : { seen };
}

/** Asked only where the policy has to do with PIM; and why it gives no answer is told by the look at who is eligible. */
async function readActivations(
  tenant: GraphTenant,
  account: AccountId,
  priority: Priority,
): Promise<readonly Instance[]> {
  try {
    return (await listActive(tenant, account, priority)).items.filter(isActivated);
  } catch (error) {
    if (error instanceof GraphError) return [];
    throw error;
  }
}

/** Groups that are deleted are restored with their members, within 30 days. */
export const isGroupThere = async (
  groups: GroupDirectory,
  { group: id }: { readonly group: GroupId },
  priority: Priority,
): Promise<boolean> => (await groups.find({ kind: "id", id }, priority)).kind === "found";

export async function findGroup(
  groups: GroupDirectory,
  { group }: Wish<"group">,
  priority: Priority,
): Promise<GrantFound<"group">> {
  const found = await groups.find(group, priority);
  if (found.kind === "not-found") return found;
  const { id, displayName: name } = found.facts;
  return {
    kind: "found",
    grant: { kind: "group", group: id },
    name,
    unwritable: whyUnwritable(found.facts),
  };
}

/** Direct members, each with their account: who manages a group by the thousand reads neither one by one. */
export function groupHolders(tenant: GraphTenant): HolderReader<"group"> {
  return async ({ group }, { stamp, priority }) => {
    const select = ["id", "accountEnabled", ...(stamp === null ? [] : [stamp])].join(",");
    const listing = await listAll(
      tenant,
      {
        path: `/groups/${group}/members?$select=${select}&$top=999`,
        template: "/groups/{id}/members",
        priority,
      },
      memberSchema,
    );
    const items = listing.items.map((wire): Holder => {
      const { id, accountEnabled: enabled } = wire;
      // Of what may not be read, Graph shows the id alone.
      const account =
        typeof enabled === "boolean"
          ? { account: { enabled, stamp: stamp === null ? null : textOf(wire, stamp) } }
          : {};
      return { id, seen: "present", ...account };
    });
    return { ...listing, items };
  };
}

const memberSchema = z.looseObject({
  id: z.string().toLowerCase(),
  accountEnabled: z.boolean().nullish(),
});

export function groupWriter(tenant: GraphTenant): GrantWriter<"group"> {
  const give: GrantWriter<"group">["give"] = ({ group }, member, limits) =>
    addMember(tenant, { group, member, limits });
  return {
    give,
    // A membership has no end.
    renew: give,
    take: ({ group }, member, limits) => removeMember(tenant, { group, member, limits }),
  };
}
