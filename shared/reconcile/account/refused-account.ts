import type { AccountId } from "../../model/ids.ts";
import type { Plan, Step } from "../../model/plan.ts";
import type { Applied } from "../run/apply.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Round } from "../pair/access-round.ts";

/**
 * What each step came to, in words that say whom it is about. An application may not block, delete or restore whoever holds an Entra role
 * or is in a role-assignable group, unless it has a mighty role itself: one entry for people, whichever of these calls was refused.
 * https://learn.microsoft.com/graph/api/resources/users#who-can-perform-sensitive-actions
 */
export function outcomesInWords({ steps, outcomes }: Applied, round: Round): readonly Outcome[] {
  return outcomes.map((outcome, index) => {
    const step = steps[index]?.step;
    if (step === undefined || !isAboutAccount(step)) return outcome;
    if (outcome.kind !== "parked" || outcome.refused === undefined) return outcome;
    return { ...outcome, ...wordsFor(step.account, round) };
  });
}

type AboutAccount = Extract<
  Step,
  { kind: "block-account" | "unblock-account" | "delete-account" | "restore-account" }
>;

/** Whether a step is about an account as a whole. */
const isAboutAccount = (step: Step): step is AboutAccount => step.kind.endsWith("-account");

const refused: Readonly<Record<Plan["purpose"], string>> = {
  join: "restore or unblock",
  leave: "block or delete",
};

function wordsFor(account: AccountId, { plan, record, rules }: Round) {
  const what = refused[plan.purpose];
  return {
    reason: `${rules.target.name}: Graph does not let Muster ${what} the account ${account} of ${record.userPrincipalName} (403)`,
    advice: `if it holds an Entra role or is in a role-assignable group, take that from it in the target tenant, or ${what} it there by hand; Muster tries again and does the rest by itself; if it has neither, check the admin consent there against docs/graph-permissions.md`,
  };
}
