import type { Seen } from "../../shared/model/sight.ts";
import type { AnalystRecord, HeldRole, Recent, SourceUser } from "../../shared/model/analyst.ts";
import { grantKey, type Grant } from "../../shared/model/grant.ts";
import {
  accountIdSchema,
  analystIdSchema,
  groupIdSchema,
  roleNameSchema,
  targetNameSchema,
  tenantIdSchema,
  type RoleName,
  assignmentPolicyIdSchema,
  packageIdSchema,
} from "../../shared/model/ids.ts";
import type { AccountRecord, LedgerEntry, LedgerState } from "../../shared/model/ledger.ts";
import type { Plan, Step, StepKind } from "../../shared/model/plan.ts";
import type { AccessSituation } from "../../shared/planner/access-situation.ts";
import type { NamedGrant, Owned, OwnedGrant } from "../../shared/planner/owned.ts";
import type { AccountSeen } from "../../shared/planner/account-situation.ts";
import type { CheckFacts } from "../../shared/planner/checks.ts";
import { replicationWindowMs, visibleMs } from "../../shared/planner/replicas.ts";
import type { SourceSituation } from "../../shared/planner/source-situation.ts";
import { groupKey } from "../../shared/policy/desired.ts";

/**
 * Ana, an analyst whose access is exactly as the policy says: every plan made of her is empty until a test changes one
 * thing. `accessSituation` is Ana in Contoso, `sourceSituation` is Ana at home.
 */
export const ana = analystIdSchema.parse("a0000000-0000-4000-8000-000000000001");
export const ben = analystIdSchema.parse("a0000000-0000-4000-8000-000000000002");
export const contoso = targetNameSchema.parse("contoso");
export const contosoTenant = tenantIdSchema.parse("55555555-5555-4555-8555-555555555555");
export const fabrikamTenant = tenantIdSchema.parse("99999999-9999-4999-8999-999999999999");
export const anasAccount = accountIdSchema.parse("b0000000-0000-4000-8000-000000000001");
export const bensAccount = accountIdSchema.parse("b0000000-0000-4000-8000-000000000002");

export const reader = roleNameSchema.parse("reader");
export const responder = roleNameSchema.parse("responder");

export const now = Date.UTC(2026, 10, 20, 12);
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** So long ago that every replica knows it. */
export const longAgo = now - 30 * replicationWindowMs;
/** So long ago that it should show, and so recently that a replica may not know it. */
export const lately = now - 2 * visibleMs;
/** So recently that it need not show anywhere. */
export const justNow = now - 1_000;

export const groupId = (number: number) =>
  groupIdSchema.parse(`c0000000-0000-4000-8000-${String(number).padStart(12, "0")}`);

const named = (number: number, name: string): NamedGrant & { readonly grant: Grant<"group"> } => ({
  grant: { kind: "group", group: groupId(number) },
  name,
});

/** Assignment of an access package. */
const operator: Grant<"package"> = {
  kind: "package",
  package: packageIdSchema.parse("4a000000-0000-4000-8000-000000000001"),
  policy: assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001"),
  expires: null,
  renew: false,
};

/** Groups of the source tenant that make people readers and responders. */
export const readersAtHome = groupId(11);
export const respondersAtHome = groupId(12);
/** A group of the source tenant that access is delegated to. */
export const lighthouse = groupId(90);

export const readers = named(1, "SOC Readers");
export const responders = named(2, "SOC Responders");
export const hunters = named(3, "SOC Hunters");
export const syncScope = {
  scope: { kind: "group", group: groupId(9) },
  name: "Sync to Contoso",
} as const;

/** A role, and the group that shows who holds it in the source. */
const held = (role: RoleName, number: number): HeldRole => ({ role, by: groupKey(groupId(number)) });
export const asReader = held(reader, 11);
export const asResponder = held(responder, 12);

/** Muster's word on a membership. */
export function entry(state: LedgerState, at: number = longAgo, oppositeAt = 0): LedgerEntry {
  return { state, at, oppositeAt };
}

export function granted({ grant, name }: NamedGrant, ledger: LedgerEntry = entry("added")): OwnedGrant {
  return { grant, name, entry: ledger, unwantedSince: null, writable: "yes", heir: "none" };
}

/** What Muster remembers of Ana's account in Contoso. */
export function remembered(changes: Partial<AccountRecord> = {}): AccountRecord {
  return {
    accountId: anasAccount,
    proof: "stamp",
    origin: "created",
    blocked: "no",
    deleted: "no",
    changedAt: longAgo,
    aliveAt: longAgo,
    unblockedAt: 0,
    ...changes,
  };
}

type PresentAccount = Extract<AccountSeen, { kind: "present" }>;

/** An account as a read shows it; with a `partial` listing, a group that is not in it is unknown, not absent. */
export function accountIn(
  memberOf: readonly NamedGrant[],
  changes: Partial<PresentAccount> & { readonly listing?: "complete" | "partial" } = {},
): PresentAccount {
  const { listing = "complete", ...rest } = changes;
  const keys = new Set(memberOf.map(({ grant }) => grantKey(grant)));
  return {
    kind: "present",
    id: anasAccount,
    enabled: true,
    proof: "stamp",
    detail: "",
    stamped: "yes",
    seen: (grant) => ({
      seen: keys.has(grantKey(grant)) ? "present" : listing === "complete" ? "absent" : "unknown",
    }),
    ...rest,
  };
}

export const noAccount: AccountSeen = { kind: "none" };
export const unreachable: AccountSeen = { kind: "unreachable" };
export const recycled: AccountSeen = { kind: "soft-deleted", id: anasAccount };

type AccessChanges = Partial<Omit<AccessSituation, "owned" | "leavers" | "scope">> & {
  /** null: the scope group cannot be found, and Muster never put her into one. */
  readonly scope?: Seen | "deleted" | null;
  readonly owned?: Partial<Owned>;
  readonly leavers?: Partial<AccessSituation["leavers"]>;
};

/** Ana in Contoso: in scope, with her account, a reader; all of it by Muster's hand, all of it long ago. */
export function accessSituation({ scope, owned, leavers, ...changes }: AccessChanges = {}): AccessSituation {
  return {
    analyst: ana,
    target: contoso,
    leaving: null,
    news: "none",
    goneUntil: 0,
    nowhereSince: null,
    subjects: new Map(),
    wanted: [readers],
    keeps: null,
    managed: [readers, responders],
    scope: scope === null ? null : { ...syncScope, seen: scope ?? "present", heir: "none" },
    formerScopes: [],
    policySince: 0,
    accounts: "synced",
    invitation: null,
    account: accountIn([readers]),
    others: [],
    owned: {
      grants: [granted(readers)],
      scope: entry("added"),
      gone: [],
      scopedUntil: null,
      account: remembered(),
      leftAt: null,
      asked: { tries: 0, scopedAt: null },
      awaited: "no",
      askAfter: 0,
      wroteAt: 0,
      doubt: { gives: 0, takes: 0 },
      attempts: 0,
      ...owned,
    },
    leavers: { block: true, deleteAfterMs: 0, accounts: "owned", ...leavers },
    movers: "add-first",
    graceMs: 0,
    onExternalRemoval: "restore",
    denials: new Map(),
    taken: {},
    patienceMs: Infinity,
    now,
    ...changes,
  };
}

/** The same Ana on the day she leaves. */
export function leaverSituation(changes: AccessChanges = {}): AccessSituation {
  return accessSituation({
    leaving: "no-role",
    wanted: [],
    ...changes,
    owned: { leftAt: now, ...changes.owned },
  });
}

/** Facts for the checks that object to nothing about Ana in Contoso. */
export function facts(changes: Partial<CheckFacts> = {}): CheckFacts {
  return {
    mode: "full",
    modes: new Map(),
    removedFor: new Map(),
    protected: new Set(),
    ownedGrants: new Set([readers, responders, hunters].map(({ grant }) => grantKey(grant))),
    ownedScopes: new Set([grantKey(syncScope.scope)]),
    ownsAccount: "yes",
    others: new Set(),
    account: anasAccount,
    accounts: "owned",
    unwritable: new Map(),
    removalsPerRun: 5,
    ...changes,
  };
}

/** A plan with nothing in it but what a test puts there. */
export function planOf(changes: Partial<Plan> = {}): Plan {
  return {
    analyst: ana,
    target: contoso,
    purpose: "join",
    leaving: null,
    steps: [],
    withheld: [],
    notes: [],
    ...changes,
  };
}

const extension = "extension_22222222222242228222222222222222";

/** The stamps of the policy's example: `socRoles: "{roles}"`, `socSourceId: "{id}"`. */
export function stampsFor(roles: readonly RoleName[]): Readonly<Record<string, string>> {
  return {
    [`${extension}_socRoles`]: roles.length === 0 ? "none" : roles.join(";"),
    [`${extension}_socSourceId`]: ana,
  };
}

function sourceUser(changes: Partial<SourceUser> = {}): SourceUser {
  return {
    id: ana,
    userPrincipalName: "ana@source.example",
    displayName: "Ana",
    enabled: true,
    attributes: {},
    stamps: stampsFor([reader]),
    sessionsValidFrom: longAgo - dayMs,
    ...changes,
  };
}

/** What Muster remembers of Ana. */
export function analystRecord(changes: Partial<AnalystRecord> = {}): AnalystRecord {
  return {
    id: ana,
    userPrincipalName: "ana@source.example",
    displayName: "Ana",
    held: [asReader],
    roles: [asReader],
    refused: {},
    leftBehind: "no",
    lost: {},
    moved: {},
    leaving: null,
    leftAt: null,
    missingSince: null,
    recent: believed(),
    stamped: {},
    sessionsRevokedAt: null,
    confirmed: {},
    confirmedAt: 0,
    targets: [contosoTenant],
    meaning: "a reader",
    version: 1,
    told: 1,
    since: longAgo,
    ...changes,
  };
}

/** What was believed of Ana not long ago: nothing but what is still so. */
export function believed(changes: Partial<Recent> = {}): Recent {
  return { state: "enabled", states: {}, roles: {}, stamps: null, ...changes };
}

type SourceChanges = Partial<Omit<SourceSituation, "read">> & {
  /** A present user with these properties, or one of the two ways of being gone. */
  readonly user?: Partial<SourceUser> | "soft-deleted" | "absent";
};

/** Ana at home: a reader, stamped as one, remembered as one. */
export function sourceSituation({ user = {}, ...changes }: SourceChanges = {}): SourceSituation {
  return {
    analyst: ana,
    read: typeof user === "string" ? { kind: user } : { kind: "present", user: sourceUser(user) },
    held: [asReader],
    departed: "no",
    loss: null,
    record: analystRecord(),
    protected: "no",
    revokeSessions: true,
    stamps: stampsFor,
    properties: Object.keys(stampsFor([])),
    now,
    ...changes,
  };
}

/** One of every step there is; the type sees to it that none is missing. */
export const oneOfEach: { readonly [K in StepKind]: Extract<Step, { kind: K }> } = {
  stamp: { kind: "stamp", values: stampsFor([reader]) },
  "revoke-sessions": { kind: "revoke-sessions" },
  "join-scope": { kind: "join-scope", ...syncScope },
  "renew-scope": { kind: "renew-scope", ...syncScope },
  "leave-scope": { kind: "leave-scope", ...syncScope },
  provision: { kind: "provision" },
  "restore-account": { kind: "restore-account", account: anasAccount },
  "unblock-account": { kind: "unblock-account", account: anasAccount },
  "block-account": { kind: "block-account", account: anasAccount },
  "delete-account": { kind: "delete-account", account: anasAccount },
  grant: { kind: "grant", account: anasAccount, ...readers },
  renew: { kind: "renew", account: anasAccount, ...readers },
  invite: { kind: "invite", grant: operator, name: "SOC Operator", mail: "ana@source.example" },
  revoke: { kind: "revoke", account: anasAccount, ...readers },
};
