import { GraphError } from "../graph/error.ts";
import { isHeld, write, type NotYet } from "../graph/grants/kind.ts";
import type { Written } from "../graph/group-members.ts";
import type { SendLimits } from "../graph/tenant.ts";
import {
  goesWithOwner,
  goneAt,
  isGiven,
  rowOf,
  sameItem,
  type AccountRecord,
  type LedgerEntry,
  type LedgerItem,
  type LedgerRow,
  type LedgerState,
} from "../model/ledger.ts";
import type { AccountId } from "../model/ids.ts";
import type { PairRecord } from "../model/pair.ts";
import type { Step } from "../model/plan.ts";
import { goneMs } from "../planner/membership.ts";
import type { Performing } from "./access-ports.ts";
import { attempted, sendWithinMs, type Performed } from "./apply.ts";
import type { Outcome } from "./outcome.ts";
import { missingOf } from "./lost-groups.ts";
import { provision } from "./provision.ts";
import { isInScope, scopedAfter } from "./scoped-times.ts";

/**
 * Carries out the steps of one stage: the intents of all of them on record first, which proves that the pair is still this
 * run's; then the calls; then what they came to. "Already there" is judged by the ledger as it was when the intent was
 * written, which nobody else can have changed.
 *
 * @throws ClaimLost
 */
export async function performStage(steps: readonly Step[], doing: Performing): Promise<readonly Performed[]> {
  const { claim, ports } = doing;
  const before = claim.state().value;
  const standings = await Promise.all(steps.map((step) => standingOf(step, doing)));
  const own = steps.filter((_, index) => !isPutOff(standings[index]));
  const at = ports.now();
  // What was proven was true before this: if it is true again afterwards, that is said anew.
  const begun: PairRecord = { ...before, wroteAt: at, proof: null };
  const intents = own.reduce((pair, step) => intentOf(step, pair, doing), begun);
  await claim.write({ value: intents });
  const limits = { ...doing.limits, sendBefore: at + sendWithinMs };
  const results = await Promise.all(
    steps.map((step, index) =>
      isPutOff(standings[index])
        ? putOff(standings[index], doing)
        : attempted(() => perform(step, limits, doing)),
    ),
  );
  const after = steps.reduce(
    (pair, step, index) =>
      settled(step, pair, { performed: results[index], standing: standings[index], before, doing }),
    claim.state().value,
  );
  // A refusal changes nothing, so there is nothing to look at once more: that would be trying again, every time.
  const rest = results.some(mayHaveWritten)
    ? { wroteAt: ports.now() }
    : { wroteAt: before.wroteAt, proof: before.proof };
  await claim.write({ value: { ...after, ...rest } });
  return steps.map((step, index) => told(step, results[index], { standing: standings[index], before }));
}

function mayHaveWritten(result: Performed): boolean {
  if (result.kind === "failed") return !isForCertain(result.error);
  return result.kind === "written" || (result.trace ?? null) !== null;
}

/** `undone`: it was put off, and nothing has come of it. `missing`: nobody was found to be taken out. */
type Result = Performed & {
  readonly written?: Written;
  readonly undone?: "yes";
  readonly missing?: LedgerEntry["missing"];
};

/** Who was not found may be in a group that is deleted, and comes back with it. */
async function take(step: Membership, result: Result, { ports, limits }: Performing): Promise<Result> {
  if (result.written?.result !== "missing") return result;
  return { ...result, missing: await missingOf(itemOf(step), ports, limits.priority) };
}

async function perform(step: Step, limits: SendLimits, doing: Performing): Promise<Result> {
  const { ports, analyst } = doing;
  const { sourceWriter, targetWriter } = ports;
  switch (step.kind) {
    case "join-scope":
      return wroteOrNot(await sourceWriter.writeScope("give", step.scope, { analyst, limits }), step, doing);
    case "renew-scope":
      return wroteOrNot(await sourceWriter.writeScope("renew", step.scope, { analyst, limits }), step, doing);
    case "leave-scope": {
      const taken = await sourceWriter.writeScope("take", step.scope, { analyst, limits });
      return take(step, wroteOrNot(taken, step, doing), doing);
    }
    case "grant":
      return wroteOrNot(await write(targetWriter.grants, "give", { ...step, limits }), step, doing);
    case "renew":
      return wroteOrNot(await write(targetWriter.grants, "renew", { ...step, limits }), step, doing);
    case "revoke":
      return take(
        step,
        wroteOrNot(await write(targetWriter.grants, "take", { ...step, limits }), step, doing),
        doing,
      );
    case "provision":
      return provision(limits, doing);
    case "invite":
      return wroteOrNot(
        await targetWriter.invite(step.grant, { analyst, mail: step.mail, limits }),
        step,
        doing,
      );
    case "block-account":
      return wrote(await targetWriter.setEnabled(step.account, "blocked", limits));
    case "unblock-account":
      return wrote(await targetWriter.setEnabled(step.account, "unblocked", limits));
    case "delete-account":
      return wrote(await targetWriter.remove(step.account, limits));
    case "restore-account":
      return wrote(await targetWriter.restore(step.account, limits));
    case "stamp":
    case "revoke-sessions":
      throw new Error(`an access plan holds no ${step.kind}`);
    default:
      return step satisfies never;
  }
}

const wrote = (written: Written): Result => ({ kind: "written", ...written, written });

/** What cannot be done yet is tried again, later each time, and people hear of it when that goes on; or a person has to see to it. */
function wroteOrNot(
  written: Written | NotYet,
  { name }: { readonly name: string },
  { rules }: Performing,
): Result {
  if (written.result !== "not-yet") return wrote(written);
  const { advice, trace, appliedBefore } = written;
  const why = `${name}: ${written.why}`;
  const outcome: Outcome =
    advice === null
      ? { kind: "retry", why }
      : {
          kind: "parked",
          reason: `${rules.target.name}: ${why}`,
          advice,
          cause: null,
          refused: "perhaps to one",
        };
  return { kind: "put-off", outcome, trace, ...(appliedBefore === "no" ? { undone: "yes" } : {}) };
}

/** How soon a read that missed a native membership is repeated. */
const nativeMs = 2_000;
/** The same of one that broke off. */
const unreadMs = 10_000;

/**
 * Whose a membership is that is to be given. `disputed`: Muster took it back not long ago, and it seems to be there. `unread`: what it
 * shows in could not be read, so that nobody knows whether it is there.
 */
type Standing = "ours" | "native" | "disputed" | "unread";

/**
 * An account that was there before Muster may have native memberships that one read did not show, and so may any whose memberships
 * could not be read to their end. A second question before the write keeps Muster from claiming them when the write stumbles. About what Muster itself took back not long ago,
 * the replica that is asked may be behind as well: only the write tells.
 */
async function standingOf(step: Step, { claim, ports, limits, isUnread }: Performing): Promise<Standing> {
  const { account, ledger, gone } = claim.state().value;
  if (step.kind !== "grant" || rowOf(ledger, itemOf(step)) !== undefined) return "ours";
  const isGone = ports.now() - goneAt(gone, itemOf(step)) < goneMs;
  if (account?.origin !== "before" && !isGone && !isUnread(step.grant)) return "ours";
  const asked = { account: step.account, priority: limits.priority };
  const asking = isHeld(ports.tenant.reader.grants, step.grant, asked);
  // People hear of what cannot be read from the look; it keeps nobody from what can be given.
  const held = await (isUnread(step.grant) ? asking.catch(unknownOf) : asking);
  if (held === "unknown") return "unread";
  if (held === "no") return "ours";
  return isGone ? "disputed" : "native";
}

function unknownOf(error: unknown): "unknown" {
  if (error instanceof GraphError) return "unknown";
  throw error;
}

/** Nothing is on record of what is not written. */
const isPutOff = (standing: Standing | undefined) => standing === "native" || standing === "unread";

async function putOff(standing: Standing | undefined, { ports }: Performing): Promise<Performed> {
  const [ms, why] =
    standing === "native"
      ? [nativeMs, "the account had this already, by somebody else's hand"]
      : [unreadMs, "what the account has could not be read to its end"];
  return { kind: "put-off", outcome: { kind: "again", at: ports.now() + ms, why } };
}

type Membership = Extract<Step, { kind: "join-scope" | "leave-scope" | "grant" | "revoke" }>;

function itemOf(step: Membership | Extract<Step, { kind: "renew" | "renew-scope" }>): LedgerItem {
  return "scope" in step
    ? { kind: "scope", scope: step.scope }
    : { kind: "grant", grant: step.grant, account: step.account };
}

const isMembership = (step: Step): step is Membership =>
  ["join-scope", "leave-scope", "grant", "revoke"].includes(step.kind);

const adds = ({ kind }: Membership) => kind === "join-scope" || kind === "grant";

/** What is on record before the call. */
function intentOf(step: Step, pair: PairRecord, doing: Performing): PairRecord {
  if (isMembership(step)) {
    const noted = note(pair, step, { state: adds(step) ? "adding" : "removing", doing });
    // Sync follows the scope, and deletes the account that came with it.
    const ends = step.kind === "leave-scope" && !isInScope(noted.ledger);
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
      return { ...pair, invited: invitedBy(step, "adding", doing.ports.now()) };
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

const invitedBy = ({ grant, name, mail }: Invite, state: LedgerState, at: number): PairRecord["invited"] => ({
  grant,
  name,
  mail,
  entry: { state, at, oppositeAt: 0 },
});

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

type Settling = {
  readonly performed: Result | undefined;
  readonly standing: Standing | undefined;
  /** The pair before the intents of this stage. */
  readonly before: PairRecord;
  readonly doing: Performing;
};

/** What is on record after the call. Where it is not known what came of it, the intent stays. */
function settled(step: Step, pair: PairRecord, { performed, standing, before, doing }: Settling): PairRecord {
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
    const { missing } = performed;
    return note(sure, step, { state: adds(step) ? "added" : "removed", missing, doing });
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
      return { ...pair, invited: invitedBy(step, "added", changedAt) };
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
function isTheirs(
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
function isForCertain(error: unknown): boolean {
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
  readonly doing: Performing;
};

function note(pair: PairRecord, step: Membership, { state, missing, doing }: Noting): PairRecord {
  const item = itemOf(step);
  const known = rowOf(pair.ledger, item)?.entry;
  const before: LedgerEntry = known ?? { state: "removed", at: goneAt(pair.gone, item), oppositeAt: 0 };
  const entry = {
    ...entryAfter(before, state, doing.ports.now()),
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

function entryAfter(known: LedgerEntry, state: LedgerState, at: number): LedgerEntry {
  const turns = isGiven(known) !== isGiven({ state });
  return { state, at, oppositeAt: turns ? known.at : known.oppositeAt };
}

/** What people read about the step. */
function told(
  step: Step,
  performed: Result | undefined,
  { standing, before }: Pick<Settling, "standing" | "before">,
): Performed {
  if (performed === undefined) return { kind: "failed", error: new Error("the step was passed over") };
  if (performed.kind !== "written" || performed.written === undefined) return performed;
  if (!isTheirs(performed.written, step, { standing, before })) return performed;
  const detail = "somebody else granted it; it is not Muster's";
  return {
    ...performed,
    detail,
    outcome: { kind: "retry", why: `${step.kind}: ${detail}, and no read shows it` },
  };
}
