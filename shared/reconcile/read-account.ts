import type { Holdings } from "../graph/grants/kind.ts";
import type { Invitations } from "../graph/invitations.ts";
import type { Listing } from "../graph/listing.ts";
import type { TargetAccount } from "../graph/target-reader.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import { accountIdSchema, type AccountId } from "../model/ids.ts";
import { goesWithOwner, type AccountRecord, type Gone, type LedgerRow } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccessSituation, AccountSeen } from "../planner/access-situation.ts";
import { goneMs, replicationWindowMs } from "../planner/membership.ts";
import { stampIn } from "../policy/desired.ts";
import type { Place, Policy, Stamp } from "../policy/policy.ts";
import type { AccessReadPorts, Looking, Rules } from "./access-ports.ts";
import { outcomeOf, type Outcome, type Parked } from "./outcome.ts";
import { guestRecord, isInvited, readInvitations } from "./read-guest.ts";
import { readHad, readOutliving } from "./read-holdings.ts";
import { accountsOfOthers, otherOwnerOf, sharedBy } from "./shared-account.ts";
import { isLeaving } from "./wishes.ts";

/** What was found of the analyst's account; `trouble`: how the look ends when it could not be all that it should be. */
export type AccountAnswer = {
  readonly seen: AccountSeen;
  readonly record: AccountRecord | null;
  readonly others: readonly TargetAccount[];
  readonly trouble: Outcome | null;
  /** Nothing may be done in this target before a person has acted. */
  readonly refusal?: Parked;
  /** What has become of invitations, where there is no account. */
  readonly invitations?: Invitations;
};

/** Failures before a target that does not answer is worked around. */
const patience = 2;

export async function readAccount(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
  try {
    const find = isInvited(looking) ? findGuest : finders[looking.rules.target.topology];
    return await find(looking, ports);
  } catch (error) {
    const outcome = outcomeOf(error, ports.now());
    // A leaver does not wait for a target that throttles: what can be done from the source is done now.
    const waitsForLeaver = outcome.kind === "wait" && looking.record.leaving !== null;
    const lasting = outcome.kind === "parked" || waitsForLeaver || looking.run.attempts >= patience;
    if (!lasting) throw error;
    return { seen: { kind: "unreachable" }, record: looking.pair.account, others: [], trouble: outcome };
  }
}

/**
 * The account that is known, else the one whose stamp names this analyst; never one that merely has the right mail. A leaver
 * may have more of them.
 */
async function findAccount(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
  const known = looking.pair.account;
  // What the index of stamps does not tell keeps nobody from what is known without it.
  const [byId, [stamped = null]] = await Promise.all([
    known === null ? null : readKnown(known, looking, ports),
    Promise.allSettled(known === null || isLeaving(looking) ? [listStamped(looking, ports)] : []),
  ]);
  if (byId !== null) return withOthers(byId, stamped, { looking, ports });
  if (stamped?.status === "rejected") throw stamped.reason;
  const listing = stamped?.value ?? (await listStamped(looking, ports));
  const { completeness } = listing;
  if (completeness.kind === "partial") throw new Error(incomplete(completeness.why));
  const [only, ...more] = listing.items;
  if (more.length > 0 && !isLeaving(looking)) return ambiguous(listing.items, looking);
  // What was deleted or restored a moment ago may be in neither place that a replica shows; another one is not theirs yet.
  const mayBeThere = known !== null && ports.now() - known.changedAt < replicationWindowMs;
  if (only === undefined || (mayBeThere && only.id !== known.accountId)) {
    const nowhere = { seen: { kind: "none" }, record: known, trouble: null } as const;
    return withOthers(nowhere, mayBeThere && isLeaving(looking) ? stamped : null, { looking, ports });
  }
  const { holdings, trouble } = await readHad(only.id, looking, ports);
  const owner = only.id === known?.accountId ? null : await otherOwnerOf(only.id, looking, ports.pairs);
  if (owner !== null) {
    const seen = sharedWith(owner, present(only, { proof: "stamp", record: looking.record, holdings }));
    const shared = { seen, record: known, trouble: null };
    return withOthers(shared, isLeaving(looking) ? stamped : null, { looking, ports });
  }
  // The same account, which one replica did not show and another did, is what it was.
  const record = only.id === known?.accountId ? known : recordOf(only, looking);
  const seen = present(only, { proof: record.proof, record: looking.record, holdings });
  const answer = await withOthers(
    { seen, record, trouble: null },
    { status: "fulfilled", value: listing },
    { looking, ports },
  );
  const own = record === known ? null : handmade(only, looking);
  return { ...answer, trouble: answer.trouble ?? own ?? trouble };
}

/** It looks like an account that came with the scope, and nobody invited it. Said when it is found: it is used, and it will stay. */
function handmade(account: TargetAccount, { pair, record, rules }: Looking): Outcome | null {
  if (account.isInvited || originOf(account, pair.scoped) === "before") return null;
  return {
    kind: "parked",
    reason: `${rules.target.name}: the account ${account.id} with the stamp of ${record.userPrincipalName} was made by hand while they were in scope, so it is not Muster's to delete when they leave`,
    advice:
      "delete and purge it in the target tenant, so that sync makes one, or see to it by hand when they leave",
    cause: null,
    finding: "handmade-account",
    about: account.id,
  };
}

export type Found = Omit<AccountAnswer, "others">;
type Asking = { readonly looking: Looking; readonly ports: AccessReadPorts };

/** The rest of a leaver's accounts: those that are Muster's go as well, and about those that are not, a person has to decide. */
async function withOthers(
  found: Found,
  stamped: PromiseSettledResult<Listing<TargetAccount>> | null,
  { looking, ports }: Asking,
): Promise<AccountAnswer> {
  if (stamped === null) return { ...found, others: [] };
  if (stamped.status === "rejected")
    return { ...found, others: [], trouble: outcomeOf(stamped.reason, ports.now()) };
  const { items, completeness } = stamped.value;
  const listed = items.filter(({ id }) => id !== found.record?.accountId);
  const areGone = await Promise.all(listed.map((account) => isGone(account, { looking, ports })));
  const rest = listed.filter((_, index) => areGone[index] === false);
  const taken = rest.length === 0 ? new Map() : await accountsOfOthers(looking, ports.pairs);
  // Anybody can put a stamp on an account that they made by hand, or that is somebody else's.
  const others = rest.filter(
    (account) =>
      account.isInvited &&
      !taken.has(account.id) &&
      goesWithOwner(recordOf(account, looking), looking.rules.policy.leavers.accounts),
  );
  const trouble: Outcome | null =
    completeness.kind === "partial"
      ? { kind: "retry", why: incomplete(completeness.why) }
      : strangers(
          rest.filter((account) => account.enabled && !others.includes(account)),
          looking,
        );
  return { ...found, others, trouble: trouble ?? found.trouble };
}

/** Somebody else's account, as Muster knows it, is not theirs as well, whatever its stamp says by now. */
function sharedWith(owner: string, account: AccountSeen): AccountSeen {
  if (account.kind !== "present") return account;
  return { ...account, proof: "contested", detail: sharedBy(owner) };
}

/** The index that stamps are looked up in is further behind than the directory, and shows what was deleted long ago. */
async function isGone({ id, createdAt }: TargetAccount, { looking, ports }: Asking): Promise<boolean> {
  const { rules, priority } = looking;
  const read = await ports.tenant.reader.readAccount({ id, stamp: identityStamp(rules), priority });
  if (read.kind === "present") return false;
  // A replica that does not know it at all may be from before it came.
  const isOld = createdAt !== null && ports.now() - createdAt > goneMs;
  return read.kind === "soft-deleted" || isOld;
}

function strangers(enabled: readonly TargetAccount[], { record, rules }: Looking): Outcome | null {
  if (enabled.length === 0) return null;
  const ids = enabled.map(({ id }) => id).join(", ");
  return {
    kind: "parked",
    reason: `${rules.target.name}: ${record.userPrincipalName} leaves, and another account with their stamp is enabled (${ids}), which is not one that Muster knows as theirs`,
    advice: "block or delete it in the target tenant, or correct its stamp if it is somebody else's",
    cause: null,
    finding: "second-account",
  };
}

/** In the order of their ids: a run that is repeated has to find the same one. */
async function listStamped(
  { record, rules, priority }: Looking,
  { tenant }: AccessReadPorts,
): Promise<Listing<TargetAccount>> {
  const stamp = identityStamp(rules);
  const listing = await tenant.reader.findByStamp({ analyst: record.id, stamp, priority });
  return { ...listing, items: listing.items.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

const incomplete = (why: string) => `not all accounts with the stamp could be listed: ${why}`;

function ambiguous(accounts: readonly TargetAccount[], { pair, record, rules }: Looking): AccountAnswer {
  const ids = accounts.map(({ id }) => id).join(", ");
  const refusal: Parked = {
    kind: "parked",
    reason: `${rules.target.name}: ${accounts.length} accounts carry the stamp of ${record.userPrincipalName} (${ids}), so it cannot be proven which one is theirs: none of them gets anything`,
    advice: `remove the stamp ${identityStamp(rules)} from those that are not theirs in the target tenant`,
    cause: null,
    finding: "second-account",
    stops: "yes",
  };
  return { seen: { kind: "unreachable" }, record: pair.account, others: [], trouble: refusal, refusal };
}

/** Whose doing it is that there is this account, and whether it is about to go. What somebody made by hand is theirs, whenever it came. */
export function lifeOf(
  account: TargetAccount,
  { scoped, twin }: Pick<PairRecord, "scoped" | "twin">,
): Pick<AccountRecord, "origin" | "deleted"> {
  if (!account.isInvited) return { origin: "before", deleted: "no" };
  if (account.id === twin && scoped !== null) return { origin: "created", deleted: "no" };
  const origin = originOf(account, scoped);
  return { origin, deleted: origin === "created" ? fateOf(account, scoped) : "no" };
}

function recordOf(account: TargetAccount, { pair }: Looking): AccountRecord {
  const life = lifeOf(account, pair);
  return {
    accountId: account.id,
    proof: "stamp",
    blocked: "no",
    ...life,
    changedAt: 0,
    aliveAt: account.createdAt ?? 0,
    unblockedAt: 0,
  };
}

async function readKnown(
  known: AccountRecord,
  looking: Looking,
  ports: AccessReadPorts,
): Promise<Found | null> {
  const { record, rules, priority } = looking;
  const [read, { holdings, trouble }] = await Promise.all([
    ports.tenant.reader.readAccount({ id: known.accountId, stamp: stampOf(rules), priority }),
    readHad(known.accountId, looking, ports),
  ]);
  if (read.kind === "none") return null;
  if (read.kind === "soft-deleted") {
    return { seen: await inTheBin(known.accountId, looking, ports), record: known, trouble: null };
  }
  return {
    seen: present(read.account, { proof: known.proof, record, holdings }),
    record: known,
    trouble,
  };
}

/** What goes on without the account is read where Muster gave something of the kind. */
async function inTheBin(id: AccountId, looking: Looking, ports: AccessReadPorts): Promise<AccountSeen> {
  const seen = await readOutliving(id, looking, ports);
  return { kind: "soft-deleted", id, ...(seen === null ? {} : { seen }) };
}

/** An account that came of Muster's own request for the analyst; it carries no stamp. */
async function findGuest(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
  const known = looking.pair.account;
  const byId = known === null ? null : await readKnown(known, looking, ports);
  if (byId !== null) return { ...byId, others: [] };
  const invitations = await readInvitations(looking, ports);
  const nowhere = { seen: { kind: "none" }, record: known, trouble: null, others: [], invitations } as const;
  const { account } = invitations;
  if (account === null || account === known?.accountId) return nowhere;
  const found = await readKnown(guestRecord(account), looking, ports);
  if (found === null) return nowhere;
  const isTaken = (await accountsOfOthers(looking, ports.pairs)).has(account);
  if (!isTaken && !isContested(found.seen)) return { ...found, others: [], invitations };
  // Whatever came of the request there is taken back, and the account is nobody's as far as this analyst goes.
  const detail = isTaken ? "their address led to the account of another analyst" : wordsIn(found.seen);
  const seen: AccountSeen =
    found.seen.kind === "present" ? { ...found.seen, proof: "contested", detail } : { kind: "none" };
  return { ...found, seen, record: null, others: [], invitations };
}

const isContested = (seen: AccountSeen) => seen.kind === "present" && seen.proof === "contested";
const wordsIn = (seen: AccountSeen) => (seen.kind === "present" ? seen.detail : "");

const finders: Readonly<
  Record<Place["topology"], (looking: Looking, ports: AccessReadPorts) => Promise<AccountAnswer>>
> = { push: findAccount, pull: findGuest, home: readOwn };

/** The analyst's own user. Who was restored lately may be shown without what comes back with them. */
async function readOwn(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
  const { id, recent } = looking.record;
  const record: AccountRecord = {
    accountId: accountIdSchema.parse(id),
    proof: "own",
    origin: "before",
    blocked: "no",
    deleted: "no",
    changedAt: 0,
    aliveAt: Math.max(recent.states["soft-deleted"] ?? 0, recent.states.absent ?? 0),
    unblockedAt: 0,
  };
  const found = await readKnown(record, looking, ports);
  return { seen: found?.seen ?? { kind: "none" }, record, others: [], trouble: found?.trouble ?? null };
}

type Evidence = {
  readonly proof: AccountRecord["proof"];
  readonly record: AnalystRecord;
  readonly holdings: Holdings;
};

function present(account: TargetAccount, { proof, record, holdings }: Evidence): AccountSeen {
  const stamped = account.stamp?.toLowerCase() ?? null;
  // Whatever stands on it, nobody's own user is somebody else's.
  const isOthers = proof !== "own" && stamped !== null && stamped !== "none" && stamped !== record.id;
  // An address is an attribute that anybody may have; who was not invited is one of the tenant's own people.
  const isNative = proof === "assignment" && !isExternal(account);
  const contested = isOthers || isNative;
  const why = isOthers ? `its stamp names ${stamped}` : "their address led to an account that nobody invited";
  return {
    kind: "present",
    id: account.id,
    enabled: account.enabled,
    proof: contested ? "contested" : proof,
    detail: contested ? why : wordsOf(account),
    stamped: stamped === null ? "no" : "yes",
    seen: holdings,
  };
}

/** Accounts from elsewhere are guests, or were invited, or turned into such. */
const isExternal = ({ isInvited: was, guest }: TargetAccount) =>
  was || guest?.userType?.toLowerCase() === "guest" || typeof guest?.invitation === "string";

/** "Guest, PendingAcceptance", of an account that was invited. */
const wordsOf = ({ guest }: TargetAccount): string =>
  [guest?.userType, guest?.invitation].filter((word) => typeof word === "string").join(", ");

/**
 * An account is Muster's own when it came to be while Muster had the analyst in scope. Graph tells whole seconds, by its own clock;
 * without room for both, an account whose creation was cut short would pass for somebody else's and stay.
 */
function originOf({ createdAt }: TargetAccount, scoped: PairRecord["scoped"]): AccountRecord["origin"] {
  if (scoped === null || createdAt === null) return "before";
  const isOfThen = [scoped, ...scoped.earlier].some(
    ({ since, until }) =>
      createdAt >= since - clockToleranceMs && (until === null || createdAt < until + lateMs),
  );
  return isOfThen ? "created" : "before";
}

/**
 * An account that sync made for a time in scope that is over is taken away by a cycle, which may have begun before the analyst was in
 * scope once more.
 */
function fateOf({ createdAt }: TargetAccount, scoped: PairRecord["scoped"]): "no" | "expected" {
  if (scoped === null) return "no";
  const isOver = scoped.until !== null || (createdAt ?? 0) < scoped.since - clockToleranceMs;
  return isOver ? "expected" : "no";
}

/** A cycle of sync may have begun before the analyst left the scope; the first one after a restart takes hours. */
const lateMs = 24 * 60 * 60_000;
const clockToleranceMs = 5_000;

/** The stamp that holds the analyst's id alone, by its name in the target; the policy has exactly one. */
export const identityStamp = ({ policy, target }: Pick<Rules, "policy" | "target">): string =>
  stampIn(idStamp(policy), policy, target);

/** What says on an account whose it is: nothing does where the target invites. */
const stampOf = (rules: Rules): string | null =>
  rules.target.topology === "pull" ? null : identityStamp(rules);

/** The same, by its name in the source. */
export const identityStampAtHome = (policy: Policy): string => idStamp(policy).property;

function idStamp({ source }: Policy): Stamp {
  const stamp = source.stamps.find(({ template }) => template === "{id}");
  if (stamp === undefined) throw new Error("the policy has no stamp with the template {id}");
  return stamp;
}

/** Memberships belong to an account: what was given to one that is gone says nothing of the one in its place. */
export function grantsOf(ledger: readonly LedgerRow[], account: AccountRecord | null) {
  return ledger.flatMap(({ item, ...rest }) =>
    item.kind === "grant" && (account === null || item.account === account.accountId)
      ? [{ item, ...rest }]
      : [],
  );
}

/** What is gone from this account; what was another account's went with it. */
export const goneFrom = (
  gone: readonly Gone[],
  account: AccountRecord | null,
): AccessSituation["owned"]["gone"] =>
  gone.flatMap(({ item, at }) =>
    item.kind === "scope" || account === null || item.account === account.accountId
      ? [{ what: item, at }]
      : [],
  );
