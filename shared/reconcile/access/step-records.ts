import { GraphError } from "../../graph/error.ts";
import type { Written } from "../../graph/group-members.ts";
import { grantKey } from "../../model/grant.ts";
import {
  goesWithOwner,
  goneAt,
  grantOf,
  isGiven,
  rowOf,
  sameItem,
  type AccountRecord,
  type LedgerEntry,
  type LedgerItem,
  type LedgerRow,
  type LedgerState,
} from "../../model/ledger.ts";
import type { AccountId } from "../../model/ids.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Step } from "../../model/plan.ts";
import type { Performing } from "../pair/access-ports.ts";
import type { Performed } from "../run/step-entry.ts";
import { isInScope, scopedAfter } from "../scope/scoped-times.ts";

/** `undone`: it was put off, and nothing has come of it. `missing`: nobody was found to be taken out. */
export type Result = Performed & {
  readonly written?: Written;
  readonly undone?: "yes";
  readonly missing?: LedgerEntry["missing"];
};

/**
 * Whose a membership is that is to be given. `disputed`: Muster took it back not long ago, and it seems to be there. `unread`: what it
 * shows in could not be read, so that nobody knows whether it is there. `overtaken`: the analyst is not who the plan was made for any more.
 */
export type Standing = "ours" | "native" | "disputed" | "unread" | "overtaken";

export type Membership = Extract<Step, { kind: "join-scope" | "leave-scope" | "grant" | "revoke" }>;

export function itemOf(step: Membership | Extract<Step, { kind: "renew" | "renew-scope" }>): LedgerItem {
  return "scope" in step
    ? { kind: "scope", scope: step.scope }
    : { kind: "grant", grant: step.grant, account: step.account };
}

const isMembership = (step: Step): step is Membership =>
  ["join-scope", "leave-scope", "grant", "revoke"].includes(step.kind);

const adds = ({ kind }: Membership) => kind === "join-scope" || kind === "grant";

/** What is on record before the call. */
export function intentOf(step: Step, pair: PairRecord, doing: Performing): PairRecord {
  if (isMembership(step)) {
    const noted = note(pair, step, { state: adds(step) ? "adding" : "removing", doing });
    // Sync follows the scope, and deletes the account that came with it. Of a leaver all scopes go, and one may never have come.
    const isLast = doing.purpose === "leave" || !isInScope(noted.ledger);
    const ends = step.kind === "leave-scope" && isLast;
    return ends ? expectDeletion(noted, doing) : noted;
  }
  switch (step.kind) {
    case "block-account":
    case "unblock-account":
      return withAccount(pair, step, { blocked: "intended" });
    case "delete-account":
    case "restore-account":
      return withAccount(pair, step, { deleted: "intended" });
    case "invite":
      return { ...pair, invited: invitedBy(step, "adding", { pair, doing }) };
    case "provision":
    case "renew":
    case "renew-scope":
    case "stamp":
    case "revoke-sessions":
      return pair;
    default:
      return step satisfies never;
  }
}

type Invite = Extract<Step, { kind: "invite" }>;

/** What was asked for before, and will not come, is not asked for again on the account that comes of this. */
function invitedBy(
  { grant, name, mail }: Invite,
  state: LedgerState,
  { pair: { invited }, result, doing }: Pick<Noting, "result" | "doing"> & { readonly pair: PairRecord },
): PairRecord["invited"] {
  const before = invited === null ? [] : [invited, ...invited.refused];
  const known = invited !== null && grantKey(invited.grant) === grantKey(grant) ? invited.entry : undefined;
  const refused = before
    .filter((one) => grantKey(one.grant) !== grantKey(grant) && one.entry.refused !== undefined)
    .map((one) => ({ grant: one.grant, name: one.name, entry: one.entry }));
  const at = doing.ports.now();
  return {
    grant,
    name,
    mail,
    entry: { state, at, oppositeAt: 0, ...askedBefore(known, state, result) },
    refused,
  };
}

function expectDeletion(pair: PairRecord, { rules }: Performing): PairRecord {
  const { account } = pair;
  if (account === null || account.deleted !== "no" || !goesWithOwner(account, rules.policy.leavers.accounts))
    return pair;
  return { ...pair, account: { ...account, deleted: "expected" } };
}

/** A leaver may have other accounts beside the one that is remembered. */
function withAccount(
  pair: PairRecord,
  step: { readonly account: AccountId },
  change: Partial<AccountRecord>,
): PairRecord {
  return pair.account?.accountId === step.account
    ? { ...pair, account: { ...pair.account, ...change } }
    : pair;
}

export type Settling = {
  readonly performed: Result | undefined;
  readonly standing: Standing | undefined;
  /** The pair before the intents of this stage. */
  readonly before: PairRecord;
  readonly doing: Performing;
};

/** What is on record after the call. Where it is not known what came of it, the intent stays. */
export function settled(
  step: Step,
  pair: PairRecord,
  { performed, standing, before, doing }: Settling,
): PairRecord {
  const known = isMembership(step) ? rowOf(before.ledger, itemOf(step)) : undefined;
  if (performed?.kind === "failed" && isMembership(step) && adds(step) && known === undefined) {
    // Nothing was added, so a grant that shows later is somebody else's.
    const isNone =
      isForCertain(performed.error) || (standing === "disputed" && isUnavailable(performed.error));
    return isNone ? drop(pair, step, before) : pair;
  }
  if (performed?.undone === "yes" && isMembership(step) && adds(step) && known === undefined)
    return drop(pair, step, before);
  if (performed?.undone === "yes" && step.kind === "invite") return { ...pair, invited: before.invited };
  // What was refused for certain has changed nothing of the account either.
  if (
    performed?.kind === "failed" &&
    !isMembership(step) &&
    "account" in step &&
    isForCertain(performed.error)
  ) {
    const { blocked = "no", deleted = "no" } = before.account ?? {};
    return withAccount(pair, step, { blocked, deleted });
  }
  if (step.kind === "invite" && performed?.kind === "failed" && isForCertain(performed.error))
    return { ...pair, invited: before.invited };
  if (performed?.kind !== "written" || performed.written === undefined) return pair;
  if (isMembership(step)) {
    const sure = withoutGone(pair, step);
    if (isTheirs(performed.written, step, { standing, before })) return drop(sure, step, before);
    const { missing, written } = performed;
    const { result } = written;
    return note(sure, step, { state: adds(step) ? "added" : "removed", missing, result, doing });
  }
  const changedAt = doing.ports.now();
  switch (step.kind) {
    case "block-account":
      return withAccount(pair, step, { blocked: "confirmed", changedAt });
    case "unblock-account":
      return withAccount(pair, step, {
        blocked: "no",
        changedAt,
        aliveAt: changedAt,
        unblockedAt: changedAt,
      });
    case "delete-account":
      return withAccount(pair, step, { deleted: "confirmed", changedAt });
    case "restore-account":
      // Until a look finds it in scope, sync may delete it once more.
      return withAccount(pair, step, { deleted: "expected", changedAt, aliveAt: changedAt });
    case "invite":
      return {
        ...pair,
        invited: invitedBy(step, "added", { pair, result: performed.written.result, doing }),
      };
    case "renew":
    case "renew-scope":
      return {
        ...pair,
        ledger: pair.ledger.map((row) => (isAbout(row, step) ? givenAt(row, changedAt) : row)),
      };
    case "provision":
    case "stamp":
    case "revoke-sessions":
      return pair;
    default:
      return step satisfies never;
  }
}

const isAbout = ({ item }: LedgerRow, step: Extract<Step, { kind: "renew" | "renew-scope" }>) =>
  sameItem(item, itemOf(step));

/** Given once more: the time until it is to be renewed begins anew. */
const givenAt = (row: LedgerRow, at: number): LedgerRow => ({ ...row, entry: { ...row.entry, at } });

/**
 * "Already a member" on the first try of a grant nobody had on record means that somebody else was quicker; then it is
 * theirs, and Muster will not take it away. It is also where it seemed to be there before, and Graph said that it was not available.
 */
export function isTheirs(
  written: Written,
  step: Step,
  { standing, before }: Pick<Settling, "standing" | "before">,
): boolean {
  return (
    isMembership(step) &&
    adds(step) &&
    written.result === "already" &&
    (written.appliedBefore === "no" || (written.appliedBefore === "unlikely" && standing === "disputed")) &&
    rowOf(before.ledger, itemOf(step)) === undefined
  );
}

/** Graph, or the gateway before it, says no, and no try before may have gone through: nothing has changed. */
export function isForCertain(error: unknown): boolean {
  if (!(error instanceof GraphError) || error.failure.appliedBefore !== undefined) return false;
  const { status, code } = error.failure;
  return code === "late" || (status >= 400 && status < 500);
}

/** Graph says that it did nothing; that may be wrong, and counts only where a read has shown the membership already. */
const isUnavailable = (error: unknown) =>
  error instanceof GraphError && error.failure.status === 503 && error.failure.appliedBefore !== "maybe";

/** It was not Muster's doing, so nothing came of it that would be Muster's. */
const drop = (pair: PairRecord, step: Membership, { scoped }: PairRecord): PairRecord => ({
  ...pair,
  scoped: step.kind === "join-scope" ? scoped : pair.scoped,
  ledger: pair.ledger.filter(({ item }) => !sameItem(item, itemOf(step))),
});

/** What came of it is known now, whatever a replica shows. */
const withoutGone = (pair: PairRecord, step: Membership): PairRecord => ({
  ...pair,
  gone: pair.gone.filter(({ item }) => !sameItem(item, itemOf(step))),
});

type Noting = {
  readonly state: LedgerState;
  readonly missing?: LedgerEntry["missing"];
  /** What Graph answered; left out: it is not known yet. */
  readonly result?: Written["result"];
  readonly doing: Performing;
};

function note(pair: PairRecord, step: Membership, { state, missing, result, doing }: Noting): PairRecord {
  const item = itemOf(step);
  const isAsked = grantOf(item).kind === "package";
  const known = rowOf(pair.ledger, item)?.entry;
  const before: LedgerEntry = known ?? { state: "removed", at: goneAt(pair.gone, item), oppositeAt: 0 };
  const entry = {
    ...entryAfter(before, state, doing.ports.now()),
    ...(isAsked ? askedBefore(known, state, result) : {}),
    ...(missing === undefined ? {} : { missing }),
  };
  const row: LedgerRow = { item, name: step.name, entry };
  const ledger = [...pair.ledger.filter((other) => !sameItem(other.item, item)), row];
  return {
    ...pair,
    ledger,
    scoped: item.kind === "scope" ? scopedAfter(pair, ledger, doing.ports.graphNow) : pair.scoped,
  };
}

/** A request that is there already was made when Muster asked before, unless it was somebody else's. */
function askedBefore(
  known: LedgerEntry | undefined,
  state: LedgerState,
  result: Written["result"] | undefined,
): Pick<LedgerEntry, "askedAt"> {
  const isAgain = known !== undefined && isGiven(known) && isGiven({ state });
  return isAgain && (result === undefined || result === "already")
    ? { askedAt: known.askedAt ?? known.at }
    : {};
}

function entryAfter(known: LedgerEntry, state: LedgerState, at: number): LedgerEntry {
  const turns = isGiven(known) !== isGiven({ state });
  return { state, at, oppositeAt: turns ? known.at : known.oppositeAt };
}
