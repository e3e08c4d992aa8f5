import type { Sight } from "../model/sight.ts";
import { grantKey, type Grant } from "../model/grant.ts";
import type { AccountRecord } from "../model/ledger.ts";
import type { AccessDecision, Bookkeeping } from "./access-decision.ts";
import type { Note, Plan, Step, Whereabouts } from "../model/plan.ts";
import type { AccessSituation } from "./access-situation.ts";
import { sameGiven, type Given } from "./owned.ts";
import type { MembershipDecision } from "./membership-situation.ts";
import { replicationWindowMs, visibleMs } from "./replicas.ts";
import { sortSteps, type MoverOrder } from "./step-order.ts";

/** A cycle of cross-tenant sync, and longer than what its replicas are behind. */
export const wholeCycleMs = 45 * 60_000;
/** How long to wait before asking whether a write has become visible. */
const settleMs = 2_000;
/** How soon to read again what could not be read, or may have another reason that is not known yet. */
export const unknownMs = 10_000;
/** The same of what waits for a person, or for its day. */
const longestWaitMs = 60 * 60_000;
/** How long, at most, until what cannot be read is tried again. */
const longestUnknownMs = 5 * 60_000;

/** Collects steps, notes and bookkeeping while a plan is being made. */
export class Draft {
  private learnt: Bookkeeping["account"] = null;
  private invitation: Bookkeeping["invitation"] = "same";
  unsettledGrants = 0;
  private readonly steps: Step[] = [];
  private readonly notes: Note[] = [];
  private readonly ledger: Bookkeeping["ledger"][number][] = [];
  private readonly refused: Bookkeeping["refused"][number][] = [];
  private lookAgainAt: number | null = null;
  readonly situation: AccessSituation;

  constructor(situation: AccessSituation) {
    this.situation = situation;
  }

  step(step: Step): void {
    this.steps.push(step);
  }

  revokes(grant: Grant): boolean {
    return this.steps.some((step) => step.kind === "revoke" && grantKey(step.grant) === grantKey(grant));
  }

  note(note: Note): void {
    this.notes.push(note);
  }

  learn(what: NonNullable<Bookkeeping["account"]>): void {
    this.learnt = what;
  }

  forgetInvitation(): void {
    this.invitation = "gone";
  }

  refuseInvitation(why: string): void {
    this.invitation = { refused: why };
  }

  refuse(what: Given, why: string | null): void {
    this.refused.push({ what, why });
  }

  lookAgain(at: number): void {
    this.lookAgainAt = this.lookAgainAt === null ? at : Math.min(at, this.lookAgainAt);
  }

  /** Who was restored a moment ago may be shown without the memberships that come back with them. */
  unlessRestored(decision: MembershipDecision, name: string, at: number): MembershipDecision {
    const until = at + replicationWindowMs;
    if (decision.ledger !== "gone" || this.situation.now >= until) return decision;
    this.unsureOf(name, until);
    return { ...decision, ledger: "same" };
  }

  goneAt(given: Given): number {
    return this.situation.owned.gone.find(({ what }) => sameGiven(what, given))?.at ?? 0;
  }

  /** The membership stays, and is another place's from now on. */
  handOver(what: Given): void {
    this.ledger.push({ what, change: "drop" });
  }

  moves(name: string, until: number): void {
    this.note({ kind: "scope-moves", name });
    this.lookAgain(until);
  }

  book(what: Given, { ledger }: Pick<MembershipDecision, "ledger">): void {
    if (ledger !== "same") this.ledger.push({ what, change: ledger });
  }

  decided(purpose: Plan["purpose"], order: MoverOrder): AccessDecision {
    const { analyst, target, leaving, owned, now } = this.situation;
    const { gives, takes } = owned.doubt;
    const doubtUntil = purpose === "leave" ? gives : Math.max(gives, takes);
    if (doubtUntil > now) {
      this.note({ kind: "unsure", name: "what an interrupted run was doing" });
      this.lookAgain(doubtUntil);
    }
    return {
      plan: {
        analyst,
        target,
        purpose,
        leaving,
        steps: sortSteps(this.steps, order),
        withheld: [],
        notes: this.notes.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      },
      bookkeeping: {
        ledger: this.ledger,
        refused: this.refused,
        account: this.learnt,
        invitation: this.invitation,
      },
      lookAgainAt: this.lookAgainAt,
    };
  }

  /**
   * `just now`: the change may not be visible yet, and is made once more after that. `lately`: a replica may still show the
   * account as it was before.
   */
  accountChanged(when: "just now" | "lately"): boolean {
    const { owned, now } = this.situation;
    const windowMs = when === "just now" ? visibleMs : replicationWindowMs;
    return owned.account !== null && now - owned.account.changedAt < windowMs;
  }

  /** Waits a little, and longer the longer the write is ago that does not show. */
  settling(name: string, writtenAt: number | undefined): void {
    const { now } = this.situation;
    this.note({ kind: "settling", name });
    const waitedMs = now - (writtenAt ?? now);
    this.lookAgain(now + Math.max(settleMs, Math.min(waitedMs / 2, visibleMs)));
  }

  /**
   * What takes its time: looked at again soon, and later the longer it takes; twice as often where somebody still may get what they
   * are to lose. After `patienceMs` people hear of it.
   */
  onItsWay(
    name: string,
    { detail = "", since, patient }: Sight,
    wanted: "yes" | "no",
    where: Whereabouts = {},
  ): void {
    const { now, patienceMs } = this.situation;
    const waitedMs = now - (since ?? now);
    // Of what a leaver may still be given people hear at once when somebody can stop it.
    const isOpen = patient === "yes" && wanted === "no";
    const isLate = patient === undefined && since !== undefined && waitedMs >= patienceMs;
    const isOverdue = isOpen || isLate;
    const way = wanted === "yes" ? "in" : "out";
    this.note({ kind: "on-its-way", name, way, detail, overdue: isOverdue ? "yes" : "no", ...where });
    const longestMs = patient === "yes" ? longestWaitMs : longestUnknownMs;
    const share = wanted === "yes" ? 2 : 4;
    this.lookAgain(now + Math.max(unknownMs, Math.min(waitedMs / share, longestMs)));
  }

  /** When it is over, and until that shows ever more rarely. */
  lookAtEnd(endsAt: number): void {
    const { now } = this.situation;
    const late = Math.max(unknownMs, Math.min((now - endsAt) / 2, longestWaitMs));
    this.lookAgain(endsAt > now ? endsAt : now + late);
  }

  /** Since when the analyst is in the scope, epoch ms: what was asked for may have come later. */
  joinedAt(): number {
    const { owned, scope } = this.situation;
    return Math.max(owned.scope?.at ?? 0, scope?.seen === "present" ? (scope.at ?? 0) : 0);
  }

  atItsEnd(name: string, { seen, detail = "" }: Sight, where: Whereabouts = {}): void {
    if (seen === "lapsed") this.note({ kind: "lapsed", name, ...where });
    if (seen === "stuck") this.note({ kind: "stuck", name, detail, ...where });
  }

  /**
   * A deleted account that no replica shows is either gone for good or was deleted a moment ago, by Muster or by the sync that
   * heard of the analyst's leaving. A new one beside it would never be found.
   * @returns epoch ms; 0 when there is no doubt, Infinity before the analyst is in scope again
   */
  mayBeInBinUntil(): number {
    const { owned, scope } = this.situation;
    const { account, scope: entry } = owned;
    if (account === null || account.deleted === "no") return 0;
    const isIn = scope === null || scope.seen === "present" || entry?.state === "added";
    const joinedAt = isIn ? this.joinedAt() : Infinity;
    return Math.max(account.changedAt, account.aliveAt, joinedAt) + replicationWindowMs;
  }

  unsure(name: string, { unsureUntil }: MembershipDecision): void {
    if (unsureUntil !== null) this.unsureOf(name, unsureUntil);
  }

  /** Asked again soon, and later the longer ago somebody left: the source may refuse to answer for hours. */
  unreadable(name: string): void {
    const { owned, now } = this.situation;
    const waitedMs = now - (owned.leftAt ?? now);
    this.unsureOf(name, now + Math.max(unknownMs, Math.min(waitedMs / 2, longestUnknownMs)));
  }

  unsureOf(name: string, until: number): void {
    this.note({ kind: "unsure", name });
    this.lookAgain(until);
  }

  /** A replica may still show the time before the account came to life. */
  isNewborn({ aliveAt }: AccountRecord): boolean {
    return this.situation.now - aliveAt < replicationWindowMs;
  }
}
