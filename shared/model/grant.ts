import type { AssignmentPolicyId, GroupId, PackageId } from "./ids.ts";

/** What each kind of grant is about. A new kind is one line here; the compiler then asks for the rest. */
type Kinds = {
  /** Membership of a group. */
  readonly group: { readonly group: GroupId };
  /** Eligibility for membership through PIM; `duration`: for how long at a time, ISO 8601. */
  readonly eligible: { readonly group: GroupId; readonly duration: string };
  /**
   * Assignment of an access package under one of its policies. `expires`: for how long, ISO 8601; null: as its policy says. `renew`: it is
   * asked for anew before it ends; otherwise its end is respected.
   */
  readonly package: {
    readonly package: PackageId;
    readonly policy: AssignmentPolicyId;
    readonly expires: string | null;
    readonly renew: boolean;
  };
};

export type GrantKind = keyof Kinds;

/** One piece of access in a target tenant. */
export type Grant<K extends GrantKind = GrantKind> = { [P in K]: { readonly kind: P } & Kinds[P] }[K];

/** The source-side switch that lets an analyst reach a target. */
export type Scope = { readonly kind: "group"; readonly group: GroupId };

/** The object of the tenant that a grant or scope is about. */
export const subjectOf = (grant: Grant | Scope): string =>
  grant.kind === "package" ? grant.package : grant.group;

/** Stable text for a grant or scope: the ledger's row key and the sort order of plans. */
export const grantKey = (grant: Grant | Scope): string => `${grant.kind}:${subjectOf(grant)}`;

/** Whether what ends by itself is given for longer as long as it is wanted; otherwise its end is respected. */
export const isRenewed = (grant: Grant): boolean =>
  grant.kind === "package" ? grant.renew : grant.kind === "eligible";
