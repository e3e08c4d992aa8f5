import type { Unwritable } from "../model/group.ts";
import { grantKey } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import { removesAccess, type Plan, type Step, type Withheld } from "../model/plan.ts";
import type { Mode } from "../policy/policy.ts";
import type { SourceGroupMode } from "../policy/source-groups.ts";

/** What the checks of a finished plan may look at. */
export type CheckFacts = {
  readonly mode: Mode;
  /** Where grants have a mode of their own, by their keys. */
  readonly modes: ReadonlyMap<string, SourceGroupMode>;
  /** For whose sake grants go, where that is not the place itself, by their keys; nobody's where nobody is to have them any more. */
  readonly removedFor: ReadonlyMap<string, readonly string[]>;
  /** Ids of people and accounts that are never written. */
  readonly protected: ReadonlySet<string>;
  /** Keys of what Muster granted here (`grantKey`) and of the scopes it joined, and whether the account is Muster's. */
  readonly ownedGrants: ReadonlySet<string>;
  readonly ownedScopes: ReadonlySet<string>;
  readonly ownsAccount: "yes" | "no";
  /** Other accounts of a leaver's that are Muster's as well. */
  readonly others: ReadonlySet<string>;
  /** The account in the target, as far as it is known. */
  readonly account: AccountId | null;
  readonly accounts: "owned" | "all";
  /** What cannot be written although the policy names it, by keys of grants and scopes. */
  readonly unwritable: ReadonlyMap<string, Unwritable>;
  /** Most grants one run may take from somebody who stays an analyst, for one target. */
  readonly removalsPerRun: number;
};

export type Check = {
  readonly name: string;
  readonly run: (plan: Plan, facts: CheckFacts) => readonly Withheld[];
};

/** Every check on a finished plan, in the order people read about them. A new rule is a new entry. */
export const checks: readonly Check[] = [
  { name: "protected", run: checkProtected },
  { name: "ownership", run: checkOwnership },
  { name: "writable", run: checkWritable },
  { name: "budget", run: checkBudget },
  { name: "mode", run: checkMode },
];

/** Takes what the checks object to out of the plan and says why; everything else may be applied. */
export function checkPlan(plan: Plan, facts: CheckFacts): Plan {
  return checks.reduce((current, { run }) => {
    const withheld = run(current, facts);
    const objected = new Set(withheld.map(({ step }) => step));
    return {
      ...current,
      steps: current.steps.filter((step) => !objected.has(step)),
      withheld: [...current.withheld, ...withheld],
    };
  }, plan);
}

function checkProtected(plan: Plan, facts: CheckFacts): readonly Withheld[] {
  // Leaving the scope ends the account, so a protected account protects its scope, too.
  const all =
    facts.protected.has(plan.analyst) || (facts.account !== null && facts.protected.has(facts.account));
  return withhold(
    plan.steps.filter((step) => all || ("account" in step && facts.protected.has(step.account))),
    "protected",
    () => ({
      reason: "this identity is in the policy's `protected` list",
      advice: "nothing to do; take the id out of `protected` if Muster should manage this person",
    }),
  );
}

function checkOwnership(plan: Plan, facts: CheckFacts): readonly Withheld[] {
  return withhold(
    plan.steps.filter((step) => !isOwned(step, facts)),
    "ownership",
    () => ({
      reason: "Muster did not grant this",
      advice: "remove it by hand in the target tenant if it should go",
    }),
  );
}

function isOwned(step: Step, facts: CheckFacts): boolean {
  switch (step.kind) {
    case "revoke":
      return facts.ownedGrants.has(grantKey(step.grant));
    case "leave-scope":
      return facts.accounts === "all" || facts.ownedScopes.has(grantKey(step.scope));
    case "block-account":
    case "delete-account":
      return (
        facts.accounts === "all" ||
        (step.account === facts.account ? facts.ownsAccount === "yes" : facts.others.has(step.account))
      );
    case "stamp":
    case "revoke-sessions":
    case "join-scope":
    case "provision":
    case "invite":
    case "restore-account":
    case "unblock-account":
    case "grant":
    case "renew":
    case "renew-scope":
      return true;
    default:
      return step satisfies never;
  }
}

function checkWritable(plan: Plan, facts: CheckFacts): readonly Withheld[] {
  const withheld = plan.steps.flatMap((step) => {
    const what = "grant" in step ? step.grant : "scope" in step ? step.scope : undefined;
    const why = what === undefined ? undefined : facts.unwritable.get(grantKey(what));
    return why === undefined ? [] : [{ step, check: "writable", ...why }];
  });
  const scope = withheld.find(({ step }) => step.kind === "join-scope");
  if (scope === undefined) return withheld;
  // Whom nobody puts in scope, sync does not provision, and no invitation lets in.
  const { reason, advice } = scope;
  const provisions = plan.steps.filter(({ kind }) => kind === "provision" || kind === "invite");
  return [...withheld, ...provisions.map((step) => ({ step, check: "writable", reason, advice }))];
}

function checkBudget(plan: Plan, facts: CheckFacts): readonly Withheld[] {
  // Somebody who leaves the SOC must lose everything; how many leave at once is the loss check's business.
  if (plan.leaving !== null) return [];
  const counted = plan.steps.flatMap((step) =>
    step.kind === "revoke"
      ? (facts.removedFor.get(grantKey(step.grant)) ?? ["here"]).map((whose) => ({ whose, step }))
      : [],
  );
  const perTarget = [...Map.groupBy(counted, ({ whose }) => whose).values()];
  const tooMany = perTarget.filter(({ length }) => length > facts.removalsPerRun);
  if (tooMany.length === 0) return [];
  const held = new Set<Step>(tooMany.flatMap((removals) => removals.map(({ step }) => step)));
  const count = Math.max(...tooMany.map(({ length }) => length));
  return withhold(
    plan.steps.filter((step) => held.has(step) || endsMore(step)),
    "budget",
    () => ({
      reason: `this run would take ${count} grants from one analyst; guardrails.removals.perRun allows ${facts.removalsPerRun}`,
      advice: "look at what changed in the policy; raise guardrails.removals.perRun if it is meant",
    }),
  );
}

/** What would take away more than a grant waits with those that are too many. */
const endsMore = (step: Step) => step.kind !== "revoke" && removesAccess(step);

function checkMode(plan: Plan, facts: CheckFacts): readonly Withheld[] {
  return plan.steps.flatMap((step) => {
    const mode = ("grant" in step ? facts.modes.get(grantKey(step.grant)) : undefined) ?? facts.mode;
    switch (mode) {
      case "full":
        return [];
      case "add-only":
        return withhold([step].filter(removesAccess), "mode", () => ({
          reason: "this target is in mode add-only: nothing is removed",
          advice: "set the target's mode to full once the plans look right",
        }));
      case "observe":
        return withhold([step], "mode", () => ({
          reason: "this target is in mode observe: nothing is written",
          advice: "set the target's mode to add-only or full once the plans look right",
        }));
      case "not in the policy":
        return withhold([step], "mode", () => ({
          reason: "it was given for a target that is not in the policy any more",
          advice: "put the target back into the policy with retire: true, or take it away by hand",
        }));
      default:
        return mode satisfies never;
    }
  });
}

function withhold(
  steps: readonly Step[],
  check: string,
  words: () => { readonly reason: string; readonly advice: string },
): readonly Withheld[] {
  return steps.map((step) => ({ step, check, ...words() }));
}
