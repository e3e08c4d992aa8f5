import type { Priority } from "../graph/tenant.ts";
import { isAmong, type AnalystRecord, type HeldRole } from "../model/analyst.ts";
import { grantKey, subjectOf } from "../model/grant.ts";
import type { AnalystId, TenantId } from "../model/ids.ts";
import { goneAt, type LedgerRow } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { Note, Plan } from "../model/plan.ts";
import type { AccessDecision } from "../planner/access-draft.ts";
import { planAccess } from "../planner/access-plan.ts";
import { sameGiven } from "../planner/access-situation.ts";
import { checkPlan, type CheckFacts } from "../planner/checks.ts";
import { goneMs, replicationWindowMs } from "../planner/membership.ts";
import { cyclePollMs, overdueMs } from "../planner/provisioning.ts";
import { modeFor, placeAt } from "../policy/places.ts";
import { analystRow } from "../state/analysts.ts";
import type { Claim, KeyState } from "../state/key-state.ts";
import type { AccessPorts, Rules } from "./access-ports.ts";
import { applySteps } from "./apply.ts";
import type { Run } from "./handling.ts";
import { endingOf, gistOf, type Outcome } from "./outcome.ts";
import { performStage } from "./perform-access.ts";
import { meaningOf } from "./plan-hash.ts";
import { readAccess } from "./read-access.ts";
import { identityStamp, identityStampAtHome } from "./read-account.ts";
import { findRoleGroups, waysToHold } from "./read-source.ts";
import { enterRun, prove, type ReadOk, type Round } from "./record-access.ts";
import { hasMet } from "./shared-trouble.ts";
import { gaveOf } from "./wishes.ts";

/** A plan that is carried out changes what a read shows; this many rounds is more than any life needs. */
const roundLimit = 6;

export type Pair = { readonly tenant: TenantId; readonly analyst: AnalystId };

/**
 * The five steps for one analyst in one target: read, plan, check, apply, record, and again until a read shows nothing
 * left to do. That last read is the proof: no outcome is derived from a call that did not throw. Every round asks anew who
 * the analyst is and what the policy says.
 */
export async function reconcileAccess(
  pair: Pair,
  ports: AccessPorts,
  { claim, run }: { readonly claim: Claim<PairRecord>; readonly run: Run },
): Promise<readonly Outcome[]> {
  for (let round = 0; round < roundLimit; round += 1) {
    const played = await playRound(pair, ports, { claim, run });
    if (played === "again") continue;
    // Not before it is over: a run that dies has served nobody.
    claim.set({ value: { ...claim.state().value, served: played.served } });
    return played.outcomes;
  }
  return [{ kind: "retry", why: `after ${roundLimit} rounds there is still something to do` }];
}

/**
 * How a round ended, and the version of the analyst's record that it has served; 0: none, because the record was not made under the
 * policy that the round went by. If that one is taken back before anybody has looked at the analyst, the record stays as it is.
 */
type Played = { readonly served: number; readonly outcomes: readonly Outcome[] };

type Held = { readonly claim: Claim<PairRecord>; readonly run: Run };

async function playRound(
  { tenant, analyst }: Pair,
  ports: AccessPorts,
  { claim, run }: Held,
): Promise<Played | "again"> {
  if (ports.now() > run.until) {
    const why = "there is more to do than fits into one run";
    return { served: claim.state().value.served, outcomes: [{ kind: "wait", at: ports.now(), why }] };
  }
  const [{ policy, hash, changedAt }, known] = await Promise.all([
    ports.policy(),
    ports.analysts.read(analystRow(analyst)),
  ]);
  const record = known?.value ?? null;
  if (known === null || record === null) return { served: 0, outcomes: [] };
  const isRead = record.meaning === meaningOf(record, hash);
  const served = isRead ? record.version : 0;
  const target = placeAt(policy, tenant);
  if (target === undefined)
    return { served, outcomes: hasLeft(claim.state().value) ? [] : [missingTarget(tenant)] };
  const rules: Rules = { policy, target, since: changedAt };
  const priority = record.leaving !== null ? "high" : "normal";
  const isClear = isRead || record.leaving !== null;
  if (!isClear && !(await meansTheSame(record, rules, { ports, priority }))) {
    const why = "the analyst has not been looked at under the new policy yet";
    return {
      served: claim.state().value.served,
      outcomes: [{ kind: "again", at: ports.now() + unreadMs, why }],
    };
  }
  const pair = claim.state().value;
  const news = isUnseen(known, ports.now()) ? "waits" : "none";
  const read = await readAccess({ record, news, pair, rules, priority, run }, ports);
  if (read.kind === "refused") return { served, outcomes: [read.outcome] };
  const decision = planAccess(read.situation);
  const plan = checkPlan(decision.plan, factsOf(read, rules));
  claim.set({ value: keptBooks(read, decision, { record, rules }) });
  const round: Round = { plan, read, decision, analyst: known, record, rules, ports, claim, run };
  if (plan.steps.length === 0) {
    const outcomes = await conclude(round);
    return outcomes === "again" ? "again" : { served, outcomes };
  }
  const isInScope = read.situation.scope?.seen === "present";
  const doing = { analyst, limits: { priority }, rules, isInScope, ports, claim } as const;
  const applied = await applySteps(plan.steps, {
    order: read.situation.movers,
    stage: (steps) => performStage(steps, doing),
    now: ports.now,
    until: run.until,
  });
  const outcomes = [...applied.outcomes, ...obstacles(round)];
  await enterRun(round, applied, [...outcomes, ...(await unlooked(round))]);
  // What stands in the way of other things keeps nobody from looking at what was done.
  if (endingOf(applied.outcomes).kind === "done" && read.trouble === null) return "again";
  const now = ports.now();
  // However asking for the account has ended, the cycle of sync may make it.
  const polls = plan.steps.some(({ kind }) => kind === "provision") ? [now + cyclePollMs] : [];
  const looks = [...polls, ...confirmations(claim.state().value, now)];
  return { served, outcomes: [...outcomes, ...later(looks)] };
}

/**
 * Role names are those of the policy under which the roles were read: another may give the same name to other people. Of a name
 * that it does not have, or did not have then, nothing follows.
 */
async function meansTheSame(
  { roles }: AnalystRecord,
  { policy }: Rules,
  { ports, priority }: { readonly ports: AccessPorts; readonly priority: Priority },
): Promise<boolean> {
  const { found } = await findRoleGroups(policy, ports.source.groups, priority);
  const ways = waysToHold(policy, found);
  const isKnown = ({ role }: HeldRole) => policy.roles.some(({ name }) => name === role);
  return roles.every((one) => one.former === "yes" || !isKnown(one) || ways.get(one.role) === one.by);
}

/** A new policy calls everybody, and a few thousand analysts are looked at in a few minutes. */
const unreadMs = 60_000;

/** Nothing that Muster gave is left there, as far as anybody can know who may not look any more. */
function hasLeft({ ledger, account }: PairRecord): boolean {
  const isGone = account === null || account.origin === "before" || account.deleted !== "no";
  return isGone && ledger.every(({ entry }) => entry.state === "removed");
}

function missingTarget(tenant: TenantId): Outcome {
  return {
    kind: "parked",
    reason: `tenant ${tenant} is not in the policy any more, and Muster once gave people access there`,
    advice:
      "put the target back into the policy with retire: true, and take it out when the journal has a proof for everybody",
    cause: "not in the policy",
    stops: "yes",
  };
}

function factsOf({ situation, unwritable }: ReadOk, { policy, target }: Rules): CheckFacts {
  const { owned, scope, formerScopes, others } = situation;
  const current = scope === null || owned.scope === undefined ? [] : [scope];
  return {
    mode: target.mode,
    modes: modesOf(situation, target),
    protected: new Set(policy.protected),
    ownedGrants: new Set(owned.grants.map(({ grant }) => grantKey(grant))),
    ownedScopes: new Set([...current, ...formerScopes].map((one) => grantKey(one.scope))),
    ownsAccount: owned.account?.origin === "created" ? "yes" : "no",
    others: new Set(others.map(({ id }) => id)),
    account: owned.account?.accountId ?? null,
    // Nobody's own user goes, whatever the policy says of accounts in targets.
    accounts: situation.accounts === "own" ? "owned" : policy.leavers.accounts,
    unwritable,
    removalsPerRun: policy.guardrails.removals.perRun,
  };
}

/** A source group may be given by several targets, each in a mode of its own. */
function modesOf({ managed, owned }: ReadOk["situation"], target: Rules["target"]): CheckFacts["modes"] {
  const named = [...owned.grants, ...managed];
  return new Map(
    named.map(({ grant, name }) => [grantKey(grant), modeFor(target, { id: subjectOf(grant), name })]),
  );
}

/** Since when the account is waited for. Who had left begins anew; until then it tells that sync was asked for one. */
function askedSoFar({ situation, pair }: ReadOk): PairRecord["asked"] {
  const { account, scope, now } = situation;
  if (account.kind !== "none") return { tries: 0, scopedAt: null };
  const { tries, scopedAt } = pair.leftAt === null ? pair.asked : { tries: 0, scopedAt: null };
  return { tries, scopedAt: scopedAt ?? (scope?.seen === "present" ? now : null) };
}

/** What the read taught: an account that was found, a grant that turned out to be there or gone, somebody who leaves. */
function keptBooks(
  read: ReadOk,
  { plan, bookkeeping }: AccessDecision,
  looking: Pick<Round, "record" | "rules">,
): PairRecord {
  const { pair, situation } = read;
  const { owned, now } = situation;
  const account = owned.account === null ? null : { ...owned.account, ...bookkeeping.account };
  const leftAt = plan.purpose === "join" ? null : (pair.leftAt ?? now);
  const asked = plan.purpose === "leave" ? pair.asked : askedSoFar(read);
  const isAwaited = plan.purpose === "join" && pair.leftAt === null && situation.account.kind === "none";
  const ledger = pair.ledger.flatMap((row) => booked(row, bookkeeping, account?.accountId ?? null));
  return {
    ...pair,
    account,
    leftAt,
    asked,
    askAfter: isAwaited ? pair.askAfter : 0,
    ledger,
    gone: goneSoFar(read, bookkeeping),
    gave: gaveOf(looking, read.found, pair),
  };
}

function booked(
  row: LedgerRow,
  { ledger }: AccessDecision["bookkeeping"],
  account: string | null,
): readonly LedgerRow[] {
  const { item, entry } = row;
  // The account it was given to is gone for good, and the membership with it.
  if (item.kind === "grant" && account !== null && item.account !== account) return [];
  const change = ledger.find(({ what }) => sameGiven(what, item))?.change;
  if (change === "drop" || change === "gone") return [];
  return [change === "claim" ? { ...row, entry: { ...entry, state: "added" } } : row];
}

function goneSoFar(
  { pair, situation }: ReadOk,
  { ledger }: AccessDecision["bookkeeping"],
): PairRecord["gone"] {
  const isGone = ({ item }: LedgerRow) =>
    ledger.some(({ what, change }) => change === "gone" && sameGiven(what, item));
  const anew = pair.ledger.filter(isGone).map(({ item, entry }) => ({ item, at: entry.at }));
  // Nothing is written just to forget.
  if (anew.length === 0) return pair.gone;
  const others = pair.gone.filter(({ item, at }) => situation.now - at < goneMs && goneAt(anew, item) === 0);
  return [...others, ...anew];
}

/** Nothing is left that may be done: say so, with what the read showed, or say what stands in the way. */
async function conclude(round: Round): Promise<readonly Outcome[] | "again"> {
  const { read, decision, ports, claim } = round;
  const stuck = obstacles(round);
  const asleep = isProof(round) ? await sleepingSync(round) : [];
  // Asked last: what came while Graph was asked counts.
  const news = await newsOf(round);
  if (news === "changed") return "again";
  if (news === "unseen") return [...stuck, unlookedAt(round)];
  if (asleep.length > 0) return [...stuck, ...asleep];
  if (isProof(round)) await prove(round);
  else if (read.trouble === null) await enterRun(round, { steps: [], outcomes: [] }, stuck);
  const { value } = claim.state();
  const now = ports.now();
  const looks = [
    // Whoever is protected is left alone, whatever becomes of them.
    ...(decision.lookAgainAt === null || isLeftAlone(round) ? [] : [decision.lookAgainAt]),
    ...confirmations(value, now),
  ];
  return [...stuck, ...later(looks)];
}

const isLeftAlone = ({ record, rules }: Round) => rules.policy.protected.includes(record.id);

const later = (times: readonly number[]) =>
  times.map(
    (at) => ({ kind: "again", at, why: "a write is not visible yet, may be undone, or is not due" }) as const,
  );

/** What a person has to see to, and what could not be read. */
function obstacles(round: Round): readonly Outcome[] {
  const { plan, read, record, rules } = round;
  const { name } = rules.target;
  const withheld = plan.withheld
    .filter(({ check }) => check === "writable" || check === "budget")
    .map(({ check, reason: why, advice }): Outcome => {
      const reason = `${name}: ${why}`;
      const cause = check === "budget" && isTheirOwn({ reason, why }, round) ? null : why;
      return { kind: "parked", reason, advice, cause };
    });
  const odd = plan.notes.flatMap((note) => oddAccount(note, record, name));
  return [
    ...withheld,
    ...odd,
    ...keptOfLost(plan, record, name),
    ...(plan.purpose === "join" ? unstamped(round) : []),
    ...(read.trouble === null ? [] : [read.trouble]),
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
  return [{ kind: "parked", reason, advice, cause: null }];
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
    },
  ];
}

function oddAccount(note: Note, { userPrincipalName }: AnalystRecord, target: string): readonly Outcome[] {
  const about = `${target}: the account of ${userPrincipalName}`;
  const parked = (what: string, advice: string): readonly Outcome[] => [
    { kind: "parked", reason: `${about} ${what}`, advice, cause: null },
  ];
  if (note.kind === "account-not-proven")
    return parked(
      `is not proven to be theirs (${note.detail})`,
      "look at the account in the target tenant: correct its stamp, or purge it so that sync makes a new one",
    );
  if (note.kind === "account-deleted-by-others")
    return parked(
      "is deleted, and not by Muster",
      "if the source user was deleted for a while, sync did it, and restores it in its next cycle; otherwise restore the account in the target tenant, or purge it so that sync makes a new one",
    );
  return [];
}

/**
 * Nothing is proven while something newer is known: the analyst's record has changed since this round began, or an event
 * about them is waiting to be looked at.
 */
async function newsOf({ analyst, record, ports }: Round): Promise<"none" | "changed" | "unseen"> {
  const latest = (await ports.analysts.read(analystRow(record.id))) ?? analyst;
  if (latest.value?.version !== record.version) return "changed";
  return isUnseen(latest, ports.now()) ? "unseen" : "none";
}

/** What was done was done; but nothing is called done while something newer is known. */
async function unlooked(round: Round): Promise<readonly Outcome[]> {
  return (await newsOf(round)) === "none" ? [] : [unlookedAt(round)];
}

const unlookedAt = (round: Round): Outcome => ({
  kind: "again",
  at: unseenAt(round),
  why: "an event about the analyst waits for its look",
});

/** A look that was cut short or failed, or that a trouble of the tenant stands in the way of, has shown nothing either. */
const isUnseen = (
  { clock: { heard, looked, heardAt, cut, attempts, waitsFor, probes } }: KeyState<unknown>,
  now: number,
) =>
  (heard > looked || cut === "yes" || attempts + waitsFor.length + probes.length > 0) &&
  now - heardAt < newsMs;

/** How long an event may wait for its look before it is taken for one that nobody looks at any more. */
const newsMs = 5 * 60_000;
const unseenMs = 2_000;

/** Soon, and later the longer the event has waited. */
function unseenAt({ analyst, ports }: Round): number {
  const now = ports.now();
  return now + Math.max(unseenMs, (now - analyst.clock.heardAt) / 2);
}

/**
 * An account that nobody has found is for sync to delete, in a cycle that begins after the analyst has left the scope. One that met
 * errors may have met them with just this account.
 */
async function sleepingSync({ read, plan, record, rules, ports, claim }: Round): Promise<readonly Outcome[]> {
  const { account, owned } = read.situation;
  // Who came back may have a new one beside the one that is remembered.
  const isUnfound = account.kind === "none" && (owned.account === null || owned.awaited === "yes");
  const left = isUnfound ? owned.scopedUntil : null;
  const { sync } = rules.target;
  if (plan.purpose !== "leave" || left === null || sync === null || claim.state().value.proof !== null)
    return [];
  const { job } = sync;
  const { code, cycleBegan } = await ports.jobs.readStatus(sync, "normal");
  // One that began a moment later may have seen the scope as it was before.
  const isBehind = cycleBegan !== null && cycleBegan <= left + replicationWindowMs;
  if (!sleeps.has(code) && !isBehind) return [];
  const now = ports.now();
  const why = `a cycle of the synchronization job ${job} has to end without errors first`;
  if (!sleeps.has(code) && now < left + overdueMs) return [{ kind: "again", at: now + cyclePollMs, why }];
  const advice = "start the job, or look for the account in the target tenant and delete it";
  if (sleeps.has(code)) {
    // Whoever leaves meanwhile waits for the same.
    const reason = `${rules.target.name}: sync may have made accounts for leavers that were never found, and deletes none while its job ${job} is in the state ${code}`;
    return [{ kind: "parked", reason, advice, cause: `${job} is ${code}` }];
  }
  const reason = `${rules.target.name}: sync may have made an account for ${record.userPrincipalName} that was never found, and its job ${job} has ended no cycle without errors that began since they left`;
  return [{ kind: "parked", reason, advice, cause: null }];
}

/** https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationstatus */
const sleeps: ReadonlySet<string> = new Set(["Paused", "Quarantine", "NotConfigured", "NotRun"]);

/**
 * A proof says that nothing is left to do now: what is withheld, awaited or not proven is. An account that is kept for a while is
 * blocked until its day has come.
 */
function isProof({ plan, read }: Round): boolean {
  const open = plan.notes.some(({ kind }) => openNotes.has(kind));
  return plan.withheld.length === 0 && read.trouble === null && !open;
}

const openNotes: ReadonlySet<Note["kind"]> = new Set([
  "account-not-proven",
  "account-deleted-by-others",
  "account-blocked-by-others",
  "waits-for-account",
  "on-its-way",
  "stuck",
  "scope-moves",
  "settling",
  "unsure",
  "kept",
  "refused",
]);

/**
 * A read shows what some replica knows. So whatever was written is looked at once more when every replica must know it, and
 * somebody who left once more when nothing that was under way can still happen.
 */
function confirmations({ wroteAt, leftAt, scoped }: PairRecord, now: number): readonly number[] {
  const times = [
    ...(wroteAt === 0 ? [] : [wroteAt + replicationWindowMs]),
    // A source user who is restored is in scope once more, and leaves it once more.
    ...(leftAt === null ? [] : afterLeavingMs.map((ms) => Math.max(leftAt, scoped?.until ?? 0) + ms)),
  ];
  return times.filter((at) => at > now);
}

/** What was under way is over, and so is a cycle of sync that began before they left, which may restore the account. */
const afterLeavingMs = [15 * 60_000, 45 * 60_000];
