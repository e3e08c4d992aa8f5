import type { GroupId } from "./ids.ts";

/** What Graph says of a group, as far as writing its members is concerned. */
export type GroupFacts = {
  readonly id: GroupId;
  readonly displayName: string;
  readonly membership: GroupMembership;
};

/**
 * Only `assigned` groups take members from an application without a directory role.
 * https://learn.microsoft.com/graph/api/group-post-members (role-assignable, dynamic), groups synced from
 * on-premises are read-only in the cloud, and mail-enabled security and distribution groups belong to Exchange.
 * `unreadable`: Graph left out what would tell, which is no reason to assume the best.
 */
export type GroupMembership =
  "assigned" | "dynamic" | "role-assignable" | "on-premises" | "mail-enabled" | "unreadable";

/** Why nothing of the kind can be written by Muster, and what a person can do about it. */
export type Unwritable = { readonly reason: string; readonly advice: string };

/** Why nobody can be made eligible for such a group through PIM; null: they can, also where it is role-assignable. */
export function whyNotEligible(group: GroupFacts): Unwritable | null {
  const isFit = group.membership === "role-assignable" || group.membership === "unreadable";
  return isFit ? null : whyUnwritable(group);
}

/** Why the members of such a group cannot be written, and what to do about it; null: they can. */
export function whyUnwritable({ displayName: name, membership }: GroupFacts): Unwritable | null {
  switch (membership) {
    case "assigned":
      return null;
    case "dynamic":
      return {
        reason: `"${name}" is a dynamic group: its rule decides who is in it`,
        advice: "name an assigned group in the policy, or let the rule read one of the stamps",
      };
    case "role-assignable":
      return {
        reason: `"${name}" is role-assignable: writing it takes RoleManagement.ReadWrite.Directory, which Muster does not ask for`,
        advice: "name a group that is not role-assignable and make it eligible with PIM instead",
      };
    case "on-premises":
      return {
        reason: `"${name}" is synced from on-premises Active Directory, which owns its members`,
        advice: "name a cloud group in the policy",
      };
    case "mail-enabled":
      return {
        reason: `"${name}" is a mail-enabled group: Exchange owns its members`,
        advice: "name a security group or a Microsoft 365 group in the policy",
      };
    case "unreadable":
      return {
        reason: `Graph does not tell what kind of group "${name}" is`,
        advice: "consent to Group.Read.All for Muster in that tenant",
      };
    default:
      return membership satisfies never;
  }
}
