import type { GroupId } from "./ids.ts";

/** What each kind of grant is about. A new kind is one line here; the compiler then asks for the rest. */
type Kinds = {
  /** Membership of a group. */
  readonly group: { readonly group: GroupId };
  /** Eligibility for membership through PIM; `duration`: for how long at a time, ISO 8601. */
  readonly eligible: { readonly group: GroupId; readonly duration: string };
};

export type GrantKind = keyof Kinds;

/** One piece of access in a target tenant. */
export type Grant<K extends GrantKind = GrantKind> = { [P in K]: { readonly kind: P } & Kinds[P] }[K];

/** The source-side switch that lets an analyst reach a target. */
export type Scope = { readonly kind: "group"; readonly group: GroupId };

/** The object of the tenant that a grant or scope is about. */
export const subjectOf = ({ group }: Grant | Scope): string => group;

/** Stable text for a grant or scope: the ledger's row key and the sort order of plans. */
export const grantKey = (grant: Grant | Scope): string => `${grant.kind}:${subjectOf(grant)}`;
