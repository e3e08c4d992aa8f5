import type { AnalystId, RoleName, TenantId } from "./ids.ts";

/** Why someone who was an analyst is one no more. `departed`: somebody has said so, whatever account and groups show. */
export type Leaving = "disabled" | "deleted" | "no-role" | "departed";

/** One user of the source tenant, as a complete read showed them. Times are epoch milliseconds. */
export type SourceUser = {
  readonly id: AnalystId;
  readonly userPrincipalName: string;
  /** Where mail for them goes; null or left out: nobody says. */
  readonly mail?: string | null;
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

export type UserState = "enabled" | "disabled" | "soft-deleted" | "absent";

/**
 * A role and what shows that somebody holds it: `group:<id>`, or `attributes:<names and values>`. Roles are renamed in
 * the policy; what shows them stays. `former`: nothing in the policy is shown by that any more, so nobody can say what the role
 * gives; the name is the one that it had, and may be another role's by now.
 */
export type HeldRole = { readonly role: RoleName; readonly by: string; readonly former?: "yes" };

/** Whether a role is one of these: by what shows it, whatever it is called. */
export const isAmong =
  (roles: readonly HeldRole[]) =>
  ({ by }: HeldRole): boolean =>
    roles.some((one) => one.by === by);

export type Refused = {
  /** When the loss was first seen, epoch ms. */
  readonly since: number;
  /** Among how many holders the loss was refused; null while it may still turn out to be something else. */
  readonly among: number | null;
  /** When the first of those who lost the role together was refused to, epoch ms: people hear of it once. */
  readonly occasion?: number;
  /** How many were missing at the last look before it was refused; not of those that came too late to tell. */
  readonly missing?: number;
  /** How many of them nobody had seen yet to have lost it when it was refused. */
  readonly unseen?: number;
  readonly lostBy?: LostBy;
};

/**
 * `person`: what shows the role shows others, and them no more. `edit`: what showed it still shows them, and the policy goes by
 * something else. `nobody`: what showed it shows nobody, or is gone.
 */
export type LostBy = "person" | "edit" | "nobody";

/** What Muster remembers of an analyst; all of it can be rebuilt by reading again. */
export type AnalystRecord = {
  readonly id: AnalystId;
  readonly userPrincipalName: string;
  /** Where mail for them goes, when that is not the name that they sign in with. */
  readonly mail?: string;
  readonly displayName: string;
  /** Roles for which there was evidence when the user was last seen, whether they may act on them or not. */
  readonly held: readonly HeldRole[];
  /** What the targets act on: nothing for who is leaving, otherwise what is held and what a check would not let go. */
  readonly roles: readonly HeldRole[];
  /** Roles that are kept because many lost them at once, by what showed them. */
  readonly refused: Readonly<Record<string, Refused>>;
  /** Whether they have lost a role by themselves and all others are kept: nothing makes them an analyst until one is held again. */
  readonly leftBehind: "yes" | "no";
  /** Roles that were lost, not by a disabled or deleted account, and are not held again, by what showed them: when, epoch ms. */
  readonly lost: Readonly<Record<string, number>>;
  /**
   * What else showed a role before the policy, or its group, was replaced: by what shows it now. Who came over is still among those
   * of whom the others are judged.
   */
  readonly moved: Readonly<Record<string, readonly string[]>>;
  /** When a look last found each role held that is acted on, by what showed it, epoch ms. */
  readonly confirmed: Readonly<Record<string, number>>;
  /** When a look last found all of them held; 0 for never. Rows of older versions, and these versions, know nothing else. */
  readonly confirmedAt: number;
  readonly leaving: Leaving | null;
  /** When the leaving was first seen; null while the analyst holds a role. */
  readonly leftAt: number | null;
  /** First of two sightings of "nowhere to be found"; null otherwise. */
  readonly missingSince: number | null;
  readonly recent: Recent;
  /** All that Muster ever wrote into the user's properties and did not clear, by property; "" while it is not known to be there. */
  readonly stamped: Readonly<Record<string, string>>;
  /** When Graph last confirmed that the sessions are revoked, in this leaving; null before. */
  readonly sessionsRevokedAt: number | null;
  /** Target tenants that were ever asked to do something for this analyst. */
  readonly targets: readonly TenantId[];
  /** Hash of what the targets have to know; when it changes, the version grows. */
  readonly meaning: string;
  readonly version: number;
  /** The version that all targets were told of. */
  readonly told: number;
  /** When the event arrived that led to this state: the start of "time to access" and "time to revoke". */
  readonly since: number;
};

/**
 * What was believed not long ago. A replica that is behind shows nothing but the past, so a read is doubted only when it
 * shows what was true within the replication window. Times are epoch ms; what is older is left out.
 */
export type Recent = {
  /** What the user was last believed to be. */
  readonly state: UserState;
  /** Until when the user was last believed to be in each of the other states. */
  readonly states: Readonly<Partial<Record<UserState, number>>>;
  /** When each role was last gained or lost, by what shows it. */
  readonly roles: Readonly<Record<string, number>>;
  /** The stamps that Muster last wrote, when, and when it wrote different ones before that (0: not lately). */
  readonly stamps: {
    readonly at: number;
    readonly values: Readonly<Record<string, string>>;
    readonly beforeAt: number;
  } | null;
};
