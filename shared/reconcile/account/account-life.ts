import type { TargetAccount } from "../../graph/target-reader.ts";
import type { AccountRecord } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Looking } from "../pair/access-ports.ts";
import type { Outcome } from "../run/outcome.ts";

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

export function recordOf(account: TargetAccount, { pair }: Looking): AccountRecord {
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

/** It looks like an account that came with the scope, and nobody invited it. Said when it is found: it is used, and it will stay. */
export function handmade(account: TargetAccount, { pair, record, rules }: Looking): Outcome | null {
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
