import { GraphError, unlessGone } from "../graph/error.ts";
import type { GroupFound } from "../graph/group-directory.ts";
import type { Listing } from "../graph/listing.ts";
import type { TargetAccount } from "../graph/target-reader.ts";
import type { Priority } from "../graph/tenant.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import { errorText } from "../model/error-text.ts";
import { grantKey, type Grant, type GroupFacts, type GroupMembership } from "../model/grant.ts";
import type { AccountId, RoleName } from "../model/ids.ts";
import type { AccountRecord, LedgerEntry, LedgerRow } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccessSituation, AccountSeen, NamedGrant } from "../planner/access-plan.ts";
import { replicationWindowMs, type Seen } from "../planner/membership.ts";
import { namesOf } from "../planner/source-plan.ts";
import { desiredGrants } from "../policy/desired.ts";
import type { NameOrId, Policy } from "../policy/policy.ts";
import type { AccessReadPorts, Rules } from "./access-ports.ts";
import { outcomeOf, type Run } from "./handle.ts";
import type { Outcome, Parked } from "./outcome.ts";

/** Everything one look at an analyst in a target found. */
export type AccessRead =
  | {
      readonly kind: "read";
      readonly situation: AccessSituation;
      /** How the groups that may be written take members, by id. */
      readonly membership: ReadonlyMap<string, GroupMembership>;
      /** Set when the target could not be read: the rest is done, and this is how it ends. */
      readonly trouble: Outcome | null;
    }
  /** The policy names something that is not there or not unique: nothing in this target is touched. */
  | { readonly kind: "refused"; readonly outcome: Parked };

/** One round's look: the analyst as Muster knows them now, and what is remembered of the pair. */
export type Looking = {
  readonly record: AnalystRecord;
  readonly pair: PairRecord;
  readonly rules: Rules;
  readonly priority: Priority;
  readonly run: Pick<Run, "attempts">;
};

export async function readAccess(looking: Looking, ports: AccessReadPorts): Promise<AccessRead> {
  const { record, pair, rules, run } = looking;
  const { policy, target } = rules;
  const names = namesOf(record.roles);
  const wantedNames = record.leaving === null ? desiredGrants(target, names) : [];
  const scopeRow = pair.ledger.find(({ item }) => item.kind === "scope");
  const [scopeSeen, named, account] = await Promise.all([
    readScope(looking, ports),
    resolveNames(wantedNames, looking, ports),
    readAccount(looking, scopeRow, ports),
  ]);
  if (wantedNames.length > 0 && named.refusal !== null) {
    const { reason, advice } = named.refusal;
    return {
      kind: "refused",
      outcome: { kind: "parked", reason: `${target.name}: ${reason}`, advice, cause: reason },
    };
  }
  const scope = scopeOf(named.scope, scopeRow);
  const seen = scope === null ? null : scopeSeen(scope.scope.group);
  return {
    kind: "read",
    membership: new Map(
      [...named.facts.values(), ...(named.scope === null ? [] : [named.scope])].map((facts) => [
        facts.id,
        facts.membership,
      ]),
    ),
    trouble: account.trouble,
    situation: {
      analyst: record.id,
      target: target.name,
      leaving: record.leaving,
      wanted: named.wanted,
      keeps: record.leaving === null ? unknownRoles(policy, names) : null,
      managed: named.managed,
      scope: scope === null || seen === null ? null : { ...scope, seen },
      account: account.seen,
      owned: {
        grants: grantsOf(pair.ledger, account.record).map(({ item, name, entry }) => ({
          grant: item.grant,
          name,
          entry,
          writable: writable(item.grant, named.facts),
        })),
        scope: scopeRow?.entry,
        account: account.record,
        leftAt: pair.leftAt,
        asked: { tries: pair.asked.tries, scopedAt: scopedAt(scopeRow?.entry, pair) },
        doubt: pair.doubt,
        attempts: run.attempts,
      },
      leavers: policy.leavers,
      movers: policy.movers.order,
      now: ports.now(),
    },
  };
}

/** Roles that a check in the source did not let go of, and that the policy does not know any more: nobody can say what they give. */
function unknownRoles({ roles }: Policy, held: readonly RoleName[]): string | null {
  const unknown = held.filter((name) => !roles.some((role) => role.name === name));
  return unknown.length === 0
    ? null
    : `${unknown.join(", ")} is not in the policy any more, and its holders were refused to lose it`;
}

/** Memberships belong to an account: what was given to one that is gone says nothing of the one in its place. */
function grantsOf(ledger: readonly LedgerRow[], account: AccountRecord | null) {
  return ledger.flatMap(({ item, ...rest }) =>
    item.kind === "grant" && (account === null || item.account === account.accountId)
      ? [{ item, ...rest }]
      : [],
  );
}

/** Since when sync may have seen the analyst; in a scope that Muster did not write, since Muster first looked. */
function scopedAt(scope: LedgerEntry | undefined, { asked }: PairRecord): number | null {
  if (scope === undefined) return asked.scopedAt;
  return scope.state === "added" ? scope.at : null;
}

const writable = ({ group }: Grant, facts: ReadonlyMap<string, GroupFacts>) =>
  (facts.get(group)?.membership ?? "assigned") === "assigned" ? "yes" : "no";

/**
 * Whether the analyst is a direct member of a source group: sync counts no other members. Trouble in the source must not
 * keep a leaver's access in a target alive, so for them it only means that the scope is not known.
 */
async function readScope(
  { record, priority }: Looking,
  { source }: AccessReadPorts,
): Promise<(group: string) => Seen | "deleted"> {
  try {
    const read = await unlessGone(source.reader.readMemberships({ id: record.id, groups: [], priority }));
    return read === null ? () => "deleted" : (group) => seenIn(read.direct, group);
  } catch (error) {
    if (!(error instanceof GraphError) || record.leaving === null) throw error;
    return () => "unknown";
  }
}

function seenIn({ items, completeness }: Listing<string>, id: string): Seen {
  if (items.includes(id)) return "present";
  return completeness.kind === "complete" ? "absent" : "unknown";
}

type Resolved = {
  readonly scope: GroupFacts | null;
  readonly wanted: readonly NamedGrant[];
  readonly managed: readonly NamedGrant[];
  readonly facts: ReadonlyMap<string, GroupFacts>;
  /** The first name that is needed and cannot be resolved. */
  readonly refusal: { readonly reason: string; readonly advice: string } | null;
};

/** Names become ids here. A leaver needs none of them: what Muster granted is in the ledger by id. */
async function resolveNames(
  wantedNames: readonly NameOrId[],
  { rules: { target }, priority }: Looking,
  { source, tenant }: AccessReadPorts,
): Promise<Resolved> {
  const managedNames = desiredGrants(
    target,
    target.grants.map(({ role }) => role),
  );
  const leaving = wantedNames.length === 0;
  const find = (name: NameOrId, groups = tenant.groups) =>
    groups.find(name, priority).catch((error: unknown) => lenient(error, leaving));
  const [scope, managed] = await Promise.all([
    find(target.sync.scope.group, source.groups),
    Promise.all(managedNames.map(async (name) => ({ name, answer: await find(name) }))),
  ]);
  const needed = new Set(wantedNames.map(keyOf));
  const wanted = managed.filter(({ name }) => needed.has(keyOf(name)));
  return {
    scope: scope.kind === "found" ? scope.facts : null,
    wanted: wanted.flatMap(({ answer }) => namedGrant(answer)),
    managed: managed.flatMap(({ answer }) => namedGrant(answer)),
    facts: new Map(
      managed.flatMap(({ answer }) => (answer.kind === "found" ? [[answer.facts.id, answer.facts]] : [])),
    ),
    refusal:
      [scope, ...wanted.map(({ answer }) => answer)].find((answer) => answer.kind === "not-found") ?? null,
  };
}

/** Somebody who leaves must not wait for a name: an answer that fails is no answer. */
function lenient(error: unknown, leaving: boolean): GroupFound {
  if (!leaving) throw error;
  return { kind: "not-found", reason: errorText(error), advice: "" };
}

const keyOf = (name: NameOrId) => (name.kind === "id" ? name.id : name.name);

const namedGrant = (answer: GroupFound): readonly NamedGrant[] =>
  answer.kind === "found"
    ? [{ grant: { kind: "group", group: answer.facts.id }, name: answer.facts.displayName }]
    : [];

function scopeOf(facts: GroupFacts | null, row: LedgerRow | undefined) {
  // What Muster joined is what Muster leaves, also after the policy names another group.
  if (row?.item.kind === "scope") return { scope: row.item.scope, name: row.name };
  return facts === null
    ? null
    : { scope: { kind: "group", group: facts.id } as const, name: facts.displayName };
}

type AccountAnswer = {
  readonly seen: AccountSeen;
  readonly record: AccountRecord | null;
  readonly trouble: Outcome | null;
};

/** Failures before a target that does not answer is worked around. */
const patience = 2;

async function readAccount(
  looking: Looking,
  scopeRow: LedgerRow | undefined,
  ports: AccessReadPorts,
): Promise<AccountAnswer> {
  try {
    return await findAccount(looking, scopeRow, ports);
  } catch (error) {
    const outcome = outcomeOf(error, ports.now());
    // A leaver does not wait for a target that throttles: what can be done from the source is done now.
    const waitsForLeaver = outcome.kind === "wait" && looking.record.leaving !== null;
    const lasting = outcome.kind === "parked" || waitsForLeaver || looking.run.attempts >= patience;
    if (!lasting) throw error;
    return { seen: { kind: "unreachable" }, record: looking.pair.account, trouble: outcome };
  }
}

/** The account that is known, else the one whose stamp names this analyst. Never one that merely has the right mail. */
async function findAccount(
  looking: Looking,
  scopeRow: LedgerRow | undefined,
  ports: AccessReadPorts,
): Promise<AccountAnswer> {
  const known = looking.pair.account;
  const byId = known === null ? null : await readKnown(known, looking, ports);
  if (byId !== null) return byId;
  const { record, priority } = looking;
  const { target } = looking.rules;
  const stamp = identityStamp(looking.rules);
  const { items, completeness } = await ports.tenant.reader.findByStamp({
    analyst: record.id,
    stamp,
    priority,
  });
  const [only, ...more] = items;
  if (more.length > 0 || completeness.kind === "partial") {
    throw new Error(
      `${items.length} accounts in ${target.name} carry the stamp of ${record.userPrincipalName}: which one is theirs cannot be proven; remove the stamp ${stamp} from the others`,
    );
  }
  // What was deleted or restored a moment ago may be in neither place that a replica shows; another one is not theirs yet.
  const mayBeThere = known !== null && ports.now() - known.changedAt < replicationWindowMs;
  if (only === undefined || (mayBeThere && only.id !== known.accountId))
    return { seen: { kind: "none" }, record: known, trouble: null };
  const found: AccountRecord = {
    accountId: only.id,
    proof: "stamp",
    origin: originOf(only, scopeRow?.entry),
    blocked: "no",
    deleted: "no",
    changedAt: 0,
    aliveAt: only.createdAt ?? 0,
  };
  const memberOf = await ports.tenant.reader.listMemberOf(only.id, priority);
  // The same account, which one replica did not show and another did, is what it was.
  const account = only.id === known?.accountId ? known : found;
  return { seen: present(only, { proof: account.proof, record, memberOf }), record: account, trouble: null };
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

/** What is remembered of a grant or scope, if anything. */
export function rowOf(ledger: readonly LedgerRow[], what: LedgerRow["item"]): LedgerRow | undefined {
  return ledger.find(({ item }) => sameItem(item, what));
}

export function sameItem(a: LedgerRow["item"], b: LedgerRow["item"]): boolean {
  if (a.kind === "scope") return b.kind === "scope" && a.scope.group === b.scope.group;
  return b.kind === "grant" && a.account === b.account && grantKey(a.grant) === grantKey(b.grant);
}
