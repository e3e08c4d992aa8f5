import { GraphError } from "../graph/error.ts";
import type { Written } from "../graph/group-members.ts";
import type { Priority } from "../graph/tenant.ts";
import type { AnalystId, GroupId } from "../model/ids.ts";
import type { AccountRecord, ByMuster, LedgerEntry, LedgerState } from "../model/ledger.ts";
import type { Step } from "../model/plan.ts";
import type { PairRecord } from "../state/accounts.ts";
import type { LedgerItem, LedgerRow } from "../state/ledger.ts";
import type { AccessWritePorts } from "./access-ports.ts";
import type { Performed } from "./apply.ts";
import { identityStamp, originOf } from "./read-access.ts";

/** One run's writes for one pair; `pair` is what is remembered of it, kept current while steps run. */
export type Performing = {
  readonly analyst: AnalystId;
  readonly priority: Priority;
  readonly ports: AccessWritePorts;
  readonly ledger: readonly LedgerRow[];
  pair: PairRecord;
};

/** Carries out one step: intent on record first, then the call, then what it came to. */
export async function performAccess(step: Step, doing: Performing): Promise<Performed> {
  const { ports, priority, analyst } = doing;
  const { sourceWriter, targetWriter } = ports;
  switch (step.kind) {
    case "join-scope":
      return add({ kind: "scope", scope: step.scope }, step.name, doing, () =>
        sourceWriter.joinScope(step.scope.group, analyst, priority),
      );
    case "leave-scope":
      return remove({ kind: "scope", scope: step.scope }, step.name, doing, () =>
        sourceWriter.leaveScope(step.scope.group, analyst, priority),
      );
    case "grant":
      if (await isNative(step, doing)) {
        const why = "the account was in this group already, by somebody else's hand";
        return { kind: "put-off", outcome: { kind: "again", at: ports.now() + nativeMs, why } };
      }
      return add({ kind: "grant", grant: step.grant }, step.name, doing, () =>
        targetWriter.grant(step.grant, step.account, priority),
      );
    case "revoke":
      return remove({ kind: "grant", grant: step.grant }, step.name, doing, () =>
        targetWriter.revoke(step.grant, step.account, priority),
      );
    case "provision":
      return provision(doing);
    case "block-account":
      return account(doing, "blocked", ["intended", "confirmed"], () =>
        targetWriter.setEnabled(step.account, "blocked", priority),
      );
    case "unblock-account":
      return account(doing, "blocked", ["intended", "no"], () =>
        targetWriter.setEnabled(step.account, "unblocked", priority),
      );
    case "delete-account":
      return account(doing, "deleted", ["intended", "confirmed"], () =>
        targetWriter.remove(step.account, priority),
      );
    case "restore-account":
      return account(doing, "deleted", ["intended", "no"], () =>
        targetWriter.restore(step.account, priority),
      );
    case "stamp":
    case "revoke-sessions":
      throw new Error(`an access plan holds no ${step.kind}`);
    default:
      return step satisfies never;
  }
}

/** How soon a read that missed a native membership is repeated. */
const nativeMs = 2_000;

/**
 * An account that was there before Muster may have native memberships that one read did not show. A second question
 * before the write keeps Muster from claiming them when the write stumbles.
 */
async function isNative(step: Extract<Step, { kind: "grant" }>, doing: Performing): Promise<boolean> {
  const { pair, ports, priority } = doing;
  if (pair.account?.origin !== "before" || entryOf({ kind: "grant", grant: step.grant }, doing) !== undefined)
    return false;
  return ports.tenant.reader.isMember(step.account, step.grant.group, priority);
}

/**
 * Adds a membership. "Already a member" on the first try of a grant nobody had on record means that somebody else was
 * quicker: then it is theirs, and Muster will not take it away.
 */
async function add(
  item: LedgerItem,
  name: string,
  doing: Performing,
  call: () => Promise<Written>,
): Promise<Performed> {
  const before = entryOf(item, doing);
  await note(item, name, doing, "adding");
  const written = await call().catch(async (error: unknown) => {
    // Refused for certain: nothing was added, so a grant that shows later is somebody else's.
    if (before === undefined && isRefusal(error)) await drop(item, doing);
    throw error;
  });
  const theirs = written.result === "already" && written.appliedBefore === "no" && before === undefined;
  if (theirs) await drop(item, doing);
  else await note(item, name, doing, "added");
  return {
    kind: "written",
    ...written,
    detail: theirs ? "somebody else granted it; it is not Muster's" : "",
  };
}

const drop = (item: LedgerItem, { ports, analyst }: Performing) =>
  ports.ledger.drop(ports.target.name, analyst, item);

function isRefusal(error: unknown): boolean {
  if (!(error instanceof GraphError) || error.failure.appliedBefore === "maybe") return false;
  return error.failure.status >= 400 && error.failure.status < 500;
}

async function remove(
  item: LedgerItem,
  name: string,
  doing: Performing,
  call: () => Promise<Written>,
): Promise<Performed> {
  await note(item, name, doing, "removing");
  const written = await call();
  await note(item, name, doing, "removed");
  return { kind: "written", ...written };
}

async function note(item: LedgerItem, name: string, doing: Performing, state: LedgerState): Promise<void> {
  const { ports, analyst } = doing;
  const at = ports.now();
  const known = entryOf(item, doing);
  // Joining anew after having left starts a new ownership: what was created in between is not Muster's.
  const continues = known !== undefined && !(state === "adding" && known.state === "removed");
  const entry: LedgerEntry = { state, at, since: continues ? known.since : at };
  await ports.ledger.put(ports.target.name, analyst, { item, name, entry });
}

function entryOf(item: LedgerItem, { ledger }: Performing): LedgerEntry | undefined {
  const group = groupOf(item);
  return ledger.find((row) => row.item.kind === item.kind && groupOf(row.item) === group)?.entry;
}

const groupOf = (item: LedgerItem): GroupId => (item.kind === "grant" ? item.grant.group : item.scope.group);

/** Changes what is remembered of the account before the call and after it: a worker that dies has not lied. */
async function account(
  doing: Performing,
  what: "blocked" | "deleted",
  [before, after]: readonly [ByMuster, ByMuster],
  call: () => Promise<Written>,
): Promise<Performed> {
  await rememberAccount(doing, { [what]: before });
  const written = await call();
  await rememberAccount(doing, { [what]: after, changedAt: doing.ports.now() });
  return { kind: "written", ...written };
}

async function rememberAccount(doing: Performing, change: Partial<AccountRecord>): Promise<void> {
  if (doing.pair.account === null) return;
  await rememberPair(doing, { account: { ...doing.pair.account, ...change } });
}

export async function rememberPair(doing: Performing, change: Partial<PairRecord>): Promise<void> {
  doing.pair = { ...doing.pair, ...change };
  await doing.ports.accounts.put(doing.ports.target.name, doing.analyst, doing.pair);
}

/** https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-provisionondemand: 5 requests per 10 s. Calls take a moment to arrive. */
const onDemandLimit = { count: 5, perMs: 10_500 };
/** A place this far down the queue is not worth waiting for: the 40-minute cycle comes sooner or as soon. */
const longestQueueMs = 10 * 60_000;
/** An assignment can take minutes to reach the sync engine. */
const notInScopeMs = 5_000;
const patience = 12;
/** How often to look whether the 40-minute cycle has made the account. */
const cyclePollMs = 5 * 60_000;

async function provision(doing: Performing): Promise<Performed> {
  const { ports, pair, analyst } = doing;
  const { asked } = pair.provisioning;
  if (asked >= patience) {
    return putOff(
      ports.now() + cyclePollMs,
      "on-demand provisioning does not see the analyst in scope; the next sync cycle will",
    );
  }
  const slotAt = await ports.slots.draw(
    `${ports.target.name}:${analyst}:${asked}`,
    { name: `on-demand-${ports.policy.source.tenantId}`, ...onDemandLimit },
    ports.now(),
  );
  if (slotAt - ports.now() > longestQueueMs)
    return putOff(ports.now() + cyclePollMs, "the next sync cycle comes sooner");
  if (slotAt > ports.now()) {
    return putOff(slotAt, "waits for its turn: on-demand provisioning takes 5 requests in 10 seconds");
  }
  await rememberPair(doing, { provisioning: { asked: asked + 1 } });
  const { result, trace } = await ports.provisioner.provisionOnDemand(
    ports.target.sync,
    analyst,
    doing.priority,
  );
  switch (result.kind) {
    case "provisioned":
      await rememberPair(doing, {
        account: await adopted(result, doing),
        provisioning: { asked: 0 },
      });
      return { kind: "written", result: "done", trace, detail: `account ${result.origin}` };
    case "unnamed":
      return {
        ...putOff(ports.now() + notInScopeMs, "the account was made; looking for it by its stamp"),
        trace,
      };
    case "not-in-scope":
      return { ...putOff(ports.now() + notInScopeMs, `not in scope yet: ${result.detail}`), trace };
    case "failed":
      return { ...(await explainFailure(result, doing)), trace };
    default:
      return result satisfies never;
  }
}

const putOff = (at: number, why: string) =>
  ({ kind: "put-off", outcome: { kind: "again", at, why } }) as const;

/** "Matched" may still be Muster's own account, made by a call whose answer was lost: its age tells. */
async function adopted(
  result: { readonly account: AccountRecord["accountId"]; readonly origin: "created" | "matched" },
  doing: Performing,
): Promise<AccountRecord> {
  const { ports, priority } = doing;
  const base = {
    accountId: result.account,
    proof: "provisioned",
    blocked: "no",
    deleted: "no",
    changedAt: ports.now(),
  } as const;
  const read = await ports.tenant.reader.readAccount({
    id: result.account,
    stamp: identityStamp(ports),
    priority,
  });
  const ledger = await ports.ledger.list(ports.target.name, doing.analyst);
  const scope = ledger.find(({ item }) => item.kind === "scope");
  // Somebody else put the analyst in scope: the account would have come without Muster.
  if (scope === undefined) return { ...base, origin: "before" };
  if (result.origin === "created") return { ...base, origin: "created" };
  return { ...base, origin: read.kind === "present" ? originOf(read.account, scope?.entry) : "before" };
}

async function explainFailure(
  result: { readonly code: string; readonly detail: string },
  { ports, priority }: Performing,
) {
  const status = await ports.jobs.readStatus(ports.target.sync, priority);
  const { job } = ports.target.sync;
  if (status.quarantine !== null) {
    return parked(
      `the synchronization job ${job} is in quarantine (${status.quarantine}): nobody is provisioned or removed by it`,
      "find out why in the source tenant's provisioning logs; with TooManyDeletes, allow or reject the staged deletes; then restart the job",
    );
  }
  if (result.code === "AzureDirectoryB2BManagementPolicyCheckFailure") {
    return parked(
      `the tenants do not trust each other for ${job}: ${result.detail}`,
      "switch on automatic redemption in the source's outbound and the target's inbound cross-tenant access settings",
    );
  }
  return parked(
    `on-demand provisioning through ${job} failed: ${result.code}: ${result.detail}`,
    "look at the provisioning logs of the synchronization application in the source tenant",
  );
}

const parked = (reason: string, advice: string) =>
  ({ kind: "put-off", outcome: { kind: "parked", reason, advice } }) as const;
