import { grantKey, isRenewed } from "../model/grant.ts";
import { grantOf, isGiven, type LedgerEntry } from "../model/ledger.ts";
import type { Step, Whereabouts } from "../model/plan.ts";
import type { Sight } from "../model/sight.ts";
import type { Draft } from "./access-draft.ts";
import type { Given } from "./owned.ts";
import { unlessGroupIsLost } from "./lost-group.ts";
import { decideMembership } from "./membership.ts";
import type { MembershipDecision } from "./membership-situation.ts";
import { replicationWindowMs } from "./replicas.ts";
import { renewWhenDue } from "./renewal.ts";

/** What is decided alike of whatever Muster gives: a grant in a target, and a scope in the source. */
export type Looked = {
  readonly what: Given;
  readonly name: string;
  readonly sight: Sight;
  readonly wanted: "yes" | "no";
  /** The row of the ledger; undefined: it is not Muster's. */
  readonly entry: LedgerEntry | undefined;
  /** When whoever has it was last restored, epoch ms; what comes back with them shows later. */
  readonly restoredAt: number;
  readonly where?: Whereabouts;
};

export const idle: MembershipDecision = { act: "nothing", ledger: "same", unsureUntil: null };
export const waiting: MembershipDecision = { ...idle, act: "await" };

/** Whether there is something, or something is under way, and somebody else asked for it: then it is theirs. */
export const isTheirs = ({ seen, by }: Sight) =>
  by === "others" && seen !== "absent" && seen !== "unknown" && seen !== "lapsed" && seen !== "going";

/**
 * Whoever asked for it owns it, whatever Muster meant to do; but a request of Muster's own may not be on show yet, beside an older one of
 * somebody else's.
 */
export function handOver(
  draft: Draft,
  what: Given,
  { name, entry }: { readonly name: string; readonly entry: LedgerEntry },
): void {
  const askedAt = isGiven(entry) ? entry.at : entry.oppositeAt;
  const sureAt = askedAt + replicationWindowMs;
  if (draft.situation.now < sureAt) draft.unsureOf(name, sureAt);
  else draft.handOver(what);
}

/** A request is listed for three months; that it was refused is remembered for as long as nobody is to have it anew. */
export function asRemembered(sight: Sight, entry: LedgerEntry | undefined, wanted: "yes" | "no"): Sight {
  if (entry?.refused === undefined || !isGiven(entry) || wanted === "no") return sight;
  const isForgotten = sight.seen === "absent" && sight.unread === undefined;
  return isForgotten ? { seen: "stuck", detail: entry.refused } : sight;
}

/** Whether to give it, take it, or wait for it, by what a look showed of it. */
export function decideGiven(
  draft: Draft,
  { what, name, sight, wanted, entry, restoredAt }: Looked,
): MembershipDecision {
  const { now } = draft.situation;
  // Nothing is given on the strength of an answer that did not come; it is told why.
  if (sight.unread === "wholly" && wanted === "yes") return idle;
  if (isTheirs(sight) && wanted === "yes")
    return sight.seen === "present" || sight.seen === "stuck" ? idle : waiting;
  const grant = grantOf(what);
  // What has run its time is given anew where that is meant, and where another role gives it for longer.
  const isDueAnew = isRenewed(grant) || sight.rule === "another";
  const seen = sight.seen === "lapsed" && isDueAnew ? "absent" : sight.seen;
  const goneAt = draft.goneAt(what);
  const decided = decideMembership({ wanted, seen, seenAt: sight.at, entry, goneAt, now });
  const decision = unlessGroupIsLost(draft, draft.unlessRestored(decided, name, restoredAt), {
    key: grantKey(grant),
    name,
    entry,
  });
  const isTooSoon = (sight.notBefore ?? 0) > now && (decision.act === "add" || decision.act === "remove");
  return isTooSoon ? { ...decision, act: "await" } : decision;
}

/** What follows from the decision, besides the step that brings it about: what is remembered, told, and looked at again. */
export function followUp(
  draft: Draft,
  looked: Looked,
  decision: MembershipDecision,
  renewal: () => Step,
): void {
  const { what, name, sight, wanted, entry, where = {} } = looked;
  draft.book(what, decision);
  if (decision.act === "wait") draft.settling(name, entry?.at);
  // What is still to come cannot be taken back before it is there.
  const isUnderWay =
    decision.act === "await" || (wanted === "no" && sight.seen === "coming" && decision.act === "remove");
  if (isUnderWay) draft.onItsWay(name, sight, wanted, where);
  if (wanted === "yes" && decision.act === "nothing") {
    draft.atItsEnd(name, sight, where);
    if (entry !== undefined && isRenewed(grantOf(what)))
      renewWhenDue(draft, { name, sight, givenAt: entry.at, where }, renewal);
    // What somebody else gave for a time, or the person took for a time, is Muster's to give after that.
    else if (sight.endsAt !== undefined) draft.lookAtEnd(sight.endsAt);
    if (sight.seen === "stuck" && entry !== undefined) draft.refuse(what, sight.detail ?? "");
    else if (sight.seen === "present" && entry?.refused !== undefined) draft.refuse(what, null);
  }
  draft.unsure(name, decision);
}
