import { accountIdSchema } from "../../model/ids.ts";
import type { AccountRecord, Gone, LedgerRow } from "../../model/ledger.ts";
import type { AccessSituation } from "../../planner/access-situation.ts";
import type { Place } from "../../policy/policy.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import type { AccountAnswer } from "./account-answer.ts";
import { findGuest } from "./find-guest.ts";
import { findStamped } from "./find-stamped.ts";
import { readKnown } from "./known-account.ts";
import { outcomeOf } from "../run/outcome.ts";
import { isInvited } from "./read-guest.ts";

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

const finders: Readonly<
  Record<Place["topology"], (looking: Looking, ports: AccessReadPorts) => Promise<AccountAnswer>>
> = { push: findStamped, pull: findGuest, home: readOwn };

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
