import type { Unwritable } from "../../shared/model/group.ts";
import { grantKey } from "../../shared/model/grant.ts";
import { accountIdSchema, type AccountId } from "../../shared/model/ids.ts";
import type { AccountRecord, LedgerEntry, LedgerState } from "../../shared/model/ledger.ts";
import type { PairRecord } from "../../shared/model/pair.ts";
import type { Plan, Step } from "../../shared/model/plan.ts";
import type { AccessDecision } from "../../shared/planner/access-decision.ts";
import { planAccess } from "../../shared/planner/access-plan.ts";
import type { AccessSituation } from "../../shared/planner/access-situation.ts";
import { type NamedGrant, sameGiven } from "../../shared/planner/owned.ts";
import type { AccountSeen } from "../../shared/planner/account-situation.ts";
import { checkPlan, type CheckFacts } from "../../shared/planner/checks.ts";
import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import { ana, contoso, dayMs, syncScope } from "./fixtures.ts";

/**
 * The smallest world that plans can be carried out in: one analyst, one target, and Muster's memory of them. Nothing
 * waits and nothing fails here; what a step does to the world and to the memory is all there is.
 */
export type ModelWorld = {
  readonly now: number;
  readonly rules: Rules;
  readonly leaving: AccessSituation["leaving"];
  readonly wanted: readonly NamedGrant[];
  readonly keeps: AccessSituation["keeps"];
  readonly inScope: boolean;
  readonly account: ModelAccount | null;
  /** Accounts that were made beside one in the recycle bin: on demand, sync does not restore. */
  readonly doubles: number;
  readonly memory: Memory;
};

/** What a policy says that does not change while plans are carried out. */
export type Rules = {
  readonly managed: readonly NamedGrant[];
  readonly leavers: AccessSituation["leavers"];
  readonly movers: AccessSituation["movers"];
  readonly mode: CheckFacts["mode"];
  readonly protected: readonly string[];
  readonly unwritable: ReadonlyMap<string, Unwritable>;
  readonly removalsPerRun: number;
};

export type ModelAccount = {
  readonly id: AccountId;
  readonly state: "live" | "recycled";
  readonly enabled: boolean;
  readonly createdAt: number;
  /** Sync has made or adopted it, so it carries the analyst's stamp and goes when the analyst leaves the scope. */
  readonly synced: boolean;
  /** Its stamp names somebody else. */
  readonly contested: boolean;
  readonly groups: ReadonlySet<string>;
};

type Memory = {
  readonly grants: ReadonlyMap<string, Given>;
  readonly scope: LedgerEntry | undefined;
  readonly gone: AccessSituation["owned"]["gone"];
  /** Since when they are in scope by Muster's hand, or were when they last were; null for never. */
  readonly scopedSince: number | null;
  readonly account: AccountRecord | null;
  readonly leftAt: number | null;
  readonly asked: PairRecord["asked"];
  readonly doubt: PairRecord["doubt"];
};

/** What Muster remembers of one grant, and the account it was given to. */
type Given = { readonly named: NamedGrant; readonly entry: LedgerEntry; readonly account: AccountId };

/** One round: read, plan, check, apply. `plan` is what the checks left. */
export type Round = {
  readonly plan: Plan;
  readonly decision: AccessDecision;
  readonly before: ModelWorld;
  readonly after: ModelWorld;
};

/** @param shown what a replica that is behind shows of the directory; Muster's own memory is never behind */
export function round(world: ModelWorld, shown: Pick<ModelWorld, "account" | "inScope"> = world): Round {
  const situation = read({ ...world, account: shown.account, inScope: shown.inScope });
  const decision = planAccess(situation);
  const plan = checkPlan(decision.plan, factsOf(situation, world.rules));
  const booked = keepBooks(world, situation, decision);
  return { plan, decision, before: world, after: apply(plan, booked) };
}

/** More rounds than this with something to do, or with something to wait for, are a fault of the planner. */
const roundLimit = 6;
const waitLimit = 20;

/** Rounds, `pauseMs` apart, until there is nothing to do and nothing to wait for. The last of them does nothing. */
export function converge(world: ModelWorld, pauseMs: number): readonly Round[] {
  const rounds: Round[] = [];
  let current = world;
  for (;;) {
    const done = round(current);
    rounds.push(done);
    const waits = rounds.filter(isWaiting).length;
    if (rounds.length - waits > roundLimit + 1 || waits > waitLimit)
      throw new Error(
        `it does not end: ${rounds.map(({ plan }) => plan.steps.map(({ kind }) => kind).join("+")).join(" | ")}`,
      );
    if (done.plan.steps.length === 0 && !isWaiting(done)) return rounds;
    current = { ...done.after, now: done.after.now + (isWaiting(done) ? waitMs(done) : pauseMs) };
  }
}

/** Nothing could be written, and there is something to come back for before the day is over. */
function isWaiting({ plan, decision, before }: Round): boolean {
  const notInScope = !before.inScope && !plan.steps.some(({ kind }) => kind === "join-scope");
  const writes = plan.steps.filter(({ kind }) => kind !== "provision" || !notInScope);
  const comesBack = decision.lookAgainAt !== null && decision.lookAgainAt - before.now < dayMs / 2;
  return writes.length === 0 && (plan.steps.length > 0 || comesBack);
}

const waitMs = ({ decision, before }: Round) =>
  Math.max(replicationWindowMs, (decision.lookAgainAt ?? 0) - before.now);

/** What cross-tenant sync does by itself every 40 minutes: accounts follow the scope, whoever changed it. */
export function syncCycle(world: ModelWorld): ModelWorld {
  const { account, inScope, leaving } = world;
  if (inScope && leaving !== "deleted") {
    if (account === null) return { ...world, account: newAccount(world) };
    return account.state === "live" ? { ...world, account: { ...account, synced: true } } : world;
  }
  if (account === null || account.state === "recycled" || !account.synced) return world;
  return { ...world, account: { ...account, state: "recycled" } };
}

/** What a complete read of this world shows. */
export function read(world: ModelWorld): AccessSituation {
  const { rules, memory } = world;
  const account = accountRemembered(world);
  return {
    analyst: ana,
    target: contoso,
    leaving: world.leaving,
    news: "none",
    goneUntil: 0,
    nowhereSince: null,
    subjects: new Map(),
    wanted: world.wanted,
    keeps: world.keeps,
    managed: rules.managed,
    scope: {
      ...syncScope,
      seen: world.leaving === "deleted" ? "deleted" : world.inScope ? "present" : "absent",
      heir: "none",
    },
    formerScopes: [],
    policySince: 0,
    patienceMs: Infinity,
    accounts: "synced",
    invitation: null,
    account: accountSeen(world),
    others: [],
    owned: {
      grants: givenTo(account, memory).map(({ named, entry }) => ({
        ...named,
        entry,
        unwantedSince: null,
        writable: rules.unwritable.has(grantKey(named.grant)) ? "no" : "yes",
        heir: "none",
      })),
      scope: memory.scope,
      gone: memory.gone,
      scopedUntil: null,
      account,
      leftAt: memory.leftAt,
      asked: { tries: memory.asked.tries, scopedAt: scopedAt(memory) },
      awaited: memory.asked.scopedAt === null ? "no" : "yes",
      askAfter: 0,
      wroteAt: 0,
      doubt: memory.doubt,
      attempts: 0,
    },
    leavers: rules.leavers,
    movers: rules.movers,
    graceMs: 0,
    onExternalRemoval: "restore",
    denials: new Map(),
    taken: {},
    now: world.now,
  };
}

/** What was given to an account that is gone says nothing of the one in its place. */
const givenTo = (account: AccountRecord | null, { grants }: Memory): readonly Given[] =>
  [...grants.values()].filter((given) => account === null || given.account === account.accountId);

function scopedAt({ scope, asked }: Memory): number | null {
  if (scope === undefined) return asked.scopedAt;
  return scope.state === "added" ? scope.at : null;
}

/** By its id, or else by its stamp: an account that is neither known nor synced is not found. */
function accountSeen({ account, memory }: ModelWorld): AccountSeen {
  const known = account !== null && memory.account?.accountId === account.id;
  if (account === null || (!known && (!account.synced || account.state === "recycled" || account.contested)))
    return { kind: "none" };
  if (account.state === "recycled") return { kind: "soft-deleted", id: account.id };
  return {
    kind: "present",
    id: account.id,
    enabled: account.enabled,
    proof: account.contested ? "contested" : "stamp",
    detail: account.contested ? "its stamp names somebody else" : "",
    stamped: "yes",
    seen: (grant) => ({ seen: account.groups.has(grantKey(grant)) ? "present" : "absent" }),
  };
}

function accountRemembered(world: ModelWorld): AccountRecord | null {
  const { account, memory } = world;
  if (accountSeen(world).kind !== "present" || account === null || memory.account?.accountId === account.id)
    return memory.account;
  const { scopedSince } = memory;
  return rememberNew(account, { scopedSince, changedAt: 0, aliveAt: account.createdAt, proof: "stamp" });
}

function rememberNew(
  { id, createdAt }: ModelAccount,
  found: Pick<AccountRecord, "proof" | "changedAt" | "aliveAt"> & Pick<Memory, "scopedSince">,
): AccountRecord {
  const { scopedSince, ...rest } = found;
  const origin = scopedSince !== null && createdAt >= scopedSince ? "created" : "before";
  return { accountId: id, origin, blocked: "no", deleted: "no", unblockedAt: 0, ...rest };
}

function factsOf({ owned }: AccessSituation, rules: Rules): CheckFacts {
  return {
    mode: rules.mode,
    modes: new Map(),
    removedFor: new Map(),
    protected: new Set(rules.protected),
    ownedGrants: new Set(owned.grants.map(({ grant }) => grantKey(grant))),
    ownedScopes: new Set(owned.scope === undefined ? [] : [grantKey(syncScope.scope)]),
    ownsAccount: owned.account?.origin === "created" ? "yes" : "no",
    others: new Set(),
    account: owned.account?.accountId ?? null,
    accounts: rules.leavers.accounts,
    unwritable: rules.unwritable,
    removalsPerRun: rules.removalsPerRun,
  };
}

function keepBooks(
  world: ModelWorld,
  { owned, account: seen, now }: AccessSituation,
  { plan, bookkeeping }: AccessDecision,
): ModelWorld {
  const { memory } = world;
  const account = owned.account === null ? null : { ...owned.account, ...bookkeeping.account };
  const grants = new Map(givenTo(account, memory).map((given) => [grantKey(given.named.grant), given]));
  let { scope } = memory;
  const anew = ({ what }: Memory["gone"][number]) =>
    bookkeeping.ledger.every((one) => !sameGiven(one.what, what));
  const gone = memory.gone.filter(anew);
  for (const { what, change } of bookkeeping.ledger) {
    if (what.kind === "scope") {
      if (change === "gone" && scope !== undefined) gone.push({ what, at: scope.at });
      scope = change !== "claim" || scope === undefined ? undefined : { ...scope, state: "added" };
      continue;
    }
    const key = grantKey(what.grant);
    const known = grants.get(key);
    if (change === "gone" && known !== undefined) gone.push({ what, at: known.entry.at });
    if (change !== "claim") grants.delete(key);
    else if (known !== undefined) grants.set(key, { ...known, entry: { ...known.entry, state: "added" } });
  }
  const waits = plan.purpose === "join" && seen.kind === "none";
  const asked = waits
    ? { ...memory.asked, scopedAt: memory.asked.scopedAt ?? (world.inScope ? now : null) }
    : { tries: 0, scopedAt: null };
  const leftAt = plan.purpose === "join" ? null : (memory.leftAt ?? now);
  return { ...world, memory: { ...memory, grants, scope, gone, account, leftAt, asked } };
}

/** Carries out every step of a plan, in order. */
function apply(plan: Plan, world: ModelWorld): ModelWorld {
  return plan.steps.reduce(
    (before, step) => (isRefused(step, before) ? refuse(before, step) : settle(perform(before, step), step)),
    world,
  );
}

/** Graph does not find an account that is not there, and says so: what was to be given is not. */
const isRefused = (step: Step, world: ModelWorld): step is Grant =>
  step.kind === "grant" && accountOf(world, step.account)?.state !== "live";

type Grant = Extract<Step, { kind: "grant" }>;

/** What nobody had on record is nobody's afterwards, and what was taken back from it stays in memory. */
function refuse(world: ModelWorld, step: Grant): ModelWorld {
  const key = grantKey(step.grant);
  const known = world.memory.grants.get(key)?.entry;
  if (known === undefined) return world;
  return noteGrant(world, step, wrote(world, known, "adding"));
}

/** Whose it is, is known once it is written. */
function settle(world: ModelWorld, step: Step): ModelWorld {
  return remember(world, { gone: world.memory.gone.filter((one) => !isAbout(one, step)) });
}

const isAbout = ({ what }: Memory["gone"][number], step: Step) =>
  ("scope" in step && sameGiven(what, { kind: "scope", scope: step.scope })) ||
  ("grant" in step && sameGiven(what, { kind: "grant", grant: step.grant }));

/** The last word on it; of what is on record no more, that it was taken back. */
function lastWord({ gone }: Memory, step: Step, known: LedgerEntry | undefined): LedgerEntry | undefined {
  const takenBack = gone.find((one) => isAbout(one, step));
  if (known !== undefined || takenBack === undefined) return known;
  return { state: "removed", at: takenBack.at, oppositeAt: 0 };
}

function perform(world: ModelWorld, step: Step): ModelWorld {
  switch (step.kind) {
    case "join-scope": {
      const { scope, scopedSince } = world.memory;
      if (world.inScope && scope === undefined) return world;
      // Joining anew after having left starts a new ownership.
      const anew = scope === undefined || scope.state === "removed";
      return remember(
        { ...world, inScope: true },
        {
          scope: wrote(world, lastWord(world.memory, step, scope), "added"),
          scopedSince: anew ? world.now : scopedSince,
        },
      );
    }
    case "leave-scope":
      return remember(
        { ...world, inScope: false },
        { scope: wrote(world, world.memory.scope, "removed"), account: expectDeletion(world.memory) },
      );
    case "grant":
      return changeGroups(world, step, "added");
    case "revoke":
      return changeGroups(world, step, "removed");
    case "provision":
      return provision(world);
    case "block-account":
      return changeAccount(world, step, { enabled: false }, { blocked: "confirmed" });
    case "unblock-account":
      return changeAccount(
        world,
        step,
        { enabled: true },
        { blocked: "no", aliveAt: world.now, unblockedAt: world.now },
      );
    case "delete-account":
      return changeAccount(world, step, { state: "recycled" }, { deleted: "confirmed" });
    case "restore-account":
      return changeAccount(world, step, { state: "live" }, { deleted: "no", aliveAt: world.now });
    case "renew":
    case "renew-scope":
    case "invite":
    case "stamp":
    case "revoke-sessions":
      throw new Error(`${step.kind} has no place in an access plan`);
    default:
      return step satisfies never;
  }
}

/** Removing from an account that is not there is a success. */
function changeGroups(
  world: ModelWorld,
  step: Grant | Extract<Step, { kind: "revoke" }>,
  state: "added" | "removed",
): ModelWorld {
  const key = grantKey(step.grant);
  const known = world.memory.grants.get(key)?.entry;
  const account = accountOf(world, step.account);
  const live = account?.state === "live" ? account : undefined;
  const theirs = state === "added" && known === undefined && live?.groups.has(key) === true;
  const noted = theirs
    ? world
    : noteGrant(world, step, wrote(world, lastWord(world.memory, step, known), state));
  if (live === undefined) return noted;
  const groups =
    state === "added" ? live.groups.union(new Set([key])) : live.groups.difference(new Set([key]));
  return { ...noted, account: { ...live, groups } };
}

function noteGrant(
  world: ModelWorld,
  { grant, name, account }: Grant | Extract<Step, { kind: "revoke" }>,
  entry: LedgerEntry,
): ModelWorld {
  const given: Given = { named: { grant, name }, entry, account };
  return remember(world, { grants: new Map([...world.memory.grants, [grantKey(grant), given]]) });
}

function changeAccount(
  world: ModelWorld,
  step: { readonly account: AccountId },
  change: Partial<ModelAccount>,
  known: Partial<AccountRecord>,
): ModelWorld {
  const account = accountOf(world, step.account);
  const record = world.memory.account;
  return remember(
    { ...world, account: account === undefined ? world.account : { ...account, ...change } },
    { account: record === null ? null : { ...record, ...known, changedAt: world.now } },
  );
}

function provision(world: ModelWorld): ModelWorld {
  const { memory, now } = world;
  if (!world.inScope) {
    const asked = { tries: memory.asked.tries + 1, scopedAt: scopedAt(memory) ?? now };
    return remember(world, { asked });
  }
  const live = world.account?.state === "recycled" ? null : world.account;
  const account = { ...(live ?? newAccount(world)), synced: true };
  const doubles = world.doubles + (world.account?.state === "recycled" ? 1 : 0);
  const found = {
    scopedSince: memory.scopedSince,
    changedAt: now,
    aliveAt: now,
    proof: "provisioned",
  } as const;
  return remember(
    { ...world, account, doubles },
    { account: rememberNew(account, found), asked: { tries: 0, scopedAt: null } },
  );
}

/** Sync follows the scope. */
function expectDeletion({ account }: Memory): AccountRecord | null {
  if (account === null || account.deleted !== "no" || account.origin !== "created") return account;
  return { ...account, deleted: "expected" };
}

const accountOf = ({ account }: ModelWorld, id: AccountId) => (account?.id === id ? account : undefined);

function newAccount({ now }: ModelWorld): ModelAccount {
  return {
    id: accountIdSchema.parse(`d0000000-0000-4000-8000-${now.toString(16).padStart(12, "0")}`),
    state: "live",
    enabled: true,
    createdAt: now,
    synced: true,
    contested: false,
    groups: new Set(),
  };
}

function remember(world: ModelWorld, change: Partial<Memory>): ModelWorld {
  return { ...world, memory: { ...world.memory, ...change } };
}

function wrote({ now }: ModelWorld, known: LedgerEntry | undefined, state: LedgerState): LedgerEntry {
  if (known === undefined) return { state, at: now, oppositeAt: 0 };
  const turns = adds(known.state) !== adds(state);
  return { state, at: now, oppositeAt: turns ? known.at : known.oppositeAt };
}

const adds = (state: LedgerState) => state === "adding" || state === "added";
