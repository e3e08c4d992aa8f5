import type { GrantKind } from "./grant.ts";
import type { AppRoleId, AssignmentPolicyId, GroupId, PackageId, ServicePrincipalId } from "./ids.ts";

/** A group, or something else, as the file names it; a name becomes an id when the tenant is read, where it must be unique. */
export type NameOrId<Id extends string = GroupId> =
  { readonly kind: "id"; readonly id: Id } | { readonly kind: "name"; readonly name: string };

/** How the file names what each kind of grant is about. */
type Wishes = {
  readonly group: { readonly group: NameOrId };
  readonly eligible: { readonly group: NameOrId; readonly duration: string };
  readonly package: {
    readonly package: NameOrId<PackageId>;
    readonly policy: NameOrId<AssignmentPolicyId>;
    readonly expires: string | null;
    readonly renew: boolean;
  };
  readonly appRole: {
    readonly servicePrincipal: ServicePrincipalId;
    readonly role: NameOrId<AppRoleId>;
  };
};

/** A grant as the policy asks for it: its names become ids when the tenant is read. */
export type Wish<K extends GrantKind = GrantKind> = { [P in K]: { readonly kind: P } & Wishes[P] }[K];
