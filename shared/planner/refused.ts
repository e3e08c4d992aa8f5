import { Temporal } from "temporal-polyfill";
import type { Denial } from "../model/denial.ts";
import { grantKey, lastingOf } from "../model/grant.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { Note } from "../model/plan.ts";
import type { Seen, Sight } from "../model/sight.ts";
import { durationMs } from "../policy/duration.ts";
import type { Draft } from "./access-draft.ts";
import { idle } from "./given-draft.ts";
import type { MembershipDecision } from "./membership-situation.ts";
import type { NamedGrant } from "./owned.ts";
import { replicationWindowMs } from "./replicas.ts";

type Given = NamedGrant & { readonly sight: Sight; readonly entry: LedgerEntry | undefined };

/** What a person or a review took away is not always given again. */
export function unlessRefused(draft: Draft, decision: MembershipDecision, given: Given): MembershipDecision {
  if (decision.act !== "add") return decision;
  return isDenied(draft, given) || isLeftTaken(draft, given) ? idle : decision;
}

/** Whether somebody who has no account here any more was refused it when they had one. */
export const wasRefused = (draft: Draft, named: NamedGrant): boolean =>
  isDenied(draft, named) || isLeftTaken(draft, { ...named, sight: { seen: "absent" }, entry: undefined });

/** What an access review has denied since Muster gave it is not given again, nor what it may have denied. */
function isDenied(draft: Draft, { grant, name }: NamedGrant): boolean {
  const denial = draft.situation.denials.get(grantKey(grant));
  if (denial === undefined) return false;
  // Whoever could not read it tries again, and says so.
  if (denial === "unknown") draft.note({ kind: "unsure", name });
  else draft.note(noteOf(denial, { grant, name }));
  return true;
}

const noteOf = ({ review, by, decidedAt, at, why }: Denial, { grant, name }: NamedGrant): Note => ({
  kind: "denied-by-review",
  name,
  grant: grantKey(grant),
  review,
  by,
  decided: decidedAt === null ? null : instant(decidedAt),
  since: instant(at),
  why,
});

export const instant = (at: number) => Temporal.Instant.fromEpochMilliseconds(Math.ceil(at)).toString();

/** Gone, of what Muster gave, and of what every replica must know. */
export const isTakenAway = (seen: Seen, entry: LedgerEntry | undefined, now: number): entry is LedgerEntry =>
  seen === "absent" && entry?.state === "added" && now - entry.at >= replicationWindowMs;

/** Somebody else took away what Muster gave this account, or an earlier one of theirs, and the policy leaves it so. */
function isLeftTaken(draft: Draft, given: Given): boolean {
  const { onExternalRemoval, taken } = draft.situation;
  if (onExternalRemoval === "restore") return false;
  const grant = grantKey(given.grant);
  const wasTaken = given.entry === undefined && taken[grant] !== undefined;
  if (!wasTaken && !isTaken(draft, given)) return false;
  const asks = onExternalRemoval === "hold" ? "yes" : "no";
  draft.note({ kind: "taken-by-others", name: given.name, grant, asks });
  return true;
}

function isTaken({ situation: { now, owned } }: Draft, { grant, sight, entry }: Given): boolean {
  if (!isTakenAway(sight.seen, entry, now)) return false;
  // What was given for a time has ended by itself, although nobody was there to renew it.
  const lasting = lastingOf(grant);
  const hasEnded = lasting !== null && now - entry.at >= durationMs(lasting);
  // An account that came to life lately, by whosever hand, may be shown without what comes back with it.
  const { aliveAt = 0, deleted = "no" } = owned.account ?? {};
  const isNew = now - aliveAt < replicationWindowMs || deleted === "by-others";
  return !hasEnded && !isNew;
}
