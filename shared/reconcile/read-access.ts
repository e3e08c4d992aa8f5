import { classify, GraphError } from "../graph/error.ts";
import type { GroupFound } from "../graph/group-directory.ts";
import type { Listing } from "../graph/listing.ts";
import type { Priority } from "../graph/tenant.ts";
import type { TargetAccount } from "../graph/target-reader.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import type { Grant, GroupFacts, GroupMembership } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import type { AccountRecord, LedgerEntry } from "../model/ledger.ts";
import type { AccessSituation, AccountSeen, NamedGrant } from "../planner/access-plan.ts";
import type { Seen } from "../planner/membership.ts";
import { desiredGrants } from "../policy/desired.ts";
import type { NameOrId } from "../policy/policy.ts";
import type { PairRecord } from "../state/accounts.ts";
import type { LedgerRow } from "../state/ledger.ts";
import type { AccessReadPorts } from "./access-ports.ts";
import type { Run } from "./handle.ts";
import { outcomeOf } from "./handle.ts";
import type { Outcome } from "./outcome.ts";

/** Everything one look at an analyst in a target found. */
export type AccessRead =
  | {
      readonly kind: "read";
      readonly situation: AccessSituation;
      /** What was remembered before this look; the account in the situation may be news. */
      readonly pair: PairRecord;
      readonly ledger: readonly LedgerRow[];
      /** How the groups that may be written take members, by id. */
      readonly membership: ReadonlyMap<string, GroupMembership>;
      /** Set when the target could not be read: the rest is done, and this is how it ends. */
      readonly trouble: Outcome | null;
    }
  /** The policy names something that is not there or not unique: nothing in this target is touched. */
  | { readonly kind: "refused"; readonly reason: string; readonly advice: string };

export async function readAccess(
  record: AnalystRecord,
  ports: AccessReadPorts,
  run: Pick<Run, "attempts">,
): Promise<AccessRead> {
  const { policy, target, now } = ports;
  const priority: Priority = record.leaving === null ? "normal" : "high";
  const wantedNames = record.leaving === null ? desiredGrants(target, record.roles) : [];
  const staying = wantedNames.length > 0;
  const [pair, ledger] = await Promise.all([
    ports.accounts.get(target.name, record.id),
    ports.ledger.list(target.name, record.id),
  ]);
  const scopeRow = ledger.find(({ item }) => item.kind === "scope");
  const [scopeSeen, named, account] = await Promise.all([
    readScope(record, ports, priority),
    resolveNames(wantedNames, ports, priority),
    readAccount({ record, pair, scopeRow, priority, ports, run }),
  ]);
  if (staying && named.refusal !== null) return { ...named.refusal, kind: "refused" };
  const scope = scopeOf(named.scope, scopeRow);
  return {
    kind: "read",
    pair,
    ledger,
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
      managed: named.managed,
      scope: scope === null ? null : { ...scope, seen: scopeSeen(scope.scope.group) },
      account: account.seen,
      owned: {
        grants: ledger.flatMap(({ item, name, entry }) =>
          item.kind === "grant"
            ? [{ grant: item.grant, name, entry, writable: writable(item.grant, named.facts) }]
            : [],
        ),
        scope: scopeRow?.entry,
        account: account.record,
        leftAt: pair.leftAt,
        attempts: run.attempts,
      },
      leavers: policy.leavers,
      movers: policy.movers.order,
      now: now(),
    },
  };
}

const writable = ({ group }: Grant, facts: ReadonlyMap<string, GroupFacts>) =>
  (facts.get(group)?.membership ?? "assigned") === "assigned" ? "yes" : "no";

/**
 * Whether the analyst is a direct member of a source group: sync counts no other members. Trouble in the source must not
 * keep a leaver's access in a target alive, so for them it only means that the scope is not known.
 */
async function readScope(
  { id, leaving }: AnalystRecord,
  { source }: AccessReadPorts,
  priority: Priority,
): Promise<(group: string) => Seen | "deleted"> {
  try {
    const { direct } = await source.reader.readMemberships({ id, groups: [], priority });
    return (group) => seenIn(direct, group);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    if (classify(error).kind === "gone") return () => "deleted";
    if (leaving === null) throw error;
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
  { target, source, tenant }: AccessReadPorts,
  priority: Priority,
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
  return { kind: "not-found", reason: error instanceof Error ? error.message : String(error), advice: "" };
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

type AccountQuestion = {
  readonly record: AnalystRecord;
  readonly pair: PairRecord;
  readonly scopeRow: LedgerRow | undefined;
  readonly priority: Priority;
  readonly ports: AccessReadPorts;
  readonly run: Pick<Run, "attempts">;
};

type AccountAnswer = {
  readonly seen: AccountSeen;
  readonly record: AccountRecord | null;
  readonly trouble: Outcome | null;
};

/** Failures before a target that does not answer is worked around. */
const patience = 2;

async function readAccount(question: AccountQuestion): Promise<AccountAnswer> {
  try {
    return await findAccount(question);
  } catch (error) {
    const outcome = outcomeOf(error);
    // A leaver does not wait for a target that throttles: what can be done from the source is done now.
    const waitsForLeaver = outcome.kind === "again" && question.record.leaving !== null;
    const lasting = outcome.kind === "parked" || waitsForLeaver || question.run.attempts >= patience;
    if (!lasting) throw error;
    return { seen: { kind: "unreachable" }, record: question.pair.account, trouble: outcome };
  }
}

/** The account that is known, else the one whose stamp names this analyst. Never one that merely has the right mail. */
async function findAccount(question: AccountQuestion): Promise<AccountAnswer> {
  const known = question.pair.account;
  const byId = known === null ? null : await readKnown(known, question);
  if (byId !== null) return byId;
  const { record, ports, priority } = question;
  const stamp = identityStamp(ports);
  const { items, completeness } = await ports.tenant.reader.findByStamp({
    analyst: record.id,
    stamp,
    priority,
  });
  const [only, ...more] = items;
  if (more.length > 0 || completeness.kind === "partial") {
    throw new Error(
      `${items.length} accounts in ${ports.target.name} carry the stamp of ${record.userPrincipalName}: which one is theirs cannot be proven; remove the stamp ${stamp} from the others`,
    );
  }
  if (only === undefined) return { seen: { kind: "none" }, record: known, trouble: null };
  const found: AccountRecord = {
    accountId: only.id,
    proof: "stamp",
    origin: originOf(only, question.scopeRow?.entry),
    blocked: "no",
    deleted: "no",
    changedAt: 0,
  };
  const memberOf = await ports.tenant.reader.listMemberOf(only.id, priority);
  return { seen: present(only, { proof: "stamp", record, memberOf }), record: found, trouble: null };
}

async function readKnown(known: AccountRecord, question: AccountQuestion): Promise<AccountAnswer | null> {
  const { record, ports, priority } = question;
  const stamp = identityStamp(ports);
  const [read, memberOf] = await Promise.all([
    ports.tenant.reader.readAccount({ id: known.accountId, stamp, priority }),
    memberOfUnlessGone(known.accountId, question),
  ]);
  if (read.kind === "none") return null;
  if (read.kind === "soft-deleted" || memberOf === null) {
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
  { ports, priority }: AccountQuestion,
): Promise<Listing<string> | null> {
  try {
    return await ports.tenant.reader.listMemberOf(id, priority);
  } catch (error) {
    if (error instanceof GraphError && classify(error).kind === "gone") return null;
    throw error;
  }
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
export function identityStamp({ policy }: Pick<AccessReadPorts, "policy">): string {
  const stamp = policy.source.stamps.find(({ template }) => template === "{id}");
  if (stamp === undefined) throw new Error("the policy has no stamp with the template {id}");
  return stamp.property;
}
