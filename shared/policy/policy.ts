import type { RoleName, ServicePrincipalId, TargetName, TenantId } from "../model/ids.ts";
import type { ScopeKind } from "../model/grant.ts";
import type { NameOrId, Wish } from "../model/wish.ts";

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
  /** How long the delivery of an access package may take before people hear of it. */
  readonly accessPackages: { readonly patienceMs: number };
  readonly movers: {
    readonly order: "add-first" | "remove-first";
    /** How long what a lost role gave is kept by somebody who stays, ms; 0: not at all. */
    readonly graceMs: number;
  };
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

/** Only say what would change; grant and never remove; grant and remove. */
export type Mode = "observe" | "add-only" | "full";

type AnyTarget = {
  readonly name: TargetName;
  readonly tenantId: TenantId;
  readonly mode: Mode;
  readonly tags: readonly string[];
  /** The appId that owns the extension properties here, to which sync carries the stamps. */
  readonly extensionApp: string;
  /** Nobody belongs here any more: what Muster gave is taken back, from everybody. */
  readonly retire: boolean;
  /** What becomes of what Muster gave and somebody else took away. */
  readonly onExternalRemoval: OnExternalRemoval;
  /** What becomes of it where an access review has denied it. */
  readonly onDeniedReview: OnDeniedReview;
  readonly grants: readonly Grant[];
};

/** Give it once more; leave it so; or leave it so and ask a person. */
export type OnExternalRemoval = "restore" | "respect" | "hold";

/** Leave it so and tell people; or deal with it as with whatever else somebody takes away. */
export type OnDeniedReview = "respect" | "restore";

/** The source makes the accounts, with cross-tenant synchronization. */
export type PushTarget = AnyTarget & {
  readonly topology: "push";
  readonly sync: {
    readonly servicePrincipal: ServicePrincipalId;
    readonly job: string;
    /** What is given in the source to put somebody in scope of the synchronization. */
    readonly scope: Wish<ScopeKind>;
  };
};

/** The target invites, with the access packages of its entitlement management. */
type PullTarget = AnyTarget & {
  readonly topology: "pull";
  readonly sync: null;
  /** The group of the source whose members may go there, as its cross-tenant access settings say; null: anybody may. */
  readonly scope: Wish<"group"> | null;
};

/** A tenant to defend. */
export type Target = PushTarget | PullTarget;

/** What one role is given in one target. */
export type Grant = {
  readonly role: RoleName;
  /** What is given in the target itself. */
  readonly wishes: readonly Wish[];
  /** Groups of the source tenant that carry access to the target, as Azure Lighthouse and GDAP delegate to them. */
  readonly sourceGroups: readonly NameOrId[];
};

/**
 * The source tenant as a place where access is given: what all targets together give there. The account is the analyst's own user,
 * which no synchronization makes, and which Muster neither blocks nor deletes.
 */
export type Home = {
  readonly name: TargetName;
  readonly tenantId: TenantId;
  readonly topology: "home";
  readonly mode: Mode;
  readonly extensionApp: string;
  /** There are analysts as long as there is a source. */
  readonly retire: false;
  /** The groups that targets name, and what Muster may do about each. */
  readonly modes: readonly SourceGroup[];
  readonly sync: null;
  readonly grants: readonly HomeGrant[];
};

/** `retire`: only targets say so in which nobody belongs any more. */
export type HomeGrant = Pick<Grant, "role" | "wishes"> & { readonly retire?: "yes" };

/** A group of the source as targets name it. */
export type SourceGroup = {
  readonly group: NameOrId;
  /** The mode that lets Muster do most, of the targets that give it; if all that name it are retired, of those. */
  readonly mode: Mode;
  /** Tenants of all targets that name it. */
  readonly givers: readonly TenantId[];
  readonly retired: "yes" | "no";
};

/** Where access is given: a tenant to defend, or the source tenant itself. */
export type Place = Target | Home;
