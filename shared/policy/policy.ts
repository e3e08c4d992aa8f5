import type { GroupId, RoleName, ServicePrincipalId, TargetName, TenantId } from "../model/ids.ts";

/**
 * The policy as the rest of the program reads it: defaults filled in, profiles folded into each target's grants,
 * every list in a fixed order, so that two files that say the same give the same value.
 */
export type Policy = {
  readonly source: {
    readonly tenantId: TenantId;
    /** The appId that owns the extension properties. */
    readonly extensionApp: string;
    readonly stamps: readonly Stamp[];
  };
  readonly roles: readonly Role[];
  /** Object ids of users who are never planned and never written. */
  readonly protected: readonly string[];
  /** Sorted by name. */
  readonly targets: readonly Target[];
  readonly guardrails: {
    readonly removals: {
      readonly perRun: number;
      /** 0 to 1. */
      readonly share: number;
    };
  };
  readonly leavers: {
    readonly revokeSessions: boolean;
    readonly block: boolean;
    readonly deleteAfterMs: number | "never";
    readonly accounts: "owned" | "all";
  };
  readonly movers: { readonly order: "add-first" | "remove-first" };
};

export type Stamp = {
  /** The property as Graph names it: `extension_<appId without hyphens>_<name>`. */
  readonly property: string;
  readonly name: string;
  readonly template: string;
};

export type Role = {
  readonly name: RoleName;
  readonly holders:
    | { readonly kind: "group"; readonly group: NameOrId }
    | { readonly kind: "attributes"; readonly attributes: Readonly<Record<string, string>> };
};

/** A group as the file names it; a name becomes an id when the tenant is read, where it must be unique. */
export type NameOrId =
  { readonly kind: "id"; readonly id: GroupId } | { readonly kind: "name"; readonly name: string };

export type Target = {
  readonly name: TargetName;
  readonly tenantId: TenantId;
  readonly topology: "push";
  readonly mode: "observe" | "add-only" | "full";
  readonly tags: readonly string[];
  readonly sync: {
    readonly servicePrincipal: ServicePrincipalId;
    readonly job: string;
    readonly scope: { readonly kind: "group"; readonly group: NameOrId };
  };
  readonly grants: readonly Grant[];
};

/** What one role is given in one target. */
export type Grant = { readonly role: RoleName; readonly groups: readonly NameOrId[] };
