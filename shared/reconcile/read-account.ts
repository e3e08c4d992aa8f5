import { unlessGone } from "../graph/error.ts";
import type { Listing } from "../graph/listing.ts";
import type { TargetAccount } from "../graph/target-reader.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import type { AccountId } from "../model/ids.ts";
import { scopeHeld, type AccountRecord, type LedgerEntry, type LedgerRow } from "../model/ledger.ts";
import type { AccountSeen } from "../planner/access-plan.ts";
import { replicationWindowMs, type Seen } from "../planner/membership.ts";
import type { AccessReadPorts, Looking, Rules } from "./access-ports.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { isLeaving } from "./wishes.ts";

/** What was found of the analyst's account; `trouble`: how the look ends when it could not be all that it should be. */
export type AccountAnswer = {
  readonly seen: AccountSeen;
  readonly record: AccountRecord | null;
  readonly trouble: Outcome | null;
};

/** Failures before a target that does not answer is worked around. */
const patience = 2;

export async function readAccount(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
  try {
    return await findAccount(looking, ports);
  } catch (error) {
    const outcome = outcomeOf(error, ports.now());
    // A leaver does not wait for a target that throttles: what can be done from the source is done now.
    const waitsForLeaver = outcome.kind === "wait" && looking.record.leaving !== null;
    const lasting = outcome.kind === "parked" || waitsForLeaver || looking.run.attempts >= patience;
    if (!lasting) throw error;
    return { seen: { kind: "unreachable" }, record: looking.pair.account, trouble: outcome };
  }
}

/**
 * The account that is known, else the one whose stamp names this analyst; never one that merely has the right mail. A leaver may
 * have more of them: when nothing is left to do about the one, the next is looked for.
 */
async function findAccount(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
  const known = looking.pair.account;
  const byId = known === null ? null : await readKnown(known, looking, ports);
  if (byId !== null && !isAtRest(byId, looking)) return byId;
  const listing = await listStamped(looking, ports);
  if (byId !== null) return (await nextOf(listing, byId, { looking, ports })) ?? byId;
  const [only, ...more] = listing.items;
  if ((more.length > 0 && !isLeaving(looking)) || listing.completeness.kind === "partial")
    throw new Error(ambiguous(listing.items.length, looking));
  // What was deleted or restored a moment ago may be in neither place that a replica shows; another one is not theirs yet.
  const mayBeThere = known !== null && ports.now() - known.changedAt < replicationWindowMs;
  if (only === undefined || (mayBeThere && only.id !== known.accountId))
    return { seen: { kind: "none" }, record: known, trouble: null };
  // The same account, which one replica did not show and another did, is what it was.
  return adopt(only, only.id === known?.accountId ? known : recordOf(only, looking), { looking, ports });
}

type Searching = { readonly looking: Looking; readonly ports: AccessReadPorts };

/** A leaver's account about which nothing more is done now; it is blocked, deleted, or not Muster's. */
function isAtRest({ seen, record: known }: AccountAnswer, looking: Looking): boolean {
  if (known === null || !isLeaving(looking)) return false;
  if (seen.kind !== "present") return seen.kind === "soft-deleted";
  const { rules, pair } = looking;
  const { leavers } = rules.policy;
  const isOpen = grantsOf(pair.ledger, known).some(({ entry }) => entry.state !== "removed");
  return !isOpen && !(seen.enabled && leavers.block && isOurs(known, rules));
}

const isOurs = ({ origin }: AccountRecord, { policy }: Rules) =>
  policy.leavers.accounts === "all" || origin === "created";

/** Another account of a leaver, of which something is left to do. */
async function nextOf(
  { items, completeness }: Listing<TargetAccount>,
  { seen, record: known }: AccountAnswer,
  { looking, ports }: Searching,
): Promise<AccountAnswer | null> {
  const others = items.filter((account) => account.id !== known?.accountId);
  const next = others.find(
    (account) =>
      isOurs(recordOf(account, looking), looking.rules) && (account.enabled || seen.kind !== "present"),
  );
  if (next !== undefined) return adopt(next, recordOf(next, looking), { looking, ports });
  const trouble =
    completeness.kind === "partial"
      ? ({
          kind: "retry",
          why: `the accounts with the stamp could not be listed: ${completeness.why}`,
        } as const)
      : strangers(others, looking);
  return trouble === null ? null : { seen, record: known, trouble };
}

/** Accounts that nobody but a person can decide about. */
function strangers(others: readonly TargetAccount[], { record, rules }: Looking): Outcome | null {
  const enabled = others.filter((account) => account.enabled);
  if (enabled.length === 0) return null;
  const ids = enabled.map(({ id }) => id).toSorted();
  return {
    kind: "parked",
    reason: `${rules.target.name}: ${record.userPrincipalName} leaves, and another account with their stamp is enabled (${ids.join(", ")}), which Muster did not make`,
    advice: "block or delete it in the target tenant, or correct its stamp if it is somebody else's",
    cause: null,
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

const ambiguous = (count: number, { record, rules }: Looking) =>
  `${count} accounts in ${rules.target.name} carry the stamp of ${record.userPrincipalName}: which one is theirs cannot be proven; remove the stamp ${identityStamp(rules)} from the others`;

function recordOf(account: TargetAccount, { pair }: Looking): AccountRecord {
  return {
    accountId: account.id,
    proof: "stamp",
    origin: originOf(account, scopeHeld(pair.ledger)),
    blocked: "no",
    deleted: "no",
    changedAt: 0,
    aliveAt: account.createdAt ?? 0,
  };
}

async function adopt(
  account: TargetAccount,
  known: AccountRecord,
  { looking: { record, priority }, ports: { tenant } }: Searching,
): Promise<AccountAnswer> {
  const memberOf = await tenant.reader.listMemberOf(account.id, priority);
  return { seen: present(account, { proof: known.proof, record, memberOf }), record: known, trouble: null };
}

async function readKnown(
  known: AccountRecord,
  { record, rules, priority }: Looking,
  { tenant }: AccessReadPorts,
): Promise<AccountAnswer | null> {
  const [read, memberOf] = await Promise.all([
    tenant.reader.readAccount({ id: known.accountId, stamp: identityStamp(rules), priority }),
    memberOfUnlessGone(known.accountId, { priority, tenant }),
  ]);
  if (read.kind === "none") return null;
  if (read.kind === "soft-deleted") {
    return { seen: { kind: "soft-deleted", id: known.accountId }, record: known, trouble: null };
  }
  return {
    seen: present(read.account, { proof: known.proof, record, memberOf }),
    record: known,
    trouble: null,
  };
}

async function memberOfUnlessGone(
  id: AccountId,
  { priority, tenant }: Pick<Looking, "priority"> & Pick<AccessReadPorts, "tenant">,
): Promise<Listing<string>> {
  const listing = await unlessGone(tenant.reader.listMemberOf(id, priority));
  // Whether the account is gone is said by `readAccount`; one replica may know it while another does not yet.
  return listing ?? { items: [], completeness: { kind: "partial", why: "the account was not found" } };
}

type Evidence = {
  readonly proof: AccountRecord["proof"];
  readonly record: AnalystRecord;
  readonly memberOf: Listing<string>;
};

function present(account: TargetAccount, { proof, record, memberOf }: Evidence): AccountSeen {
  const stamped = account.stamp?.toLowerCase() ?? null;
  const contested = stamped !== null && stamped !== "none" && stamped !== record.id;
  return {
    kind: "present",
    id: account.id,
    enabled: account.enabled,
    proof: contested ? "contested" : proof,
    detail: contested ? `its stamp names ${stamped}` : "",
    stamped: stamped === null ? "no" : "yes",
    seen: ({ group }) => seenIn(memberOf, group),
  };
}

/**
 * An account is Muster's own when it came to be after Muster put the analyst in scope. Graph tells whole seconds, by its
 * own clock; without room for both, an account whose creation was cut short would pass for somebody else's and stay.
 */
export function originOf(account: TargetAccount, scope: LedgerEntry | undefined): AccountRecord["origin"] {
  if (scope === undefined || account.createdAt === null) return "before";
  return account.createdAt >= scope.since - clockToleranceMs ? "created" : "before";
}

const clockToleranceMs = 5_000;

/** The stamp that holds the analyst's id alone; the policy has exactly one. */
export function identityStamp({ policy }: Pick<Rules, "policy">): string {
  const stamp = policy.source.stamps.find(({ template }) => template === "{id}");
  if (stamp === undefined) throw new Error("the policy has no stamp with the template {id}");
  return stamp.property;
}

/** Memberships belong to an account: what was given to one that is gone says nothing of the one in its place. */
export function grantsOf(ledger: readonly LedgerRow[], account: AccountRecord | null) {
  return ledger.flatMap(({ item, ...rest }) =>
    item.kind === "grant" && (account === null || item.account === account.accountId)
      ? [{ item, ...rest }]
      : [],
  );
}

export function seenIn({ items, completeness }: Listing<string>, id: string): Seen {
  if (items.includes(id)) return "present";
  return completeness.kind === "complete" ? "absent" : "unknown";
}
