import { classify, GraphError } from "../../graph/error.ts";
import type { ProvisionResult } from "../../graph/provision-result.ts";
import type { SendLimits, Trace } from "../../graph/tenant.ts";
import { errorText } from "../../model/error-text.ts";
import { scopeHeld, type AccountRecord } from "../../model/ledger.ts";
import { askAgainAt, cyclePollMs, nextAskAt, overdueMs } from "../../planner/provisioning.ts";
import type { Performing } from "../pair/access-ports.ts";
import type { Performed } from "../run/step-entry.ts";
import { counted } from "../pair/asked.ts";
import { lifeOf } from "./account-life.ts";
import { identityStamp } from "./identity-stamp.ts";
import {
  explainFailure,
  explainOverdue,
  explainShared,
  explainSilence,
  putOff,
  syncOf,
  type NoAccount,
  type PutOff,
} from "./explain-provision.ts";
import { otherOwnerOf } from "./shared-account.ts";
import { awaitTwin, twinOf } from "./twin.ts";

/**
 * https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-provisionondemand: 5 requests per 10 s; half a
 * second more, because calls leave within a quarter of one, and do not all take the same time to arrive. Who would wait longer than ten
 * minutes is better off with the 40-minute cycle.
 */
const onDemandLimit = { count: 5, perMs: 10_500, aheadMs: 10 * 60_000 };
/** A new account may not be seen yet, by its id or by its stamp. */
const unseenMs = 3_000;

/** Asks sync to make the account now, when it is this analyst's turn. @throws GraphError */
export async function provision(limits: SendLimits, doing: Performing): Promise<Performed> {
  const { ports, analyst, rules, claim, isInScope } = doing;
  const { policy, target } = rules;
  const sync = syncOf(rules);
  // The scope could not be joined just now: there is nothing to ask for.
  if (!isInScope && scopeHeld(claim.state().value.ledger)?.state !== "added")
    return putOff(ports.now() + cyclePollMs, "the analyst has to come into scope first");
  const twin = await twinOf(limits.priority, doing);
  if (twin !== null) return awaitTwin(twin, doing);
  const turn = await ports.slots.draw(
    `${target.tenantId}:${analyst}`,
    { name: `on-demand-${policy.source.tenantId}`, ...onDemandLimit },
    ports.now,
  );
  if (turn.kind === "full") return putOff(ports.now() + cyclePollMs, "the next sync cycle comes sooner");
  if (turn.kind === "at") {
    return putOff(turn.at, "waits for its turn: on-demand provisioning takes 5 requests in 10 seconds");
  }
  // The claim is good for its time, and the turn for its own.
  const sendBefore = Math.min(limits.sendBefore, turn.at + sendWithinMs);
  const answer = await ports.provisioner
    .provisionOnDemand(sync, analyst, { ...limits, sendBefore })
    .catch((error: unknown) => unanswered(error, doing));
  if ("kind" in answer) return answer;
  const { result, trace } = answer;
  if (result.kind === "failed") return { ...(await explainFailure(result, doing)), trace };
  if (result.kind === "provisioned") {
    const owner = await ownerOf(result, doing);
    if (owner !== null) return { ...explainShared(owner, doing), trace };
    const account = await adopted(result, doing);
    if (account === null) return { ...countTry(result, doing), trace };
    const { value } = claim.state();
    const asked = counted(doing);
    // Forgotten when a read shows the account: sync may name one that is not in this tenant.
    claim.set({ value: { ...value, account, asked } });
    if (ports.now() - asked.scopedAt >= overdueMs) return { ...explainOverdue(result, doing), trace };
    return { kind: "written", result: "done", trace, detail: `account ${result.origin}` };
  }
  return { ...countTry(result, doing), trace };
}

/** A turn is good for less than what the window that turns are drawn from is longer than Graph's; who misses it draws another. */
const sendWithinMs = 250;

/**
 * A call that was throttled or got no answer says nothing about the scope: it is no failure of the analyst's, and it is made
 * again now and then, while the cycle may make the account.
 * @throws GraphError when it is neither
 */
function unanswered(error: unknown, doing: Performing): Performed {
  const { ports, claim, rules } = doing;
  if (!(error instanceof GraphError)) throw error;
  const meaning = classify(error);
  if (meaning.kind !== "retry" && meaning.kind !== "wait") throw error;
  const { value } = claim.state();
  const now = ports.now();
  const { scopedAt } = counted(doing);
  // Nobody was asked: only the turn is lost.
  const next = error.failure.code === "late" ? now + unseenMs : askAgainAt(scopedAt, now);
  const askAfter = Math.max(meaning.kind === "wait" ? now + meaning.ms : 0, next);
  claim.set({ value: { ...value, asked: { ...value.asked, scopedAt }, askAfter } });
  const { clientRequestId, requestId, status } = error.failure;
  const trace: Trace = { clientRequestId, requestId, status, ms: 0, tries: 1 };
  if (now - scopedAt < overdueMs) return { ...putOff(askAfter, errorText(error)), trace };
  return { ...explainSilence(errorText(error), rules), trace };
}

/** Only an answer counts as a try: a call that was throttled or lost says nothing about the scope. */
function countTry(result: NoAccount, doing: Performing): PutOff {
  const { claim, ports } = doing;
  const now = ports.now();
  const { tries, scopedAt } = counted(doing);
  claim.set({ value: { ...claim.state().value, asked: { tries, scopedAt } } });
  if (now - scopedAt >= overdueMs) return explainOverdue(result, doing);
  if (result.kind === "unnamed")
    return putOff(now + unseenMs, "the account was made; looking for it by its stamp");
  if (result.kind === "provisioned") return putOff(now + unseenMs, "the account is not visible yet");
  const at = Math.min(Math.max(nextAskAt(scopedAt, tries), now + unseenMs), now + cyclePollMs);
  return putOff(at, `sync does not see the analyst in scope yet: ${result.detail}`);
}

/**
 * "Matched" may still be Muster's own account, made by a call whose answer was lost: its age tells.
 * @returns null when it cannot be seen yet, so that its age is not known
 */
async function adopted(
  result: Extract<ProvisionResult, { kind: "provisioned" }>,
  { ports, claim, rules, limits }: Performing,
): Promise<AccountRecord | null> {
  const { scoped, twin, account: known } = claim.state().value;
  const lives = { deleted: "no", changedAt: ports.now(), aliveAt: ports.now() } as const;
  // A replica did not show it: whose it is was settled when it came.
  if (known?.accountId === result.account) return { ...known, ...lives };
  const base = {
    accountId: result.account,
    proof: "provisioned",
    blocked: "no",
    unblockedAt: 0,
    ...lives,
  } as const;
  // Somebody else put the analyst in scope: the account would have come without Muster.
  if (scoped === null || scoped.until !== null) return { ...base, origin: "before" };
  if (result.origin === "created") return { ...base, origin: "created" };
  const { priority } = limits;
  const read = await ports.tenant.reader.readAccount({
    id: result.account,
    stamp: identityStamp(rules),
    priority,
  });
  if (read.kind !== "present") return null;
  return { ...base, ...lifeOf(read.account, { scoped, twin }) };
}

type Provisioned = Extract<ProvisionResult, { kind: "provisioned" }>;

/** Whose the account is already that sync names; null: it was made for this analyst, or is nobody else's. */
async function ownerOf({ account, origin }: Provisioned, doing: Performing): Promise<string | null> {
  const { analyst, rules, ports, claim } = doing;
  if (origin === "created" || claim.state().value.account?.accountId === account) return null;
  return otherOwnerOf(account, { record: { id: analyst }, rules }, ports.pairs);
}
