import type { Listing } from "../../graph/listing.ts";
import type { TargetAccount } from "../../graph/target-reader.ts";
import { goesWithOwner } from "../../model/ledger.ts";
import type { AccountSeen } from "../../planner/account-situation.ts";
import { goneMs, replicationWindowMs } from "../../planner/replicas.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import type { AccountAnswer, Found } from "./account-answer.ts";
import { handmade, recordOf } from "./account-life.ts";
import { identityStamp } from "./identity-stamp.ts";
import { present, readKnown } from "./known-account.ts";
import { outcomeOf, type Outcome, type Parked } from "../run/outcome.ts";
import { readHad } from "./read-holdings.ts";
import { accountsOfOthers, otherOwnerOf, sharedBy } from "./shared-account.ts";
import { isLeaving } from "../pair/wishes.ts";

/**
 * The account that is known, else the one whose stamp names this analyst; never one that merely has the right mail. A leaver
 * may have more of them.
 */
export async function findStamped(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
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
