/** Property values under Graph's names, exactly as Graph would show them. */
export type Properties = Readonly<Record<string, unknown>>;

/** Who did something; an account made by sync belongs to whoever put the person in scope. */
export type Actor = {
  readonly kind: "app" | "admin" | "sync" | "seed" | "entitlement" | "review";
  readonly appId?: string;
  readonly displayName?: string;
  readonly servicePrincipalId?: string;
  /** Who asked the service that did it: what follows from it counts as theirs. */
  readonly onBehalfOf?: Actor;
};

export const seedActor: Actor = { kind: "seed" };
export const syncActor: Actor = { kind: "sync", displayName: "Azure AD Provisioning Service" };
/** Begins and ends memberships on behalf of whoever asked for them. */
export const privilegedActor: Actor = { kind: "sync", displayName: "MS-PIM" };

export type UserRecord = {
  readonly kind: "user";
  readonly id: string;
  readonly properties: Properties;
  /** Rises with every write: how sync notices that "anything" changed. */
  readonly revision: number;
  readonly createdBy: Actor;
  /** The source user this account stands for (alternativeSecurityId), which Graph never shows. */
  readonly sourceId?: string;
  readonly directoryRoles: readonly string[];
  readonly deletedAt?: number;
};

export type GroupRecord = {
  readonly kind: "group";
  readonly id: string;
  readonly properties: Properties;
  readonly createdBy: Actor;
  readonly deletedAt?: number;
};

export type ServicePrincipalRecord = {
  readonly kind: "servicePrincipal";
  readonly id: string;
  readonly properties: Properties;
};

export type DirectoryObject = UserRecord | GroupRecord | ServicePrincipalRecord;

export type Membership = {
  readonly memberId: string;
  readonly memberKind: DirectoryObject["kind"];
  readonly addedBy: Actor;
  readonly addedAt: number;
  /** Whether it comes from an active assignment of Privileged Identity Management. */
  readonly isPrivileged?: true;
};

export type RoleAssignment = {
  readonly id: string;
  readonly servicePrincipalId: string;
  readonly principalId: string;
  readonly principalKind: DirectoryObject["kind"];
  readonly appRoleId: string;
  readonly createdBy: Actor;
  readonly createdAt: number;
};

export type ApplicationRecord = {
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
  /** Ids of the extension definitions it owns. */
  readonly extensionIds: string[];
};

export type ExtensionDataType = "Binary" | "Boolean" | "DateTime" | "Integer" | "LargeInteger" | "String";

export type ExtensionDefinition = {
  readonly id: string;
  /** Full name, `extension_{appId}_{name}`. */
  readonly name: string;
  readonly dataType: ExtensionDataType;
  readonly targetObjects: readonly string[];
  readonly appDisplayName: string;
};

export function isSoftDeletable(group: GroupRecord): boolean {
  // Only Microsoft 365 groups go to the recycle bin; a deleted security group is gone.
  return listOf(group.properties["groupTypes"]).includes("Unified");
}

export function isDynamic(group: GroupRecord): boolean {
  return listOf(group.properties["groupTypes"]).includes("DynamicMembership");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
