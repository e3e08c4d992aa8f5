import { grantKey } from "../../model/grant.ts";
import { goneAt, type LedgerEntry, type LedgerRow } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Plan } from "../../model/plan.ts";
import type { AccessDecision } from "../../planner/access-decision.ts";
import { sameGiven } from "../../planner/owned.ts";
import { goneMs } from "../../planner/replicas.ts";
import { keptDenials, keptTaken } from "./denials.ts";
import type { ReadOk, Round } from "../pair/access-round.ts";
import { isBeingTaken } from "../scope/scoped-times.ts";
import { gaveOf, giversOf } from "../pair/gave.ts";

const onTheWay: ReadonlySet<string> = new Set(["coming", "going", "failed", "lapsed", "stuck"]);

/** Since when the account is waited for. Who had left begins anew; until then it tells that sync was asked for one. */
function askedSoFar({ situation, pair }: ReadOk): PairRecord["asked"] {
  const { account, accounts, scope, now } = situation;
  if (account.kind !== "none") return { tries: 0, scopedAt: null };
  // What is still to be approved or delivered lets nobody in: the time to wait for sync begins after that.
  const isOut = scope !== null && onTheWay.has(scope.seen);
  const { tries, scopedAt } = pair.leftAt === null && !isOut ? pair.asked : { tries: 0, scopedAt: null };
  return { tries, scopedAt: scopedAt ?? (scope?.seen === "present" || accounts === "invited" ? now : null) };
}

/** What the read taught: an account that was found, a grant that turned out to be there or gone, somebody who leaves. */
export function keptBooks(
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
    invited: invitedAfter(read, bookkeeping.invitation, plan.purpose),
    account,
    twin: plan.purpose === "leave" && account === null ? null : pair.twin,
    leftAt,
    asked,
    askAfter: isAwaited ? pair.askAfter : 0,
    blockedSince: blockedSoFar(read, plan.purpose),
    adopting: null,
    ledger,
    scoped: scopedSoFar(read, bookkeeping),
    gone: goneSoFar(read, bookkeeping),
    gave: gaveOf(looking, read.found, pair),
    place: looking.rules.target.name,
    unwanted: unwantedOf(read, plan.purpose),
    ...keptDenials(read),
    taken: keptTaken(read, plan),
    ended: endedOf(read),
    leftIn: leftInBy(read, plan),
    givers: giversOf(situation, looking, pair),
  };
}

/** What cannot be seen is as it was. */
function blockedSoFar({ pair, situation }: ReadOk, purpose: Plan["purpose"]): PairRecord["blockedSince"] {
  const { account, now } = situation;
  if (purpose === "leave" || (account.kind === "present" && account.enabled)) return null;
  return account.kind === "present" ? (pair.blockedSince ?? now) : pair.blockedSince;
}

/**
 * Whoever is still being taken out of a scope counts as in until now. Where somebody else has given it before an account came of what
 * Muster had asked for, there was no time of Muster's.
 */
function scopedSoFar(
  { pair, situation }: ReadOk,
  { ledger }: AccessDecision["bookkeeping"],
): PairRecord["scoped"] {
  const { scoped } = pair;
  const { scope, account, owned, now } = situation;
  const isTheirs =
    scope !== null &&
    scope.by === "others" &&
    ledger.some(
      ({ what, change }) => change === "drop" && sameGiven(what, { kind: "scope", scope: scope.scope }),
    );
  if (isTheirs && account.kind === "none" && owned.account === null) return null;
  if (scoped === null || scoped.until === null || !isBeingTaken(pair.ledger)) return scoped;
  return { ...scoped, until: Math.max(scoped.until, now) };
}

/** Of what Muster gave: since when it is not wanted any more. Who leaves keeps nothing, so nothing is remembered. */
function unwantedOf({ pair, situation }: ReadOk, purpose: Plan["purpose"]): PairRecord["unwanted"] {
  if (purpose === "leave" || situation.graceMs === 0) return {};
  const wanted = new Set(situation.wanted.map(({ grant }) => grantKey(grant)));
  const keys = situation.owned.grants.map(({ grant }) => grantKey(grant)).filter((key) => !wanted.has(key));
  return Object.fromEntries(keys.map((key) => [key, pair.unwanted[key] ?? situation.now]));
}

/** What an account that cannot be seen had that has ended is as it was. */
function endedOf({ pair, situation: { account, wanted } }: ReadOk): PairRecord["ended"] {
  const keys = wanted.map(({ grant }) => grantKey(grant));
  if (account.kind !== "present") return pair.ended.filter((key) => keys.includes(key));
  return wanted.flatMap(({ grant }) =>
    account.seen(grant, "yes").seen === "lapsed" ? [grantKey(grant)] : [],
  );
}

function leftInBy({ situation: { scope } }: ReadOk, { purpose, notes }: Plan): PairRecord["leftIn"] {
  const stays = notes.some((note) => note.kind === "scope-stays" && note.why === "before");
  return purpose === "leave" && stays && scope !== null ? [grantKey(scope.scope)] : [];
}

function invitedAfter(
  { pair, situation }: ReadOk,
  change: AccessDecision["bookkeeping"]["invitation"],
  purpose: Plan["purpose"],
): PairRecord["invited"] {
  const { invited } = pair;
  if (invited === null || change === "gone") return null;
  const { refused, ...asked } =
    change === "same" ? invited : { ...invited, entry: { ...invited.entry, ...change } };
  if (purpose === "leave") return { ...asked, refused };
  // What was refused, and is not wanted any more, may be asked for when it is wanted anew.
  const wanted = new Set(situation.wanted.map(({ grant }) => grantKey(grant)));
  const isWanted = ({ grant }: Pick<typeof asked, "grant">) => wanted.has(grantKey(grant));
  const rest = refused.filter(isWanted);
  if (asked.entry.refused === undefined || isWanted(asked)) return { ...asked, refused: rest };
  const [first, ...others] = rest;
  return first === undefined ? null : { ...first, mail: asked.mail, refused: others };
}

function booked(
  row: LedgerRow,
  { ledger, refused }: AccessDecision["bookkeeping"],
  account: string | null,
): readonly LedgerRow[] {
  const { item, entry } = row;
  // The account it was given to is gone for good, and the membership with it.
  if (item.kind === "grant" && account !== null && item.account !== account) return [];
  const change = ledger.find(({ what }) => sameGiven(what, item))?.change;
  if (change === "drop" || change === "gone") return [];
  const claimed = change === "claim" ? ({ ...entry, state: "added" } as const) : entry;
  const refusal = refused.find(({ what }) => sameGiven(what, item));
  return [{ ...row, entry: refusal === undefined ? claimed : withRefusal(claimed, refusal.why) }];
}

function withRefusal({ refused: _before, ...entry }: LedgerEntry, why: string | null): LedgerEntry {
  return why === null ? entry : { ...entry, refused: why };
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
