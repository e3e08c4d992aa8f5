import type { AccessRead } from "../pair/access-round.ts";
import { grantKey } from "../../model/grant.ts";
import type { AnalystRecord } from "../../model/analyst.ts";
import type { LedgerEntry, LedgerRow } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { NamedGrant } from "../../planner/owned.ts";
import { scopeOf } from "../../policy/places.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import { readDenials } from "./denials.ts";
import { readSubjects } from "./lost-groups.ts";
import { goneFrom, grantsOf, readAccount } from "../account/read-account.ts";
import { invitationOf, isInvited, withArrived, withClaimed } from "../account/read-guest.ts";
import {
  nestedIn,
  readScopes,
  scopesOf,
  sharedWith,
  type NamedScope,
  type ScopesSeen,
} from "../scope/read-scopes.ts";
import { resolveNames } from "./resolve-names.ts";
import { isBeingTaken } from "../scope/scoped-times.ts";
import { heirOf, heirOfGrant } from "../scope/heirs.ts";
import { withInherited } from "../scope/inherited.ts";
import { isLeaving, keepsOf, wantedOf } from "../pair/wishes.ts";

export async function readAccess(looking: Looking, ports: AccessReadPorts): Promise<AccessRead> {
  const { record, rules, run, priority } = looking;
  const { policy, target } = rules;
  const at = ports.now();
  const wishes = wantedOf(looking);
  const [{ seenOf, trouble }, named, account] = await Promise.all([
    readScopes(looking, ports),
    resolveNames(wishes, looking, ports),
    readAccount(looking, ports),
  ]);
  if (wishes.length > 0 && named.refusal !== null) {
    const { reason, advice } = named.refusal;
    return {
      kind: "refused",
      outcome: {
        kind: "parked",
        reason: `${target.name}: ${reason}`,
        advice,
        cause: reason,
        finding: "unusable-name",
        about: reason,
        stops: "yes",
      },
    };
  }
  if (account.refusal !== undefined) return { kind: "refused", outcome: account.refusal };
  const asking = { looking, pairs: ports.pairs };
  const isIn = named.scope !== null && seenOf(named.scope.scope, "yes").seen === "present";
  const seenScope = isIn ? named.scope : null;
  const inherited = await withInherited({ seenScope, wanted: named.wanted, account: account.seen }, asking);
  const pair = withClaimed(withArrived(inherited, account.seen), account.seen, named.managed);
  const grants = grantsOf(pair.ledger, account.record).map(({ item: { grant }, name, entry }) => ({
    grant,
    name,
    entry,
  }));
  const { wanted } = named;
  const denied = await readDenials({ account: account.seen, given: grants, wanted, pair }, looking, ports);
  const needed = scopeOf(target) === null ? "none" : (named.scope ?? "not found");
  const { scope, entry: scopeEntry, formers } = scopesOf(needed, pair.ledger);
  const sighted = async <T extends NamedScope>(one: T, wanted: "yes" | "no") => ({
    ...one,
    ...seenOf(one.scope, wanted),
    heir: await heirOf(one, asking),
  });
  const current = scope === null ? null : await sighted(scope, isLeaving(looking) ? "no" : "yes");
  return {
    kind: "read",
    pair,
    unwritable: named.unwritable,
    found: named.found,
    roleGroups: denied.roleGroups,
    trouble: account.trouble ?? trouble ?? denied.trouble,
    at,
    situation: {
      analyst: record.id,
      target: target.name,
      leaving: record.leaving,
      news: looking.news,
      goneUntil: Math.max(record.recent.states["soft-deleted"] ?? 0, record.recent.states.absent ?? 0),
      nowhereSince: record.missingSince,
      wanted,
      keeps: keepsOf(looking),
      managed: named.managed,
      scope: current === null ? null : { ...current, ...(await nestedIn(current, looking, ports)) },
      formerScopes: await Promise.all(
        formers.map(async (one) => ({
          ...(await sighted(one, "no")),
          ...sharedWith(one.scope, scope?.scope ?? null, target),
        })),
      ),
      policySince: rules.since,
      accounts: isInvited(looking) ? "invited" : kindsOfAccount[target.topology],
      invitation: isInvited(looking)
        ? await invitationOf({ ...looking, pair }, account, {
            leaving: isLeaving(looking),
            ends: losesPackages(pair, named.wanted),
            ports,
          })
        : null,
      account: account.seen,
      others: account.others,
      owned: {
        grants: await Promise.all(
          grants.map(async ({ grant, name, entry }) => ({
            grant,
            name,
            entry,
            unwantedSince: pair.unwanted[grantKey(grant)] ?? null,
            writable: named.unwritable.has(grantKey(grant)) ? ("no" as const) : ("yes" as const),
            heir: await heirOfGrant({ grant, name }, asking),
          })),
        ),
        scope: scopeEntry,
        gone: goneFrom(pair.gone, account.record),
        scopedUntil: scopedUntil(pair, { record, seenOf, now: ports.now() }),
        account: account.record,
        leftAt: pair.leftAt,
        asked: { tries: pair.asked.tries, scopedAt: scopedAt(scopeEntry, pair) },
        awaited: pair.asked.scopedAt === null ? "no" : "yes",
        askAfter: pair.askAfter,
        wroteAt: pair.wroteAt,
        doubt: pair.doubt,
        attempts: run.attempts,
      },
      subjects: await readSubjects(pair.ledger, ports, priority),
      leavers: policy.leavers,
      movers: policy.movers.order,
      graceMs: policy.movers.graceMs,
      onExternalRemoval: target.topology === "home" ? "restore" : target.onExternalRemoval,
      denials: denied.denials,
      taken: pair.taken,
      patienceMs: policy.accessPackages.patienceMs,
      now: ports.now(),
    },
  };
}

/** What somebody may lose who is governed by their packages. */
function losesPackages({ ledger }: PairRecord, wanted: readonly NamedGrant[]): boolean {
  const keys = new Set(wanted.map(({ grant }) => grantKey(grant)));
  return ledger.some(
    ({ item, entry }) =>
      item.kind === "grant" &&
      item.grant.kind === "package" &&
      entry.state !== "removed" &&
      !keys.has(grantKey(item.grant)),
  );
}

const kindsOfAccount = { push: "synced", pull: "invited", home: "own" } as const;

/** Since when sync may have seen the analyst and not made the account; an account may also be lost after a long time. */
function scopedAt(scope: LedgerEntry | undefined, { asked }: PairRecord): number | null {
  if (scope === undefined) return asked.scopedAt;
  return scope.state === "added" ? Math.max(scope.at, asked.scopedAt ?? 0) : null;
}

type Scoping = { readonly record: AnalystRecord; readonly seenOf: ScopesSeen; readonly now: number };

/**
 * Who is being taken out of the scope is in it until Graph says that they are out. Sync sees nobody who is deleted, whatever they have with
 * them in the recycle bin, where nobody can take it.
 */
function scopedUntil(
  { scoped, ledger, leftAt }: PairRecord,
  { record, seenOf, now }: Scoping,
): number | null {
  if (scoped === null) return null;
  const isDeleted = record.leaving === "deleted";
  const isInBin = ({ item }: LedgerRow) =>
    isDeleted && item.kind === "scope" && seenOf(item.scope, "no").seen === "deleted";
  if (isBeingTaken(ledger.filter((row) => !isInBin(row)))) return now;
  return scoped.until ?? (leftAt === null ? now : Math.max(leftAt, isDeleted ? record.since : 0));
}
