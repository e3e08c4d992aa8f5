import { grantKey, type Grant, type Scope } from "../model/grant.ts";
import type { AccountId, AnalystId } from "../model/ids.ts";
import { isGiven, type AccountRecord, type LedgerRow } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { Seen } from "../model/sight.ts";
import type { Keeps } from "./access-situation.ts";
import type { NamedGrant } from "./owned.ts";

/**
 * What a place shows, read as a whole. What could not be read to its end is unknown, and nobody differs for what is unknown.
 */
export type PlaceSeen = {
  readonly holds: (grant: Grant, account: AccountId) => Extract<Seen, "present" | "absent" | "unknown">;
  readonly inScope: (scope: Scope, analyst: AnalystId) => Extract<Seen, "present" | "absent" | "unknown">;
  readonly account: (id: AccountId) => AccountSight;
  /** Accounts that carry the analyst's stamp, where these were looked for. */
  readonly stamped: (analyst: AnalystId) => readonly { readonly id: AccountId; readonly enabled: boolean }[];
};

/** `foreign`: it carries the stamp of somebody else. */
export type AccountSight = "enabled" | "blocked" | "foreign" | "none" | "unknown";

/** One analyst in one place, as Muster remembers them, and what they should have there. */
export type Remembered = {
  readonly analyst: AnalystId;
  readonly pair: PairRecord;
  readonly wanted: readonly NamedGrant[];
  readonly keeps: Keeps | null;
  /** What lets people in there; null: nothing has to. */
  readonly scope: { readonly scope: Scope; readonly name: string } | null;
  /** Their own user, in the source, which is nobody's to make or to end. */
  readonly own: AccountId | null;
};

/** Why a look of their own is needed; none: all is as it was when they were last looked at. */
export type Drift = {
  readonly why: readonly string[];
  /** How much of what Muster gave would be taken from somebody who stays. */
  readonly removals: number;
};

/**
 * Whether a place shows something else than what the policy wants and Muster remembers. Nothing is decided here: whoever differs is looked
 * at by themselves, so that what seems to be drift and is not costs a look, and what is passed over costs a day.
 */
export function driftOf(remembered: Remembered, seen: PlaceSeen): Drift {
  const leaves = remembered.wanted.length === 0 && remembered.keeps === null;
  return leaves ? driftOfLeaver(remembered, seen) : driftOfMember(remembered, seen);
}

function driftOfMember({ analyst, pair, wanted, keeps, scope, own }: Remembered, seen: PlaceSeen): Drift {
  const account = own ?? pair.account?.accountId ?? null;
  // Whoever only keeps what they have, and has no account, gets none.
  const waits = wanted.length === 0 ? [] : ["no account of theirs is known"];
  if (account === null) return { why: waits, removals: 0 };
  const keys = new Set(wanted.map(({ grant }) => grantKey(grant)));
  const isRefused = (key: string) =>
    pair.denials[key] !== undefined ||
    pair.taken[key] !== undefined ||
    pair.ended.includes(key) ||
    isGivenUp(pair, key);
  const hasPackage = wanted.some(
    ({ grant }) => grant.kind === "package" && seen.holds(grant, account) === "present",
  );
  const isEnding = endsByItself(pair.account) && !hasPackage;
  const missing = wanted.filter(
    ({ grant }) => !isEnding && !isRefused(grantKey(grant)) && seen.holds(grant, account) === "absent",
  );
  const surplus = givenTo(pair.ledger, account).filter(
    ({ grant }) => !keys.has(grantKey(grant)) && !isKept(keeps, grant) && !isInGrace(pair, grant),
  );
  const back = returned(pair.ledger, account, seen).filter(({ grant }) => !keys.has(grantKey(grant)));
  const isOut = scope !== null && wanted.length > 0 && seen.inScope(scope.scope, analyst) === "absent";
  return {
    why: [
      ...accountWords(own === null && !isEnding ? seen.account(account) : "unknown"),
      ...(isOut ? [`not in the scope ${scope.name} any more`] : []),
      ...missing.map(({ name }) => `${name} is missing`),
      ...surplus.map(({ name }) => `${name} is not to be there`),
      ...back.map(({ name }) => `${name} was taken back, and is there`),
    ],
    removals: surplus.length + back.length,
  };
}

function driftOfLeaver({ analyst, pair, scope, own }: Remembered, seen: PlaceSeen): Drift {
  const account = own ?? pair.account?.accountId ?? null;
  // What a proof let stay stays: the scope of an account that was there before.
  const open = pair.proof === null ? pair.ledger.filter(({ entry }) => entry.state !== "removed") : [];
  const others = seen
    .stamped(analyst)
    .filter(({ id, enabled }) => enabled && id !== pair.account?.accountId && own === null);
  const mine = pair.ledger.flatMap(({ item, entry }) =>
    item.kind === "scope" && isGiven(entry) ? [grantKey(item.scope)] : [],
  );
  const stays = [...mine, ...pair.leftIn];
  const isBackIn =
    scope !== null &&
    !stays.includes(grantKey(scope.scope)) &&
    seen.inScope(scope.scope, analyst) === "present";
  // One that the policy does not name any more.
  const backIn = pair.ledger.filter(
    ({ item, entry }) =>
      item.kind === "scope" &&
      !isGiven(entry) &&
      !stays.includes(grantKey(item.scope)) &&
      (scope === null || grantKey(scope.scope) !== grantKey(item.scope)) &&
      seen.inScope(item.scope, analyst) === "present",
  );
  return {
    why: [
      ...(pair.unproven === null ? [] : ["nothing proves that they are out"]),
      ...open.map(({ name }) => `${name} was never shown to be gone`),
      ...(isBackIn ? [`in the scope ${scope.name}, without Muster's doing`] : []),
      ...backIn.map(({ name }) => `in the former scope ${name} again`),
      ...(account === null ? [] : returned(pair.ledger, account, seen)).map(
        ({ name }) => `${name} was taken back, and is there`,
      ),
      ...(isAliveAgain(pair.account, seen) ? ["the account that was ended is enabled"] : []),
      ...others.map(({ id }) => `another account with their stamp is enabled: ${id}`),
    ],
    // That they have left was judged where it was seen.
    removals: 0,
  };
}

/** Whoever was asked has denied it, or it has failed for good: people are told, and nobody is asked again. */
const isGivenUp = ({ ledger }: PairRecord, key: string): boolean =>
  ledger.some(
    ({ item, entry }) => item.kind === "grant" && grantKey(item.grant) === key && entry.refused !== undefined,
  );

const givenTo = (ledger: readonly LedgerRow[], account: AccountId) =>
  ledger.flatMap(({ item, name, entry }) =>
    item.kind === "grant" && item.account === account && isGiven(entry) ? [{ grant: item.grant, name }] : [],
  );

/** What Muster has taken back and is there: by an administrator's hand, or because the removal did not last. */
const returned = (ledger: readonly LedgerRow[], account: AccountId, seen: PlaceSeen): readonly NamedGrant[] =>
  ledger.flatMap(({ item, name, entry }) =>
    item.kind === "grant" &&
    item.account === account &&
    !isGiven(entry) &&
    seen.holds(item.grant, account) === "present"
      ? [{ grant: item.grant, name }]
      : [],
  );

const isKept = (keeps: Keeps | null, grant: Grant): boolean =>
  keeps !== null && (keeps.gave === null || keeps.gave.includes(grantKey(grant)));

/** What a lost role gave is kept for a while; a reminder for its end is under way. */
const isInGrace = ({ unwanted }: PairRecord, grant: Grant): boolean =>
  unwanted[grantKey(grant)] !== undefined;

function accountWords(sight: AccountSight): readonly string[] {
  switch (sight) {
    case "none":
      return ["the account is gone"];
    case "blocked":
      return ["the account is blocked"];
    case "foreign":
      return ["the account does not carry their stamp"];
    case "enabled":
    case "unknown":
      return [];
    default:
      return sight satisfies never;
  }
}

/**
 * A guest without a package is entitlement management's to block and to delete, and comes back with the next one; or stays, with one that
 * somebody else has given.
 */
const endsByItself = (account: AccountRecord | null): boolean =>
  account !== null && account.proof === "assignment" && account.deleted === "expected";

/** Where an account stays, it stays as it is. */
function isAliveAgain(account: AccountRecord | null, seen: PlaceSeen): boolean {
  if (account === null || endsByItself(account) || seen.account(account.accountId) !== "enabled")
    return false;
  return account.blocked === "confirmed" || account.deleted !== "no";
}

/**
 * How much a run may take from people who stay: a share of what Muster has given there, and one thing at least, so that a place with few
 * people in it is not left as it is for ever.
 */
export const removalsAllowed = (given: number, share: number): number =>
  Math.max(1, Math.floor(given * share));
