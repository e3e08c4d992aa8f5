import { whyUnwritable } from "../../model/group.ts";
import type { GroupId } from "../../model/ids.ts";
import type { Wish } from "../../model/wish.ts";
import { readDenial, reviewsOfGroup } from "../access-reviews.ts";
import type { GroupDirectory } from "../group-directory.ts";
import { addMember, removeMember } from "../group-members.ts";
import { seenAmong } from "../listing.ts";
import { checkMemberGroups, listMemberOf } from "../memberships.ts";
import type { GraphTenant, Priority } from "../tenant.ts";
import type { GrantFound, GrantReader, GrantWriter } from "./kind.ts";

/** Membership of a group: direct, and for as long as nobody takes it away. */
export function groupReader(tenant: GraphTenant, groups: GroupDirectory): GrantReader<"group"> {
  return {
    outlives: "no",
    find: (wish, priority) => findGroup(groups, wish, priority),
    async holdings(account, priority) {
      const memberOf = await listMemberOf(tenant, account, priority);
      return ({ group }) => ({ seen: seenAmong(memberOf, group) });
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
