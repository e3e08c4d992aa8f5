import type { AnalystId, RoleName, TargetName } from "./ids.ts";

/** Why someone who was an analyst is one no more. */
export type Leaving = "disabled" | "deleted" | "no-role";

/** One user of the source tenant, as a complete read showed them. Times are epoch milliseconds. */
export type SourceUser = {
  readonly id: AnalystId;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly enabled: boolean;
  readonly attributes: Readonly<Record<string, string | null>>;
  readonly stamps: Readonly<Record<string, string | null>>;
  readonly sessionsValidFrom: number | null;
};

/** `soft-deleted` and `absent` are only ever said after Graph's own "not found" in both places. */
export type SourceUserRead =
  | { readonly kind: "present"; readonly user: SourceUser }
  | { readonly kind: "soft-deleted" }
  | { readonly kind: "absent" };

/** What Muster remembers of an analyst; all of it can be rebuilt by reading again. */
export type AnalystRecord = {
  readonly id: AnalystId;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly roles: readonly RoleName[];
  readonly leaving: Leaving | null;
  /** When the leaving was first seen; null while the analyst holds a role. */
  readonly leftAt: number | null;
  /** First of two sightings of "nowhere to be found"; null otherwise. */
  readonly missingSince: number | null;
  /** The stamps Muster last wrote, and when: a replica may not show them yet. */
  readonly stamped: { readonly at: number; readonly values: Readonly<Record<string, string>> } | null;
  /** When Graph last confirmed that the sessions are revoked, in this leaving; null before. */
  readonly sessionsRevokedAt: number | null;
  /** Targets that were ever asked to do something for this analyst. */
  readonly targets: readonly TargetName[];
  /** What the targets were last told: equal value, nothing new to tell. */
  readonly told: string;
  /** When Muster last decided on roles or leaving, epoch ms. */
  readonly decidedAt: number;
  /** When the event arrived that led to this state: the start of "time to access" and "time to revoke". */
  readonly since: number;
};
