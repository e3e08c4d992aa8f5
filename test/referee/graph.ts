import { isDeepStrictEqual } from "node:util";
import type { GroupMembership } from "../../shared/model/group.ts";
import { GraphError, type GraphFailure } from "../../shared/graph/error.ts";
import type { GroupDirectory } from "../../shared/graph/group-directory.ts";
import type { Written } from "../../shared/graph/group-members.ts";
import type { Listing } from "../../shared/graph/listing.ts";
import type { SourceReader } from "../../shared/graph/source-reader.ts";
import type { SourceWriter } from "../../shared/graph/source-writer.ts";
import type { ProvisionResult } from "../../shared/graph/provision-result.ts";
import type { Provisioner, SyncJobReader } from "../../shared/graph/synchronization.ts";
import type { TargetReader } from "../../shared/graph/target-reader.ts";
import type { TargetWriter } from "../../shared/graph/target-writer.ts";
import type { GraphTenant, SendLimits, Trace } from "../../shared/graph/tenant.ts";
import { appRoleReader, appRoleWriter } from "../../shared/graph/grants/app-role-grants.ts";
import { eligibleReader, eligibleWriter } from "../../shared/graph/grants/eligible-grants.ts";
import type { PackageDirectory } from "../../shared/graph/grants/package-directory.ts";
import { packageReader, packageWriter } from "../../shared/graph/grants/package-grants.ts";
import { invite, readGuestRules, readInvitations } from "../../shared/graph/invitations.ts";
import type { AppRoleDirectory } from "../../shared/graph/grants/app-role-directory.ts";
import { write as writeGrant } from "../../shared/graph/grants/kind.ts";
import {
  accountIdSchema,
  analystIdSchema,
  appRoleIdSchema,
  assignmentPolicyIdSchema,
  groupIdSchema,
  packageIdSchema,
} from "../../shared/model/ids.ts";
import { grantReadersOf, grantWritersOf } from "../support/tenant-grants.ts";
import type { Chance } from "./chance.ts";
import { appRolesOf } from "./app-roles.ts";
import { doorPackageId, isTeam, scopePackageId, scopeRole, sourceTenant } from "./cast.ts";
import type { Entitlement } from "./entitlement.ts";
import type { Governance } from "./governance.ts";
import { governedTenant } from "./governed-tenant.ts";
import { listsOf } from "./lists.ts";
import {
  allGroupsOf,
  allMembersOf,
  groupsOf,
  membersOf,
  move,
  scopesOf,
  type Account,
  type Directory,
  type Person,
  type Target,
} from "./directory.ts";
import { provisionOnDemand, type OnDemand } from "./sync.ts";
import { attempt, type Travel } from "./tables.ts";
import type { Time } from "./time.ts";

export type GraphTrouble = {
  /** Share of the reads that come from a replica that is behind, and how far behind that is. */
  readonly stale: number;
  readonly lagMs: number;
  /** How far behind the replicas of a target may be that tell of an account's groups, if that is more. */
  readonly groupsLagMs: number;
  /** Shares of the writes that are refused for now, and of those whose first answer is lost. */
  readonly refused: number;
  readonly lostAnswers: number;
  /** How long an assignment is unseen by on-demand provisioning. */
  readonly assignmentMs: number;
  /** Share of the on-demand answers that do not say which account it is. */
  readonly unnamedAccounts: number;
  /** Share of the listings of which only the first half comes, and of the questions for a stamp that have no answer. */
  readonly brokenOff: number;
  readonly noIndex: number;
  /** Share of the calls that are answered with "too many requests" and a long pause. */
  readonly throttled: number;
};

export type GraphOptions = {
  readonly directory: Directory;
  readonly governance: Governance;
  /** Entitlement management of the source. */
  readonly homePackages: Entitlement;
  /** When on-demand provisioning was asked lately, by all hosts. */
  readonly asked: number[];
  readonly time: Time;
  /** The clock of the host that asks. */
  readonly hostNow: () => number;
  readonly chance: Chance;
  readonly travel: Travel;
  readonly trouble: () => GraphTrouble;
  /** Hears of every write that Muster sends, whatever comes of it. */
  readonly onTry: (what: string) => void;
  /** Hears of every write of Muster's that took effect in a target. */
  readonly onWrite: (what: TargetWrite) => void;
};

export type TargetWrite = {
  readonly tenantId: string;
  readonly account: string;
  readonly kind: "grant" | "revoke" | "block" | "unblock" | "delete" | "restore";
  readonly group?: string;
  /** Whose it was, where that is known. */
  readonly by?: "admin";
};

/** The gateway's ports over the referee's directory: what Graph would answer, with its lag and its stumbles. */
export type Graph = {
  readonly sourceReader: SourceReader;
  readonly sourceWriter: SourceWriter;
  readonly targetReader: (tenantId: string) => TargetReader;
  readonly targetWriter: (tenantId: string) => TargetWriter;
  readonly provisioner: Provisioner;
  readonly jobs: SyncJobReader;
  readonly groups: GroupDirectory;
  /** Reads a tenant as a whole. */
  readonly lists: (tenantId: string) => ReturnType<typeof listsOf>;
};

const trace: Trace = { clientRequestId: "", requestId: null, status: 200, ms: 0, tries: 1 };
const complete = { kind: "complete" } as const;

/** Less than what the directory remembers of the past. */
const historyMs = 50 * 60_000;
/** How late a change may be told of at most. */
const lateMs = 10 * 60_000;

const tracked = (person: Person | undefined) =>
  person && [person.name, person.enabled, person.attributes, person.stamps];

/** The sync jobs of the referee's world are called by the tenant they lead to. */
const tenantOfJob = (job: string) => job.replace("Azure2Azure.", "");

export function graphOf(options: GraphOptions): Graph {
  const {
    directory,
    governance,
    homePackages,
    asked,
    time,
    hostNow,
    chance,
    travel,
    trouble,
    onTry,
    onWrite,
  } = options;
  const { source } = directory;

  /** `at` is the moment the answering replica shows; undefined for the present. */
  async function read<T>(
    what: string,
    look: (at: number | undefined) => T,
    lagMs = trouble().lagMs,
  ): Promise<T> {
    await travel.there(what);
    await limit(what);
    const { stale } = trouble();
    const at = chance.happens(`stale: ${what}`, stale)
      ? time.now() - chance.between(`behind: ${what}`, 1, lagMs)
      : undefined;
    const result = attempt(() => look(at));
    await travel.back(what);
    return result();
  }

  /** A listing whose later pages cannot be had has to say so. */
  function listed<T>(what: string, items: readonly T[]): Listing<T> {
    if (!chance.happens(`broken off: ${what}`, trouble().brokenOff)) return { items, completeness: complete };
    const half = items.slice(0, Math.floor(items.length / 2));
    return { items: half, completeness: { kind: "partial", why: "the second page has no answer" } };
  }

  async function limit(what: string): Promise<void> {
    if (!chance.happens(`throttled: ${what}`, trouble().throttled)) return;
    const retryAfterMs = chance.between("throttled for", 3, 90) * 1_000;
    await travel.back(what);
    throw failure(what, { status: 429, code: "TooManyRequests", retryAfterMs });
  }

  async function write<T = Written["result"]>(
    what: string,
    { sendBefore }: Pick<SendLimits, "sendBefore">,
    act: () => T,
  ): Promise<Omit<Written, "result"> & { readonly result: T }> {
    onTry(what);
    if (hostNow() > sendBefore) throw failure(what, { status: 0, code: "late" });
    await travel.there(what);
    await limit(what);
    if (chance.happens(`refused: ${what}`, trouble().refused)) {
      await travel.back(what);
      throw failure(what, { status: 503, code: "serviceNotAvailable" });
    }
    let result = attempt(act);
    let appliedBefore: Written["appliedBefore"] = "no";
    if (chance.happens(`lost answer: ${what}`, trouble().lostAnswers)) {
      // The gateway asks again, and cannot know whether the first call went through.
      appliedBefore = "maybe";
      await time.turn(`again: ${what}`);
      if (chance.happens(`lost again: ${what}`, 0.3)) {
        await travel.back(what);
        throw failure(what, { status: 0, code: "timeout", appliedBefore });
      }
      result = attempt(act);
    }
    await travel.back(what);
    return { result: result(), appliedBefore, trace };
  }

  const targetOf = (tenantId: string): Target => {
    const target = directory.targets.get(tenantId);
    if (target === undefined) throw new Error(`there is no tenant ${tenantId}`);
    return target;
  };

  const sourceReader: SourceReader = {
    readUser: ({ id, attributes, stamps }) =>
      read(`source user ${id}`, (at) => {
        const person = source.users.get(id, at);
        if (person === undefined)
          return { kind: source.bin.get(id, at) === undefined ? "absent" : "soft-deleted" };
        const of = (values: Readonly<Record<string, string>>, names: readonly string[]) =>
          Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
        return {
          kind: "present",
          user: {
            id: analystIdSchema.parse(person.id),
            userPrincipalName: person.name,
            displayName: person.name,
            enabled: person.enabled,
            attributes: of(person.attributes, attributes),
            stamps: of(person.stamps, stamps),
            sessionsValidFrom: person.sessionsValidFrom,
          },
        };
      }),
    async readMemberships({ id, groups }) {
      const [direct, confirmed] = await Promise.all([
        read(`source groups of ${id}`, (at) => listed(`groups of ${id}`, held(id, at))),
        read(`source check of ${id}`, (at) => {
          const around = new Set([...held(id, at), ...allGroupsOf(source, id, at)]);
          return groups.filter((group) => around.has(group));
        }),
      ]);
      return { direct, confirmed: new Set(confirmed) };
    },
    listMembers: (group) =>
      read(`source members of ${group}`, (at) => {
        const members = allMembersOf(source, group, at);
        return {
          ...listed(
            `members of ${group}`,
            members.filter((id) => source.users.get(id, at) !== undefined),
          ),
          groups: members.filter(isTeam),
        };
      }),
    listGroupsAround: (group) =>
      read(`source groups around ${group}`, (at) => ({
        items: allGroupsOf(source, group, at),
        completeness: complete,
      })),
    listByAttributes: (attributes) =>
      read("source users by attributes", (at) => ({
        items: [...source.users.entries(at)].flatMap(([id, person]) =>
          Object.entries(attributes).every(([name, value]) => person.attributes[name] === value) ? [id] : [],
        ),
        completeness: complete,
      })),
    // A cursor is the moment that the replica which gave it out shows; what changed a while before it may be told of later.
    changes: {
      latest: () => read("source delta link", (at) => String(at ?? time.now())),
      since: (cursor) =>
        read("source delta", (at) => {
          const from = Number(cursor);
          const isLost = chance.happens("delta cursor lost", trouble().brokenOff);
          if (isLost || from < time.now() - historyMs) return { kind: "lost", why: "410 from /users/delta" };
          const until = Math.max(from, at ?? time.now());
          const isLate = chance.happens("delta late", trouble().stale);
          const told = isLate ? Math.max(from, until - chance.between("late by", 1, lateMs)) : until;
          const users = new Set([...source.users.keys(from), ...source.users.keys(told)]);
          const isOther = (id: string) =>
            !isDeepStrictEqual(tracked(source.users.get(id, from)), tracked(source.users.get(id, told)));
          return { kind: "changes", ids: new Set([...users].filter(isOther)), cursor: String(until) };
        }),
    },
  };

  function held(id: string, at: number | undefined): readonly string[] {
    if (source.users.get(id, at) === undefined)
      throw failure(`memberships of ${id}`, { status: 404, code: "Request_ResourceNotFound" });
    return groupsOf(source, id, at);
  }

  const sourceWriter: SourceWriter = {
    stamp: (id, values, limits) =>
      write(`stamp ${id}`, limits, () => {
        const person = source.users.get(id);
        if (person === undefined) throw failure("stamp", { status: 404, code: "Request_ResourceNotFound" });
        directory.change(id, { stamps: { ...person.stamps, ...values } });
        return "done";
      }),
    clearStamp: (id, values, limits) => sourceWriter.stamp(id, values, limits),
    revokeSessions: (id, limits) =>
      write(`revoke sessions of ${id}`, limits, () => {
        directory.change(id, { sessionsValidFrom: time.now() });
        return "done";
      }),
    writeScope(way, scope, { analyst, limits }) {
      if (scope.kind !== "group")
        return writeGrant(homeGrants, way, { grant: scope, account: accountIdSchema.parse(analyst), limits });
      return way === "take"
        ? leaveScope(scope.group, analyst, limits)
        : joinScope(scope.group, analyst, limits);
    },
  };

  const joinScope = (group: string, id: string, limits: SendLimits) =>
    write(`join scope ${id}`, limits, () => {
      refuseLocked(group);
      if (source.users.get(id) === undefined)
        throw failure("join scope", { status: 404, code: "Request_ResourceNotFound" });
      return directory.join(group, id, "muster") ? "done" : "already";
    });

  // Who is in the recycle bin is not found, and keeps their memberships.
  const leaveScope = (group: string, id: string, limits: SendLimits) =>
    write(`leave scope ${id}`, limits, () => {
      refuseLocked(group);
      return source.users.get(id) !== undefined && directory.drop(group, id) ? "done" : "missing";
    });

  /** The source as the readers and writers of roles and packages call it; whose a scope is, is known without being told. */
  const home = governedTenant({
    tenantId: sourceTenant,
    now: time.now,
    serviceOf: (path) => (path.includes("/entitlementManagement/") ? homePackages : homeRoles),
    read: (_template, what, look) => read(what, look),
    write: ([what], sendBefore, act) => write(what, { sendBefore }, act),
    hears: () => undefined,
    breaksOff: (what) => chance.happens(`broken off: ${what}`, trouble().brokenOff),
    failure,
  });
  const homeRoles = appRolesOf(directory, {
    unknown: () => failure("/users/{id}", { status: 404, code: "Request_ResourceNotFound" }),
    refuseLocked: () => refuseLocked(scopeRole),
  });
  const rolesThere: AppRoleDirectory = {
    find: async ({ servicePrincipal }) => ({
      kind: "found",
      grant: { kind: "appRole", servicePrincipal, role: appRoleIdSchema.parse(scopeRole) },
      name: "the role",
      unwritable: null,
    }),
  };

  /** Everybody's account in the source is their own user. */
  const homeReader: TargetReader = {
    readAccount: ({ id }) =>
      read(`own user ${id}`, (at) => {
        const person = source.users.get(id, at);
        // On its way between the directory and the recycle bin a user may be on show in neither.
        const moved = (person === undefined) !== (source.users.get(id) === undefined);
        if (moved && chance.happens(`nowhere: ${id}`, 0.5)) return { kind: "none" };
        if (person === undefined)
          return { kind: source.bin.get(id, at) === undefined ? "none" : "soft-deleted" };
        const { name: userPrincipalName, enabled } = person;
        const account = { id, userPrincipalName, enabled, createdAt: 0, isInvited: false, stamp: null };
        return { kind: "present", account };
      }),
    findByStamp: notAtHome,
    findDeleted: notAtHome,
    readInvitations: notAtHome,
    readGuestRules: notAtHome,
    grants: grantReadersOf({
      groups: groupsAre(() => "assigned"),
      isMember: (id, group) =>
        read(`${id} in ${group}`, (at) => source.members.get(`${group}|${id}`, at) !== undefined),
      listMemberOf: (id) => read(`source groups of ${id}`, (at) => listed(`groups of ${id}`, held(id, at))),
      readEligible: notAtHome,
      packages: packageReader(home, packagesAre()),
      appRoles: appRoleReader(home, rolesThere),
    }),
  };

  const homeGrants = grantWritersOf({
    give: delegate,
    take: withdraw,
    makeEligible: notAtHome,
    renew: notAtHome,
    endEligible: notAtHome,
    packages: packageWriter(home),
    appRoles: appRoleWriter(home),
  });

  const homeWriter: TargetWriter = {
    grants: homeGrants,
    invite: notAtHome,
    setEnabled: notAtHome,
    remove: notAtHome,
    restore: notAtHome,
  };

  function delegate(group: string, id: string, limits: SendLimits): Promise<Written> {
    return write(`grant ${group} to ${id}`, limits, () => {
      if (source.users.get(id) === undefined)
        throw failure("grant", { status: 404, code: "Request_ResourceNotFound" });
      if (!directory.join(group, id, "muster")) return "already";
      onWrite({ tenantId: sourceTenant, account: id, kind: "grant", group });
      return "done";
    });
  }

  // Who is in the recycle bin is not found, and keeps their memberships.
  function withdraw(group: string, id: string, limits: SendLimits): Promise<Written> {
    return write(`revoke ${group} from ${id}`, limits, () => {
      const isThere =
        source.users.get(id) !== undefined && source.members.get(`${group}|${id}`) !== undefined;
      if (!isThere) return "missing";
      onWrite({ tenantId: sourceTenant, account: id, kind: "revoke", group });
      directory.drop(group, id);
      return "done";
    });
  }

  function refuseLocked(group: string): void {
    const isLocked = [...directory.targets.values()].some(
      (target) => target.lock === "locked" && scopesOf(target).includes(group),
    );
    if (isLocked) throw failure(memberRefs, { status: 403, code: "Authorization_RequestDenied" });
  }

  return {
    sourceReader,
    sourceWriter,
    targetReader: (tenantId) => (tenantId === sourceTenant ? homeReader : targetReader(tenantId)),
    targetWriter: (tenantId) => (tenantId === sourceTenant ? homeWriter : targetWriter(tenantId)),
    provisioner: {
      provisionOnDemand: async ({ job }, id, { sendBefore }) => {
        const what = `provision ${id}`;
        const target = targetOf(tenantOfJob(job));
        if (hostNow() > sendBefore) throw failure(what, { status: 0, code: "late" });
        await travel.there(what);
        await limit(what);
        if (isOverLimit(time.now(), asked)) {
          await travel.back(what);
          throw failure(what, { status: 429, code: "TooManyRequests", retryAfterMs: 10_000 });
        }
        const since = scopedSince(target, id);
        const isSeenInScope = since !== undefined && since <= time.now() - trouble().assignmentMs;
        const done = provisionOnDemand(directory, target, { id, isSeenInScope });
        await travel.back(what);
        return { result: answerOf(done), trace };
      },
    },
    jobs: {
      async readStatus({ job }) {
        const { cycleBegan, job: state } = targetOf(tenantOfJob(job));
        const code = state === "Paused" ? state : cycleBegan === null ? "NotRun" : "Active";
        return { code, quarantine: null, cycleBegan };
      },
    },
    groups: groupsAre(() => "assigned"),
    lists: (tenantId) => (tenantId === sourceTenant ? listsAtHome() : listsThere(tenantId)),
  };

  function listsAtHome(): ReturnType<typeof listsOf> {
    const shown = {
      name: "the source",
      users: (at: number | undefined) =>
        [...source.users.entries(at)].map(([, { id, enabled, stamps }]) => ({
          id,
          enabled,
          stamp: null,
          stamps,
        })),
      members: (group: string, at: number | undefined) => membersOf(source, group, at),
      eligible: notAtHome,
      assignments: (account: string, what: string, at: number | undefined) =>
        homePackages.shownOf(account, what, at),
    };
    return listsOf(shown, { read, listed });
  }

  function listsThere(tenantId: string): ReturnType<typeof listsOf> {
    const target = targetOf(tenantId);
    const services = governance.get(tenantId);
    const shown = {
      name: tenantId,
      users: (at: number | undefined) =>
        [...target.users.entries(at)].map(([, { id, enabled, stamp }]) => ({
          id,
          enabled,
          stamp,
          stamps: {},
        })),
      members: (group: string, at: number | undefined) => membersOf(target, group, at),
      eligible: (account: string, at: number | undefined) => services?.pim.isEligible(account, at) === true,
      assignments: (account: string, what: string, at: number | undefined) =>
        services?.packages.shownOf(account, what, at) ?? [],
    };
    const readHere = <T>(what: string, look: (at: number | undefined) => T) =>
      read(
        what,
        (at) => {
          knock(target, "/groups/{id}/members");
          return look(at);
        },
        longestLagMs(),
      );
    return listsOf(shown, { read: readHere, listed });
  }

  function answerOf(done: OnDemand): ProvisionResult {
    if (done.kind === "not-in-scope") return { kind: "not-in-scope", detail: "not assigned" };
    if (chance.happens("unnamed account", trouble().unnamedAccounts)) return { kind: "unnamed" };
    return { ...done, account: accountIdSchema.parse(done.account) };
  }

  function scopedSince(target: Target, id: string): number | undefined {
    const key = scopesOf(target)
      .map((group) => `${group}|${id}`)
      .find((one) => source.members.get(one) !== undefined);
    if (key === undefined) return undefined;
    for (const ago of [0, 30_000, 60_000, 120_000, 240_000, 480_000]) {
      if (source.members.get(key, time.now() - ago) === undefined) return time.now() - ago;
    }
    return time.now() - 480_000;
  }

  function longestLagMs(): number {
    return Math.max(trouble().lagMs, trouble().groupsLagMs);
  }

  function targetReader(tenantId: string): TargetReader {
    const target = targetOf(tenantId);
    const tenant = governed(target);
    const readHere = <T>(
      template: string,
      what: string,
      look: (at: number | undefined) => T,
      lagMs = trouble().lagMs,
    ) =>
      read(
        what,
        (at) => {
          knock(target, template);
          return look(at);
        },
        lagMs,
      );
    const shown = (account: Account, stamp: string | null) => ({
      id: accountIdSchema.parse(account.id),
      userPrincipalName: account.person,
      enabled: account.enabled,
      createdAt: account.createdAt,
      isInvited: true,
      stamp: stamp === null ? null : account.stamp,
      ...(stamp === null ? { guest: { userType: "Guest", invitation: "Accepted" } } : {}),
    });
    return {
      readAccount: ({ id, stamp }) =>
        readHere("/users/{id}", `account ${id}`, (at) => {
          const account = target.users.get(id, at);
          // On its way between the directory and the recycle bin an object may be on show in neither.
          const moved = (account === undefined) !== (target.users.get(id) === undefined);
          if (moved && chance.happens(`nowhere: ${id}`, 0.5)) return { kind: "none" };
          if (account !== undefined) return { kind: "present", account: shown(account, stamp) };
          return { kind: target.bin.get(id, at) === undefined ? "none" : "soft-deleted" };
        }),
      findByStamp: ({ analyst, stamp }) =>
        readHere("/users", `account of ${analyst}`, (at) => {
          if (chance.happens(`no index: ${analyst}`, trouble().noIndex))
            throw failure("/users", { status: 503, code: "serviceNotAvailable" });
          const found = [...target.users.entries(at)].flatMap(([, account]) =>
            account.stamp === analyst ? [shown(account, stamp)] : [],
          );
          return listed(`accounts of ${analyst}`, found);
        }),
      findDeleted: ({ analyst }) =>
        readHere("/directory/deletedItems/microsoft.graph.user", `bin of ${analyst}`, (at) =>
          listed(
            `deleted accounts of ${analyst}`,
            [...target.bin.entries(at)].flatMap(([, account]) =>
              account.stamp === analyst ? [accountIdSchema.parse(account.id)] : [],
            ),
          ),
        ),
      readInvitations: (question) => readInvitations(tenant, question),
      readGuestRules: (priority) => readGuestRules(tenant, priority),
      grants: {
        ...grantReadersOf({
          groups: groupsHere(target),
          isMember: (account, group) =>
            readHere(
              "/users/{id}/checkMemberGroups",
              `${account} in ${group}`,
              (at) => target.members.get(`${group}|${account}`, at) !== undefined,
            ),
          listMemberOf(account) {
            const look = (at: number | undefined) => {
              if (target.users.get(account, at) === undefined)
                throw failure("memberOf", { status: 404, code: "Request_ResourceNotFound" });
              return listed(`groups of ${account}`, groupsOf(target, account, at));
            };
            return readHere("/users/{id}/memberOf", `groups of ${account}`, look, longestLagMs());
          },
          readEligible: notAtHome,
          packages: noPackages,
        }),
        eligible: eligibleReader(tenant, groupsHere(target)),
        package: packageReader(tenant, packagesHere(target)),
      },
    };
  }

  /** What is governed is called as the product calls it. */
  function governed(target: Target): GraphTenant {
    const { tenantId } = target;
    const services = governance.get(tenantId);
    if (services === undefined) throw new Error(`nothing is governed in ${tenantId}`);
    return governedTenant({
      tenantId,
      now: time.now,
      serviceOf: (path) => (path.includes("/entitlementManagement/") ? services.packages : services.pim),
      read: (template, what, look) =>
        read(
          what,
          (at) => {
            knock(target, template);
            return look(at);
          },
          longestLagMs(),
        ),
      write: ([what, template], sendBefore, act) =>
        write(what, { sendBefore }, () => {
          knock(target, template, "POST");
          return act();
        }),
      hears: (kind, account, group, by) =>
        onWrite({ tenantId, account, kind, group, ...(by === undefined ? {} : { by }) }),
      breaksOff: (what) => chance.happens(`broken off: ${what}`, trouble().brokenOff),
      failure,
    });
  }

  function targetWriter(tenantId: string): TargetWriter {
    const target = targetOf(tenantId);
    const tenant = governed(target);
    const tell = (kind: TargetWrite["kind"], account: string, group?: string) =>
      onWrite({ tenantId, account, kind, ...(group === undefined ? {} : { group }) });
    const tellOf = (kind: TargetWrite["kind"], { id, endedBy }: Account) =>
      onWrite({ tenantId, account: id, kind, ...(endedBy === "admin" ? { by: endedBy } : {}) });
    const writeHere = (
      [what, template]: readonly [string, string],
      limits: SendLimits,
      act: () => Written["result"],
    ) =>
      write(what, limits, () => {
        knock(target, template, "PATCH");
        return act();
      });
    const writeMembers = (
      [what, group]: readonly [string, string],
      limits: SendLimits,
      act: () => Written["result"],
    ) =>
      writeHere([what, memberRefs], limits, () => {
        if (target.frozen.has(group)) throw failure(memberRefs, { status: 400, code: "Request_BadRequest" });
        return act();
      });
    const setEnabled = (id: string, enabled: boolean): Written["result"] => {
      const account = target.users.get(id);
      if (account === undefined && !enabled) return "missing";
      if (account === undefined) throw failure("enable", { status: 404, code: "Request_ResourceNotFound" });
      target.users.set(id, { ...account, enabled, endedBy: "nobody" });
      tellOf(enabled ? "unblock" : "block", account);
      return "done";
    };
    return {
      grants: {
        ...grantWritersOf({
          give: (group, account, limits) =>
            writeMembers([`grant ${group} to ${account}`, group], limits, () => {
              if (target.users.get(account) === undefined)
                throw failure("grant", { status: 404, code: "Request_ResourceNotFound" });
              if (target.members.get(`${group}|${account}`) !== undefined) return "already";
              target.members.set(`${group}|${account}`, "muster");
              tell("grant", account, group);
              return "done";
            }),
          take: (group, account, limits) =>
            writeMembers([`revoke ${group} from ${account}`, group], limits, () => {
              if (target.users.get(account) === undefined) return "missing";
              if (target.members.get(`${group}|${account}`) === undefined) return "missing";
              tell("revoke", account, group);
              target.members.delete(`${group}|${account}`);
              return "done";
            }),
          makeEligible: notAtHome,
          renew: notAtHome,
          endEligible: notAtHome,
          packages: noPackages,
        }),
        eligible: eligibleWriter(tenant),
        package: packageWriter(tenant),
      },
      invite: (grant, whom) => invite(tenant, grant, whom),
      setEnabled: (account, state, limits) =>
        writeHere([`${state} ${account}`, "/users/{id}"], limits, () =>
          setEnabled(account, state === "unblocked"),
        ),
      remove: (account, limits) =>
        writeHere([`delete ${account}`, "/users/{id}"], limits, () => {
          if (move(target.users, target.bin, account) === undefined) return "missing";
          tell("delete", account);
          return "done";
        }),
      restore: (account, limits) =>
        writeHere([`restore ${account}`, "/directory/deletedItems/{id}/restore"], limits, () => {
          const restored = move(target.bin, target.users, account);
          if (restored === undefined)
            throw failure("restore", { status: 404, code: "Request_ResourceNotFound" });
          tellOf("restore", restored);
          return "done";
        }),
    };
  }
}

const notAtHome = (): never => {
  throw new Error("nobody's own user is looked for, blocked, deleted or restored");
};

function groupsHere(target: Target): GroupDirectory {
  return groupsAre((group) => {
    knock(target, "/groups/{id}");
    return target.frozen.has(group) ? "dynamic" : "assigned";
  });
}

/** Policies name packages by their ids, and everybody is assigned one in the same way. */
const packagesHere = (target: Target) =>
  packagesAre(() => knock(target, "/identityGovernance/entitlementManagement/accessPackages"));

const packagesAre = (onAsk: () => void = () => undefined): PackageDirectory => ({
  find: async ({ package: name, expires, renew }) => {
    onAsk();
    const id = name.kind === "id" ? name.id : name.name;
    return {
      kind: "found",
      grant: {
        kind: "package",
        package: packageIdSchema.parse(id),
        policy: assignmentPolicyIdSchema.parse(id),
        expires,
        renew,
      },
      name: packageNames[id] ?? "the package",
      unwritable: null,
    };
  },
});

const packageNames: Readonly<Record<string, string>> = {
  [doorPackageId]: "the package at the door",
  [scopePackageId]: "the package that is a scope",
};

/** What is governed has readers and writers of its own, and the source has none of it. */
const noPackages = {
  outlives: "no",
  reads: "nothing",
  find: notAtHome,
  isHeld: notAtHome,
  isThere: notAtHome,
  denial: notAtHome,
  holdings: notAtHome,
  give: notAtHome,
  renew: notAtHome,
  take: notAtHome,
} as const;

const memberRefs = "/groups/{id}/members/$ref";

/** Graph takes five of them in ten seconds. https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-provisionondemand */
function isOverLimit(now: number, asked: number[]): boolean {
  while ((asked[0] ?? now) <= now - 10_000) asked.shift();
  if (asked.length >= 5) return true;
  asked.push(now);
  return false;
}

function groupsAre(membershipOf: (group: string) => GroupMembership): GroupDirectory {
  return {
    find: async (name) => {
      const id = name.kind === "id" ? name.id : name.name;
      const membership = membershipOf(id);
      return { kind: "found", facts: { id: groupIdSchema.parse(id), displayName: id, membership } };
    },
    last: (name) => (name.kind === "id" ? name.id : null),
  };
}

/** @throws GraphError when the tenant's consent is gone */
function knock({ door, tenantId }: Target, template: string, method = "GET"): void {
  if (door === "no permission")
    throw failure(template, { status: 403, code: "Authorization_RequestDenied", method, tenantId });
  if (door === "no application")
    throw failure(template, { status: 0, code: "token", method, tenantId, message: noApplication });
}

const noApplication = "AADSTS7000229: The client application is missing service principal in the tenant.";

function failure(
  template: string,
  answer: Pick<GraphFailure, "status" | "code"> & Partial<GraphFailure>,
): GraphError {
  return new GraphError({
    message: "the referee's Graph does not do it",
    method: "?",
    template,
    tenantId: "",
    requestId: null,
    clientRequestId: "",
    retryAfterMs: null,
    ...answer,
  });
}
