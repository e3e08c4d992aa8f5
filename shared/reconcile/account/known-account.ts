import type { Holdings } from "../../graph/grants/kind.ts";
import type { TargetAccount } from "../../graph/target-reader.ts";
import type { AnalystRecord } from "../../model/analyst.ts";
import type { AccountRecord } from "../../model/ledger.ts";
import type { AccountSeen } from "../../planner/account-situation.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import type { Found } from "./account-answer.ts";
import { stampOf } from "./identity-stamp.ts";
import { readHad, readOutliving } from "./read-holdings.ts";

/** One account by its id, and what it has; null: it is nowhere to be found. */
export async function readKnown(
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
  if (read.kind === "soft-deleted") return inTheBin(known, looking, ports);
  return {
    seen: present(read.account, { proof: known.proof, record, holdings }),
    record: known,
    trouble,
  };
}

/** What goes on without the account is read where Muster gave something of the kind: unread, it may go on still. */
async function inTheBin(known: AccountRecord, looking: Looking, ports: AccessReadPorts): Promise<Found> {
  const { accountId: id } = known;
  const had = await readOutliving(id, looking, ports);
  if (had === null) return { seen: { kind: "soft-deleted", id }, record: known, trouble: null };
  return { seen: { kind: "soft-deleted", id, seen: had.holdings }, record: known, trouble: had.trouble };
}

type Evidence = {
  readonly proof: AccountRecord["proof"];
  readonly record: AnalystRecord;
  readonly holdings: Holdings;
};

export function present(account: TargetAccount, { proof, record, holdings }: Evidence): AccountSeen {
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
