import type { GrantReaders } from "../../graph/grants/kind.ts";
import { accountReads } from "../../graph/target-reader.ts";
import { grantKey, type Grant } from "../../model/grant.ts";
import type { Sight } from "../../model/sight.ts";
import type { AccessSituation, ScopeSeen } from "../../planner/access-situation.ts";
import type { ReadOk } from "../pair/access-round.ts";

/** What the read showed, in words and ids that a person can look up in the tenant. */
export function evidenceOf({ situation }: ReadOk): Readonly<Record<string, unknown>> {
  const { account, accounts, scope, formerScopes, managed, owned, subjects, wanted } = situation;
  const grants = new Map(
    [...owned.grants, ...managed].map(({ grant, name }) => [grantKey(grant), { grant, name }]),
  );
  const isWanted = new Set(wanted.map(({ grant }) => grantKey(grant)));
  const isLost = ({ scope: what }: ScopeSeen) => subjects.get(grantKey(what)) === "not-there";
  const disabled = accounts === "own" ? "disabled" : "blocked";
  const noScope = accounts === "own" ? null : { name: null, seen: "unknown" };
  return {
    account:
      account.kind === "present"
        ? {
            state: account.enabled ? "enabled" : disabled,
            id: account.id,
            proof: account.proof,
            ...(account.detail === "" ? {} : { detail: account.detail }),
          }
        : { state: account.kind, id: owned.account?.accountId ?? null },
    origin: owned.account?.origin ?? null,
    scope: scope === null ? noScope : { name: scope.name, seen: isLost(scope) ? "recycled" : scope.seen },
    ...(formerScopes.length === 0
      ? {}
      : {
          formerScopes: formerScopes.map((one) => ({
            name: one.name,
            seen: isLost(one) ? "recycled" : one.seen,
          })),
        }),
    // In an order of their own: what is Muster's and what is not changes, and a proof is told apart by what it says.
    grants: byKey(grants).map(([key, { grant, name }]) => ({
      kind: grant.kind,
      name,
      ...sightOf(grant, isWanted.has(key) ? "yes" : "no", situation),
    })),
  };
}

const byKey = <T>(map: ReadonlyMap<string, T>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Whose user is in the recycle bin has nothing of what is in there with it. */
function sightOf(
  grant: Grant,
  wanted: "yes" | "no",
  { account, accounts, subjects }: AccessSituation,
): { readonly seen: string; readonly detail?: string } {
  if (subjects.get(grantKey(grant)) === "not-there")
    return { seen: "recycled", detail: "its group is deleted, and may be restored with its members" };
  switch (account.kind) {
    case "present":
      return said(account.seen(grant, wanted));
    case "unreachable":
      return { seen: "unknown" };
    case "soft-deleted": {
      const sight = account.seen?.(grant, wanted);
      if (sight !== undefined && sight.unread !== "wholly") return said(sight);
      return { seen: accounts === "own" ? "recycled" : "absent" };
    }
    case "none":
      return { seen: "absent" };
    default:
      return account satisfies never;
  }
}

const said = ({ seen, detail }: Sight) => ({ seen, ...(detail === undefined ? {} : { detail }) });

/** What each part of the evidence was read from, and when the look began: what is absent follows from the account where there is none. */
export function readsOf(
  { situation, at }: ReadOk,
  { target, source }: { readonly target: GrantReaders; readonly source: GrantReaders },
): Readonly<Record<string, Read>> {
  const { account, accounts, scope, managed, owned } = situation;
  const read = (what: string): Read => ({ what, at: new Date(at).toISOString() });
  const isRead = (grant: Grant) =>
    account.kind === "present" ||
    (account.kind === "soft-deleted" &&
      account.seen !== undefined &&
      account.seen(grant, "no").unread !== "wholly");
  const kinds = new Set(
    [...owned.grants, ...managed]
      .map(({ grant }) => grant)
      .filter(isRead)
      .map(({ kind }) => kind),
  );
  return {
    account: read(accountReads[accounts]),
    ...(scope === null ? {} : { scope: read(`in the source, ${source[scope.scope.kind].reads}`) }),
    ...Object.fromEntries([...kinds].toSorted().map((kind) => [kind, read(target[kind].reads)])),
  };
}

type Read = { readonly what: string; readonly at: string };
