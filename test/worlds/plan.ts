import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import type { OuterFault } from "../../lab/outer-faults.ts";
import type { WeatherName } from "../../lab/weather.ts";

/** One world as its seed draws it: tenants, a policy for them, people, and what becomes of them. Plain data. */
export type WorldPlan = {
  readonly seed: number;
  readonly roles: readonly RolePlan[];
  readonly targets: readonly TargetPlan[];
  readonly people: readonly PersonPlan[];
  /** In the order of time. */
  readonly story: readonly Moment[];
  /** What becomes of requests that wait for an approver when everything else is over. */
  readonly lastWord: "approve" | "deny" | "none";
};

/** How the policy knows who holds it: `team` is a group inside the role group. */
export type RolePlan = { readonly name: string; readonly shownBy: "group" | "team" | "attributes" };

export type TargetPlan = {
  readonly name: string;
  readonly topology: "push" | "pull";
  readonly mode: "full" | "add-only" | "observe";
  readonly onExternalRemoval: "restore" | "respect" | "hold";
  /** What lets an analyst reach it; "none" for a pull target that needs nothing in the source. */
  readonly scope: "group" | "app role" | "package" | "package with approval" | "none";
  /** Whether stamps have names of an application of the target's own. */
  readonly extensionApp: "of the source" | "its own";
  /** Of a pull target: what becomes of a guest who has lost the last package. */
  readonly guestsEnd: "none" | "blockSignIn" | "blockSignInAndDelete";
  /** What each role gives there, by the role's name; a role that is left out gives nothing. */
  readonly grants: Readonly<Record<string, GrantsPlan>>;
};

export type GrantsPlan = {
  readonly groups: readonly string[];
  readonly eligible: { readonly group: string; readonly duration?: string } | null;
  readonly package: PackagePlan | null;
  readonly sourceGroup: string | null;
};

export type PackagePlan = {
  readonly name: string;
  readonly policy: AssignmentPolicy;
  readonly expires: string | null;
  readonly renew: boolean;
};

type AssignmentPolicy = "Direct" | "With approval";

/**
 * `veteran`: has an account in the first target that sync knows, from before Muster. `namesake`: somebody else's guest account there
 * has the same mail; where the target invites it is their own, because who is asked for by address is whoever has it. `twin`: the
 * account in the first target was deleted shortly before. `protected`: on the policy's list.
 */
export type PersonPlan = {
  readonly name: string;
  readonly past: "new" | "veteran" | "namesake" | "twin" | "protected";
};

export type Moment = { readonly at: number; readonly deed: Deed };

/** One member of the union for each kind. */
type At<Kind extends string> = Kind extends string ? { readonly kind: Kind; readonly person: string } : never;
type In<Kind extends string> = At<Kind> & { readonly target: string };

/** What people do, and what goes wrong. */
export type Deed =
  | (At<"join" | "drop"> & { readonly role: string })
  | At<"disable" | "enable" | "delete" | "restore" | "purge" | "rename" | "stamp at home">
  /** From now on another user of the source has the same mail. */
  | (At<"take the mail of"> & { readonly other: string })
  /** The same name and mail, another user. */
  | At<"hire again">
  | In<"into scope" | "out of scope">
  | (At<"into source group" | "out of source group"> & { readonly group: string })
  | (In<"give" | "take" | "review"> & { readonly group: string })
  | In<"block" | "remove account" | "stamp with a stranger's id">
  /** An account beside theirs, with their stamp on it. */
  | In<"make a second account">
  | In<"make a role holder" | "unmake a role holder">
  | (In<"activate" | "make eligible" | "end eligibility"> & { readonly group: string })
  | In<"approve" | "deny">
  | (In<"assign" | "unassign"> & { readonly package: string })
  | FaultDeed;

export type FaultDeed = { readonly kind: "fault"; readonly fault: FaultInput; readonly forMs: number };
export type PersonalDeed = Exclude<Deed, FaultDeed>;

/** What the worlds of one lab have in common: one policy says it, or all of them feel it. */
export type Climate = {
  readonly company: number;
  readonly weather: WeatherName;
  readonly leavers: {
    readonly revokeSessions: boolean;
    readonly block: boolean;
    readonly deleteAfter: "P0D" | "PT1H" | "never";
    readonly accounts: "owned" | "all";
  };
  readonly movers: { readonly order: "add-first" | "remove-first"; readonly grace?: string };
  readonly patience: string;
  readonly troubles: readonly CommonTrouble[];
};

export type CommonTrouble = { readonly at: number } &
  /** `host`: which of several, from 0; the first one where it is not said. */
  (
    | { readonly kind: "host"; readonly deadMs: number; readonly host?: number }
    | { readonly kind: "outer"; readonly fault: OuterFault }
    | { readonly kind: "fault"; readonly fault: FaultInput; readonly forMs: number }
  );
