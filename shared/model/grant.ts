import type { GroupId } from "./ids.ts";

/**
 * One piece of access in a target tenant.
 *
 * A new kind of grant is a new member of this union: the compiler then asks for it in the planner, in the gateway
 * and in the explanation, and nowhere else.
 */
export type Grant = { readonly kind: "group"; readonly group: GroupId };

/** The source-side switch that lets an analyst reach a target. */
export type Scope = { readonly kind: "group"; readonly group: GroupId };

/** Stable text for a grant or scope: the ledger's row key and the sort order of plans. */
export function grantKey(grant: Grant | Scope): string {
  return `${grant.kind}:${grant.group}`;
}

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
