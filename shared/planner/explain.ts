import type { Leaving } from "../model/analyst.ts";
import type { GrantKind } from "../model/grant.ts";
import type { Plan, Step } from "../model/plan.ts";
import { explainNote } from "./explain-note.ts";

/** A plan in words, one line each: the command line, the journal and the console all say the same. */
export function explain(plan: Plan): readonly string[] {
  const lines = [
    ...plan.steps.map((step) => `will ${explainStep(step)}`),
    ...plan.withheld.map(
      ({ step, check, reason, advice }) => `will not ${explainStep(step)} (${check}): ${reason}; ${advice}`,
    ),
    ...plan.notes.map(explainNote),
  ];
  return lines.length === 0 ? ["nothing to do"] : lines;
}

/** What giving and taking is called, by kind of grant. */
const words: Readonly<Record<GrantKind, { readonly give: string; readonly take: string }>> = {
  group: { give: "add to", take: "remove from" },
  appRole: { give: "assign the app role", take: "remove the app role" },
  package: { give: "assign", take: "end the assignment of" },
  eligible: { give: "make eligible for", take: "end eligibility and activation for" },
};

/** One step as an order: "add to SOC Readers". */
export function explainStep(step: Step): string {
  switch (step.kind) {
    case "stamp":
      return `stamp ${Object.entries(step.values)
        .map(([property, value]) => `${property.replace(/^extension_[0-9a-f]+_/, "")} = ${value}`)
        .join(", ")}`;
    case "revoke-sessions":
      return "revoke all sign-in sessions";
    case "join-scope":
      return `put into scope through ${step.name}`;
    case "renew-scope":
      return `renew ${step.name}, which keeps them in scope`;
    case "leave-scope":
      return `take out of scope through ${step.name}`;
    case "provision":
      return "ask cross-tenant sync to create the account now";
    case "invite":
      return `invite ${step.mail} with ${step.name}`;
    case "restore-account":
      return "restore the deleted account";
    case "unblock-account":
      return "unblock the account";
    case "block-account":
      return "block the account";
    case "delete-account":
      return "delete the account";
    case "grant":
      return `${words[step.grant.kind].give} ${step.name}`;
    case "renew":
      return `renew ${step.name}`;
    case "revoke":
      return `${words[step.grant.kind].take} ${step.name}`;
    default:
      return step satisfies never;
  }
}

/** Why somebody leaves, in words. */
export function explainLeaving(leaving: Leaving): string {
  switch (leaving) {
    case "disabled":
      return "the source account is disabled";
    case "deleted":
      return "the source account is deleted";
    case "no-role":
      return "no role is held any more";
    case "departed":
      return "a lifecycle workflow said that they leave";
    default:
      return leaving satisfies never;
  }
}
