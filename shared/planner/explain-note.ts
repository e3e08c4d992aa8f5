import type { Note } from "../model/plan.ts";

function explainStay({ name, why }: Extract<Note, { kind: "scope-stays" }>): string {
  switch (why) {
    case "before":
      return `was in ${name} before Muster, so that stays`;
    case "keeps-account":
      return `stays in ${name}: leaving it would make cross-tenant sync delete an account that is not Muster's`;
    case "shared":
      return `keeps ${name} until they leave: to take it would be to take the app role that the new scope gives as well`;
    default:
      return why satisfies never;
  }
}

export function explainNote(note: Note): string {
  switch (note.kind) {
    case "native-grant":
      return `is in ${note.name} by somebody else's hand; that stays`;
    case "account-stays":
      return "the account was there before Muster, so it stays; only Muster's grants go";
    case "guest-ends":
      return `the account is governed by entitlement management of the target: ${note.how}`;
    case "scope-stays":
      return explainStay(note);
    case "scope-given-by-others":
      return `is in ${note.name} by somebody else's hand, so that sync makes their account anew`;
    case "scope-nested":
      return `is in ${note.name} through another group only, which sync does not count`;
    case "scope-moves":
      return `leaves ${note.name} when a whole sync cycle has seen the new scope`;
    case "deletion-waits":
      return "Muster deletes the account when leavers.deleteAfter has passed; cross-tenant sync may do so earlier, because the scope has ended";
    case "account-blocked-by-others":
      return "the account is blocked, and not by Muster; it stays blocked";
    case "account-deleted-by-others":
      return "the account was deleted, and not by Muster: restore or purge it in the target tenant";
    case "account-not-proven":
      return `an account was found that is not proven to be this analyst's (${note.detail}); it gets nothing`;
    case "settling":
      return `waits until Graph shows the last change of ${note.name}`;
    case "kept":
      return `keeps ${note.name}: ${note.why}`;
    case "unsure":
      return `looks once more at ${note.name}: a replica may still show the past`;
    case "on-its-way":
      return `${note.name} is ${note.overdue === "yes" ? "still " : ""}${note.way === "in" ? "on its way" : "being taken away"}: ${note.detail}`;
    case "grace":
      return `keeps ${note.name} until ${note.until}, though no role gives it any more`;
    case "denied-by-review":
      return `the access review "${note.review.name}" denied ${note.name}, which is not given again`;
    case "taken-by-others":
      return `${note.name} was taken away by somebody else, and is not given again${note.asks === "yes" ? " unasked" : ""}`;
    case "lapsed":
      return `${note.name} has ended by its own rule; it is not given again`;
    case "stuck":
      return `${note.name} will not come by itself: ${note.detail}`;
    case "group-deleted":
      return `${note.name} is deleted; if it is restored with its members, they are taken out of it`;
    case "waits-for-account":
      return "grants follow when the account exists and may be used";
    case "refused":
      return `refused: ${note.reason}; ${note.advice}`;
    default:
      return note satisfies never;
  }
}
