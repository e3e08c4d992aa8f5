import { isAmong, type AnalystRecord } from "../../model/analyst.ts";
import type { FindingKind } from "../../model/finding.ts";
import type { Note, Plan } from "../../model/plan.ts";
import type { Place } from "../../policy/policy.ts";
import { wholeCycleMs } from "../../planner/access-draft.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";
import { deniedFindings } from "./denied-findings.ts";
import { gistOf, type Outcome } from "../run/outcome.ts";
import { identityStamp, identityStampAtHome } from "../account/identity-stamp.ts";
import type { Round } from "../pair/access-round.ts";
import { hasMet } from "../run/shared-trouble.ts";
import { notProven } from "../account/shared-account.ts";
import { strandedGroups } from "./stranded-groups.ts";

/** What a person has to see to, and what could not be read. */
export function obstacles(round: Round): readonly Outcome[] {
  const { plan, read, record, rules } = round;
  const { name } = rules.target;
  const withheld = plan.withheld
    .filter(({ check }) => check === "writable" || check === "budget")
    .map(({ step, check, reason: why, advice }): Outcome => {
      const reason = `${name}: ${why}`;
      const cause = check === "budget" && isTheirOwn({ reason, why }, round) ? null : why;
      return check === "budget"
        ? { kind: "parked", reason, advice, cause, finding: "over-budget" }
        : {
            kind: "parked",
            reason,
            advice,
            cause,
            finding: "not-writable",
            about: "name" in step ? step.name : "",
          };
    });
  const odd = plan.notes.flatMap((note) => [
    ...oddAccount(note, record, rules.target),
    ...openGrant(note, record, name),
  ]);
  return [
    ...withheld,
    ...strandedGroups(round),
    ...odd,
    ...(plan.notes.some(({ kind }) => kind === "account-blocked-by-others") ? blockedByOthers(round) : []),
    ...keptOfLost(plan, record, name),
    ...deniedFindings(round),
    ...(plan.purpose === "join" ? unstamped(round) : []),
    ...(read.trouble === null ? [] : [read.trouble]),
    ...(plan.notes.some(({ kind }) => kind === "unsure") ? [{ kind: "unseen" } as const] : []),
  ];
}

/**
 * One edit of the policy may say the same of everybody; whose roles have changed since then is news of their own. As what people
 * were told of it first, it stays, whatever changes later.
 */
function isTheirOwn(
  { reason, why }: { readonly reason: string; readonly why: string },
  { record, rules, claim }: Round,
): boolean {
  const { clock } = claim.state();
  if (clock.told.includes(gistOf({ reason }))) return true;
  return record.since > rules.since && !hasMet(why, clock);
}

/** What a kept role and a lost one gave alike, or may have, stays: whether it should is for a person to say. */
function keptOfLost(
  { notes }: Plan,
  { userPrincipalName, roles, held }: AnalystRecord,
  target: string,
): readonly Outcome[] {
  // Of who holds nothing at all any more, people hear from the source.
  if (!roles.some(isAmong(held))) return [];
  const kept = notes.flatMap((note) => (note.kind === "kept" && note.alsoLost === "yes" ? [note] : []));
  const [first] = kept;
  if (first === undefined) return [];
  const names = kept.map(({ name }) => name).join(", ");
  const reason = `${target}: ${userPrincipalName} has lost a role that gave ${names}, and keeps it: ${first.why}`;
  const advice =
    "if it should go, take it from them in the target tenant by hand: Muster does not give it back";
  return [{ kind: "parked", reason, advice, cause: null, finding: "kept-grant" }];
}

/** Stamps come with sync. Accounts that a cycle makes are found by them, and so is everybody's when the memory is lost. */
function unstamped({ read: { situation }, record, rules }: Round): readonly Outcome[] {
  const { policy, target } = rules;
  const { account, owned, now } = situation;
  // Who has none at home brings none along.
  if ((record.stamped[identityStampAtHome(policy)] ?? "") === "") return [];
  const isNew = now - (owned.account?.aliveAt ?? now) < replicationWindowMs;
  if (account.kind !== "present" || account.stamped === "yes" || isNew || target.sync === null) return [];
  if (owned.account?.origin !== "created") return [];
  const reason = `${target.name}: accounts come without the stamp ${identityStamp(rules)}`;
  return [
    {
      kind: "parked",
      reason,
      advice: `map it in the attribute mappings of the synchronization job ${target.sync.job}, and restart the job`,
      cause: reason,
      finding: "unstamped-account",
    },
  ];
}

/**
 * Sync carries over whether the source user is enabled, with its next cycle, and a replica may show what is long over: people hear of
 * what has lasted for longer. Entitlement management blocks a guest who has no package, which is no question to anybody.
 */
function blockedByOthers({ read, record, rules, claim, ports }: Round): readonly Outcome[] {
  const { name, topology } = rules.target;
  const { account, wanted } = read.situation;
  const isPacked = wanted.some(
    ({ grant }) =>
      grant.kind === "package" && account.kind === "present" && account.seen(grant, "yes").seen === "present",
  );
  if (topology === "pull" && !isPacked) return [];
  const told = (claim.state().value.blockedSince ?? ports.now()) + wholeCycleMs;
  if (ports.now() < told)
    return [{ kind: "again", at: told, why: "the account is blocked, and sync may be about to end that" }];
  const advice =
    topology === "pull"
      ? "unblock it in the target tenant if they are to work there, or take the role from them; Muster leaves it blocked"
      : "unblock it in the target tenant if they are to work there; if not, take the role from them: sync ends the block with the next change of the source user";
  const reason = `${name}: the account of ${record.userPrincipalName} is blocked, and not by Muster`;
  return [{ kind: "parked", reason, advice, cause: null, finding: "blocked-account" }];
}

function oddAccount(
  note: Note,
  { userPrincipalName }: AnalystRecord,
  { name, topology }: Pick<Place, "name" | "topology">,
): readonly Outcome[] {
  const about = `${name}: the account of ${userPrincipalName}`;
  const parked = (finding: FindingKind, what: string, advice: string): readonly Outcome[] => [
    { kind: "parked", reason: `${about} ${what}`, advice, cause: null, finding },
  ];
  if (note.kind === "account-not-proven")
    return topology === "pull"
      ? parked("foreign-stamp", `is not proven to be theirs (${note.detail})`, addressAdvice)
      : [
          {
            kind: "parked",
            ...notProven(name, userPrincipalName, note.detail),
            cause: null,
            finding: "foreign-stamp",
          },
        ];
  if (note.kind === "scope-given-by-others")
    return [
      {
        kind: "parked",
        reason: `${name}: ${userPrincipalName} has left, and somebody else has put them in scope through ${note.name}`,
        advice: `take them out of ${note.name} in the source tenant, or give them a role: sync gives an account to whoever is in scope`,
        cause: null,
        finding: "scope-by-others",
        about: note.name,
      },
    ];
  if (note.kind === "account-deleted-by-others")
    return parked(
      "deleted-account",
      "is deleted, and not by Muster",
      "if the source user was deleted for a while, sync did it, and restores it in its next cycle; otherwise restore the account in the target tenant, or purge it so that sync makes a new one",
    );
  return [];
}

const addressAdvice =
  "give them a mail address of their own in the source tenant, and Muster invites them anew; or delete and purge that account in the target tenant";

/** What was asked for and takes too long, or will not come. */
function openGrant(note: Note, { userPrincipalName }: AnalystRecord, target: string): readonly Outcome[] {
  const parked = (
    { finding, about }: { readonly finding: FindingKind; readonly about: string },
    reason: string,
    advice: string,
  ): readonly Outcome[] => [
    { kind: "parked", reason: `${target}: ${reason}`, advice, cause: null, finding, about },
  ];
  if (note.kind === "lapsed" && note.in === "source")
    return parked(
      { finding: "undelivered", about: note.name },
      `${userPrincipalName} is not in scope any more: ${note.name} has ended by its own rule`,
      "assign the package in the source tenant, or say renew: true in the policy, if they are to go on",
    );
  if (note.kind === "stuck" && note.in === "source")
    return parked(
      { finding: "undelivered", about: note.name },
      `${userPrincipalName} does not come into scope through ${note.name}: ${note.detail}`,
      "see to it in entitlement management of the source tenant, or assign the package there; Muster asks again when the role is given anew",
    );
  if (note.kind === "stuck")
    return parked(
      { finding: "undelivered", about: note.name },
      `${userPrincipalName} does not get ${note.name}: ${note.detail}`,
      "see to it in the target tenant, or give it to them there; Muster asks again when the role is given anew",
    );
  if (note.kind === "taken-by-others" && note.asks === "yes")
    return parked(
      { finding: "taken-away", about: note.name },
      `somebody else has taken ${note.name} from ${userPrincipalName}, which Muster gave`,
      "give it back in the target tenant, or take the role from them; onExternalRemoval: restore gives it back by itself",
    );
  if (note.kind !== "on-its-way" || note.overdue === "no") return [];
  const overdue = { finding: "overdue", about: note.name } as const;
  const lookUp = `look it up in the ${note.in ?? "target"} tenant by its id`;
  return note.way === "in"
    ? parked(
        overdue,
        `${userPrincipalName} still waits for ${note.name}: ${note.detail}`,
        `${lookUp}; Muster goes on looking at it`,
      )
    : parked(
        overdue,
        `${userPrincipalName} is not rid of ${note.name} yet: ${note.detail}`,
        `${lookUp}, and deny it if it waits for approval; Muster goes on looking at it, and takes away what comes of it`,
      );
}
