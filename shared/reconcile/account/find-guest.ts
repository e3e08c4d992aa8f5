import type { AccountSeen } from "../../planner/account-situation.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import type { AccountAnswer } from "./account-answer.ts";
import { readKnown } from "./known-account.ts";
import { guestRecord, readInvitations } from "./read-guest.ts";
import { accountsOfOthers } from "./shared-account.ts";

/** An account that came of Muster's own request for the analyst; it carries no stamp. */
export async function findGuest(looking: Looking, ports: AccessReadPorts): Promise<AccountAnswer> {
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
