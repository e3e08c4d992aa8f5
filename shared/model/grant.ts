import type { AppRoleId, AssignmentPolicyId, GroupId, PackageId, ServicePrincipalId } from "./ids.ts";

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
  /** Assignment of a role of an application. */
  readonly appRole: { readonly servicePrincipal: ServicePrincipalId; readonly role: AppRoleId };
};

export type GrantKind = keyof Kinds;

/** One piece of access in a target tenant. */
export type Grant<K extends GrantKind = GrantKind> = { [P in K]: { readonly kind: P } & Kinds[P] }[K];

/** What can be the switch that lets an analyst reach a target; it is given in the source. */
export type ScopeKind = Extract<GrantKind, "group" | "package" | "appRole">;

/** The source-side switch that lets an analyst reach a target: something that they are given in the source. */
export type Scope = Grant<ScopeKind>;

/** The object of the tenant that a grant is about. */
export function subjectOf(grant: Grant): string {
  if ("group" in grant) return grant.group;
  return grant.kind === "package" ? grant.package : `${grant.servicePrincipal} ${grant.role}`;
}

/** Stable text for a grant: the ledger's row key and the sort order of plans. */
export const grantKey = (grant: Grant): string => `${grant.kind}:${subjectOf(grant)}`;

/** Whether it is there when Graph has said so; what is asked for comes when it has been approved and delivered. */
export const comesAtOnce = ({ kind }: Grant): boolean => kind !== "package";

/** For how long at a time it is given, ISO 8601; null: nobody says, or for good. */
export function lastingOf(grant: Grant): string | null {
  if (grant.kind === "package") return grant.expires;
  return grant.kind === "eligible" ? grant.duration : null;
}

/** Whether what ends by itself is given for longer as long as it is wanted; otherwise its end is respected. */
export const isRenewed = (grant: Grant): boolean =>
  grant.kind === "package" ? grant.renew : grant.kind === "eligible";
