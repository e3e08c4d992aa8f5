import type { Denial } from "./denial.ts";
import type { Grant, Scope } from "./grant.ts";
import type { AccountId, AnalystId, TargetName } from "./ids.ts";
import type { Leaving } from "./analyst.ts";

/** One write. Plain data: the dry run, the journal and a held approval are all this value. */
export type Step =
  /** `former`: one that the policy does not name any more, and whose value is not true any more. */
  | { readonly kind: "stamp"; readonly values: Readonly<Record<string, string>>; readonly former?: "yes" }
  | { readonly kind: "revoke-sessions" }
  | { readonly kind: "join-scope"; readonly scope: Scope; readonly name: string }
  /** It is there, and would end. */
  | { readonly kind: "renew-scope"; readonly scope: Scope; readonly name: string }
  | { readonly kind: "leave-scope"; readonly scope: Scope; readonly name: string }
  | { readonly kind: "provision" }
  /** Asks for an access package by address, so that the target invites somebody who has no account there. */
  | {
      readonly kind: "invite";
      readonly grant: Grant<"package">;
      readonly name: string;
      readonly mail: string;
    }
  | { readonly kind: "restore-account"; readonly account: AccountId }
  | { readonly kind: "unblock-account"; readonly account: AccountId }
  | { readonly kind: "block-account"; readonly account: AccountId }
  | { readonly kind: "delete-account"; readonly account: AccountId }
  | { readonly kind: "grant"; readonly account: AccountId; readonly grant: Grant; readonly name: string }
  /** It is there, and would end. */
  | { readonly kind: "renew"; readonly account: AccountId; readonly grant: Grant; readonly name: string }
  | { readonly kind: "revoke"; readonly account: AccountId; readonly grant: Grant; readonly name: string };

export type StepKind = Step["kind"];

/** A step a check took out of the plan, with what a person should know and do. */
export type Withheld = {
  readonly step: Step;
  readonly check: string;
  readonly reason: string;
  readonly advice: string;
};

/**
 * What to do for one analyst, in the source (`target` null) or in one target. Sorted, JSON, without times: equal
 * situations give equal plans, so a hash of it identifies it.
 */
export type Plan = {
  readonly analyst: AnalystId;
  readonly target: TargetName | null;
  readonly purpose: "join" | "leave";
  readonly leaving: Leaving | null;
  readonly steps: readonly Step[];
  readonly withheld: readonly Withheld[];
  /** Facts a person should know although no step follows from them. */
  readonly notes: readonly Note[];
};

/** Where people find what a note names, if not in the target. */
export type Whereabouts = { readonly in?: "source" };

export type Note =
  | { readonly kind: "native-grant"; readonly name: string }
  | { readonly kind: "account-stays"; readonly account: AccountId; readonly why: "before" }
  /** Entitlement management of the target governs the account, and ends it by its own rules when the last package is gone. */
  | { readonly kind: "guest-ends"; readonly account: AccountId; readonly how: string }
  | {
      readonly kind: "scope-stays";
      readonly name: string;
      readonly why: "before" | "keeps-account" | "shared";
    }
  /** Somebody who has left was put in scope by somebody else: sync makes the account anew that Muster takes away. */
  | { readonly kind: "scope-given-by-others"; readonly name: string }
  /** They are in the scope group through another group only. */
  | { readonly kind: "scope-nested"; readonly name: string }
  /** The policy names another scope group by now, and this one is left when sync has seen the analyst in the new one. */
  | { readonly kind: "scope-moves"; readonly name: string }
  | { readonly kind: "deletion-waits"; readonly account: AccountId }
  | { readonly kind: "account-blocked-by-others"; readonly account: AccountId }
  | { readonly kind: "account-deleted-by-others"; readonly account: AccountId }
  | { readonly kind: "account-not-proven"; readonly account: AccountId; readonly detail: string }
  | { readonly kind: "settling"; readonly name: string }
  | { readonly kind: "waits-for-account" }
  /** What was asked for takes its time. `way`: it is to be had, or to go. */
  | ({
      readonly kind: "on-its-way";
      readonly name: string;
      readonly way: "in" | "out";
      readonly detail: string;
      readonly overdue: "yes" | "no";
    } & Whereabouts)
  /** A lost role gave it, and `movers.grace` keeps it until then (ISO 8601). */
  | { readonly kind: "grace"; readonly name: string; readonly until: string }
  /** Muster gave it, and somebody else took it away; the policy says to leave it so. `asks`: and to ask a person. */
  | {
      readonly kind: "taken-by-others";
      readonly name: string;
      readonly grant: string;
      readonly asks: "yes" | "no";
    }
  /** Muster gave it, and an access review denied it since; `grant`: its key. Times are ISO 8601. */
  | {
      readonly kind: "denied-by-review";
      readonly name: string;
      readonly grant: string;
      readonly review: Denial["review"];
      readonly by: string | null;
      readonly decided: string | null;
      readonly since: string;
      readonly why: string | null;
    }
  /** It is taken back, and its group is deleted: if that is restored with its members, they are taken out of it. */
  | { readonly kind: "group-deleted"; readonly name: string }
  /** It ended by its own rule, which is respected. */
  | ({ readonly kind: "lapsed"; readonly name: string } & Whereabouts)
  /** It was denied, or has failed for good. */
  | ({ readonly kind: "stuck"; readonly name: string; readonly detail: string } & Whereabouts)
  /**
   * The source refused to let go of a role, so what it may have given stays. `alsoLost`: a role that was truly lost gave it as
   * well, or alone.
   */
  | {
      readonly kind: "kept";
      readonly name: string;
      readonly why: string;
      readonly alsoLost: "yes" | "no";
    }
  /** A write of an earlier run may still take effect, or a replica may show the past. */
  | { readonly kind: "unsure"; readonly name: string }
  | { readonly kind: "refused"; readonly reason: string; readonly advice: string };

/** The steps after which somebody can do less than before. */
export function removesAccess(step: Step): boolean {
  switch (step.kind) {
    case "revoke":
    case "leave-scope":
    case "block-account":
    case "delete-account":
    case "revoke-sessions":
      return true;
    case "stamp":
    case "join-scope":
    case "provision":
    case "invite":
    case "restore-account":
    case "unblock-account":
    case "grant":
    case "renew":
    case "renew-scope":
      return false;
    default:
      return step satisfies never;
  }
}
