import type { GroupMembership } from "../../shared/model/group.ts";
import type { GroupDirectory } from "../../shared/graph/group-directory.ts";
import type { Written } from "../../shared/graph/group-members.ts";
import { write as putInto } from "../../shared/graph/grants/kind.ts";
import type { Listing } from "../../shared/graph/listing.ts";
import type { ProvisionResult } from "../../shared/graph/provision-result.ts";
import type { SourceReader } from "../../shared/graph/source-reader.ts";
import type { SourceWriter } from "../../shared/graph/source-writer.ts";
import type { Provisioner, SyncJobReader } from "../../shared/graph/synchronization.ts";
import type { TargetAccount, TargetReader } from "../../shared/graph/target-reader.ts";
import type { TargetWriter } from "../../shared/graph/target-writer.ts";
import type { SendLimits, Trace } from "../../shared/graph/tenant.ts";
import type { SourceUser } from "../../shared/model/analyst.ts";
import type { Denial } from "../../shared/model/denial.ts";
import { subjectOf, type Grant, grantKey, type Scope } from "../../shared/model/grant.ts";
import {
  accountIdSchema,
  groupIdSchema,
  type AccountId,
  type AnalystId,
  type GroupId,
} from "../../shared/model/ids.ts";
import { durationMs } from "../../shared/policy/duration.ts";
import { liveAssignment, papersOf, sightOfPackage } from "../../shared/graph/grants/package-state.ts";
import { memoryAppRoles, type MemoryAppRoles } from "./memory-app-roles.ts";
import { memoryPackages, muster, type MemoryPackages } from "./memory-packages.ts";
import { graphFailure } from "./graph-failure.ts";
import { grantReadersOf, grantWritersOf } from "./tenant-grants.ts";

/** What a test puts in the way of one call: it may look, wait, call through, change the answer or throw. */
type InTheWay = (call: () => Promise<unknown>) => Promise<unknown>;

/** What both kinds of tenant have: groups with direct members, and calls that can be watched and troubled. */
type MemoryTenant = {
  /** Direct members, of users and of groups, by group. A group that is not in here does not exist. */
  readonly members: Map<string, Set<string>>;
  readonly kinds: Map<string, GroupMembership>;
  /** Who is eligible for membership through PIM, and until when, epoch ms (undefined: for good); and who is active. By group. */
  readonly eligible: Map<string, Map<string, number | undefined>>;
  readonly active: Map<string, Set<string>>;
  /** Who has asked to be active, and waits for approval; and until when somebody is active, epoch ms. By group. */
  readonly pending: Map<string, Set<string>>;
  readonly activeUntil: Map<string, Map<string, number>>;
  readonly packages: MemoryPackages;
  /** What access reviews have denied last, by what it is about and to whom: `<group or package> <account>`. */
  readonly denials: Map<string, Denial>;
  readonly appRoles: MemoryAppRoles;
  readonly groups: GroupDirectory;
  /** The names of all writes so far, each with whom and what it is about. */
  readonly writes: string[];
  /** The limits of each of them. */
  readonly limits: SendLimits[];
  /** Reads the tenant as a whole: the call `lists`. */
  readonly lists: <T>(read: () => T) => Promise<T>;
  /** Is in the way of the next call of this name. */
  readonly next: (name: string, inTheWay: InTheWay) => void;
  /** Is in the way of every call of this name that nothing else is in the way of. */
  readonly always: (name: string, inTheWay: InTheWay) => void;
};

const trace: Trace = { clientRequestId: "c-1", requestId: "r-1", status: 204, ms: 1, tries: 1 };
const written = (result: Written["result"] = "done"): Written => ({ result, appliedBefore: "no", trace });
/** A listing that came to its end. */
export const complete = <T>(items: readonly T[]): Listing<T> => ({
  items,
  completeness: { kind: "complete" },
});

/** What a group is called: `group 09`. */
const nameOf = (id: string) => `group ${id.slice(-2)}`;

function tenantOf(groupIds: readonly GroupId[], now: () => number) {
  const members = new Map<string, Set<string>>(groupIds.map((id) => [id, new Set()]));
  const kinds = new Map<string, GroupMembership>();
  const eligible = new Map<string, Map<string, number | undefined>>(groupIds.map((id) => [id, new Map()]));
  const active = new Map<string, Set<string>>(groupIds.map((id) => [id, new Set()]));
  const pending = new Map<string, Set<string>>(groupIds.map((id) => [id, new Set()]));
  const activeUntil = new Map<string, Map<string, number>>(groupIds.map((id) => [id, new Map()]));
  const packages = memoryPackages(now);
  const denials = new Map<string, Denial>();
  const appRoles = memoryAppRoles();
  const writes: string[] = [];
  const limits: SendLimits[] = [];
  const waiting = new Map<string, InTheWay[]>();
  const standing = new Map<string, InTheWay>();
  async function call<T>(name: string, act: () => T): Promise<T> {
    await Promise.resolve();
    const inTheWay = waiting.get(name)?.shift() ?? standing.get(name);
    // Whatever a test lets through or makes up is what the call would have answered.
    return inTheWay === undefined ? act() : ((await inTheWay(async () => act())) as T);
  }
  const write = <T>(name: string, what: string, limit: SendLimits, act: () => T) =>
    call(name, () => {
      writes.push(`${name} ${what}`);
      limits.push(limit);
      return act();
    });
  const membersOf = (group: string) => {
    const found = members.get(group);
    if (found === undefined) throw graphFailure(404);
    return found;
  };
  const groupsOf = (id: string) => [...members].flatMap(([group, of]) => (of.has(id) ? [group] : []));
  const around = (id: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const group of groupsOf(id)) if (!seen.has(group)) around(group, seen.add(group));
    return seen;
  };
  const within = (group: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const id of membersOf(group))
      if (!seen.has(id) && members.has(id)) within(id, seen.add(id));
      else seen.add(id);
    return seen;
  };
  const lastFound = new Map<string, GroupId>();
  const groups: GroupDirectory = {
    find: (name) =>
      call("find", () => {
        const id = [...members.keys()].find((one) =>
          name.kind === "id" ? one === name.id : nameOf(one) === name.name,
        );
        if (id === undefined) {
          const reason = `there is no group ${name.kind === "id" ? name.id : name.name}`;
          return { kind: "not-found", reason, advice: "restore it" };
        }
        const facts = {
          id: groupIdSchema.parse(id),
          displayName: nameOf(id),
          membership: kinds.get(id) ?? "assigned",
        };
        lastFound.set(name.kind === "id" ? name.id : name.name, facts.id);
        return { kind: "found", facts };
      }),
    last: (name) => (name.kind === "id" ? name.id : (lastFound.get(name.name) ?? null)),
  };
  const add = (group: string, id: string) => {
    const of = membersOf(group);
    if (of.has(id)) return written("already");
    of.add(id);
    return written();
  };
  /** What both kinds of reader say of memberships, and how both kinds of writer give them; `there` throws where nobody is. */
  const denial = (grant: Grant, account: string, { since }: { readonly since: number }) =>
    call("readDenial", () => {
      const found = denials.get(`${subjectOf(grant)} ${account}`);
      return found !== undefined && found.at > since ? found : null;
    });
  const reads = (there: (id: string) => unknown): Pick<TargetReader, "grants"> => ({
    grants: grantReadersOf({
      groups,
      denial,
      isMember: (id, group) => call("isMember", () => membersOf(group).has(id)),
      listMemberOf: (id) =>
        call("listMemberOf", () => {
          there(id);
          return complete(groupsOf(id));
        }),
      readEligible: (id) =>
        call("readEligible", () => ({
          eligible: complete([...eligible].flatMap(([group, of]) => (of.has(id) ? [group] : []))),
          active: complete([...active].flatMap(([group, of]) => (of.has(id) ? [group] : []))),
          endsAt: (group) => eligible.get(group)?.get(id),
          pending: complete([...pending].flatMap(([group, of]) => (of.has(id) ? [group] : []))),
        })),
      activeUntil: (id, group) => activeUntil.get(group)?.get(id),
      packages: {
        outlives: "yes",
        reads: "assignments and requests",
        find: (wish) => call("findPackage", () => packages.find(wish)),
        isThere: async () => true,
        denial,
        isHeld: ({ package: id }, account) =>
          call("isAssigned", () =>
            liveAssignment(papersOf(packages.papers(account), id)) === undefined ? "no" : "yes",
          ),
        async holdings(account) {
          const papers = await call("readPapers", () => packages.papers(account));
          return (grant, wanted) => sightOfPackage(papers, grant, { wanted, now: now() });
        },
      },
      appRoles: {
        outlives: "no",
        reads: "assignments of app roles",
        denial: async () => null,
        find: (wish) => call("findAppRole", () => appRoles.find(wish)),
        isThere: (grant) => call("findAppRole", () => appRoles.isThere(grant)),
        isHeld: (grant, id) => call("isAssignedRole", () => (appRoles.has(grant, id) ? "yes" : "no")),
        holdings: (id) =>
          call("readAppRoles", () => {
            there(id);
            const held = appRoles.of(id);
            return (grant) => ({ seen: held.has(grantKey(grant)) ? "present" : "absent" });
          }),
      },
    }),
  });
  const grants = (
    there: (id: string) => unknown,
    take: (group: string, id: string) => Written,
  ): Pick<TargetWriter, "grants"> => ({
    grants: grantWritersOf({
      give: (group, id, limits) =>
        write("grant", `${group} ${id}`, limits, () => {
          there(id);
          return add(group, id);
        }),
      take: (group, id, limits) => write("revoke", `${group} ${id}`, limits, () => take(group, id)),
      makeEligible: (group, id, limits, duration) =>
        write("makeEligible", `${group} ${id}`, limits, () => {
          there(id);
          if (eligible.get(group)?.has(id) === true) return written("already");
          eligible.get(group)?.set(id, now() + durationMs(duration));
          return written();
        }),
      renew: (group, id, limits, duration) =>
        write("renew", `${group} ${id}`, limits, () => {
          eligible.get(group)?.set(id, now() + durationMs(duration));
          return written();
        }),
      endEligible: (group, id, limits) =>
        write("endEligible", `${group} ${id}`, limits, () => {
          const wasEligible = eligible.get(group)?.delete(id) === true;
          return written(active.get(group)?.delete(id) === true || wasEligible ? "done" : "missing");
        }),
      packages: {
        give: (grant, id, limits) =>
          write("assign", `${grant.package} ${id}`, limits, () => {
            there(id);
            return packages.give(grant, id, muster);
          }),
        renew: (grant, id, limits) =>
          write("renewPackage", `${grant.package} ${id}`, limits, () => packages.renew(grant, id)),
        take: (grant, id, limits) =>
          write("unassign", `${grant.package} ${id}`, limits, () => packages.take(grant, id)),
      },
      appRoles: {
        give: (grant, id, limits) =>
          write("assignRole", `${grant.role} ${id}`, limits, () => {
            there(id);
            return written(appRoles.give(grant, id));
          }),
        renew: nothingToRenew,
        take: (grant, id, limits) =>
          write("unassignRole", `${grant.role} ${id}`, limits, () => {
            there(id);
            return written(appRoles.take(grant, id));
          }),
      },
    }),
  });
  const remove = (group: string, id: string) => written(membersOf(group).delete(id) ? "done" : "missing");
  const next = (name: string, inTheWay: InTheWay) =>
    void waiting.set(name, [...(waiting.get(name) ?? []), inTheWay]);
  return {
    members,
    kinds,
    eligible,
    active,
    pending,
    activeUntil,
    packages,
    denials,
    appRoles,
    writes,
    limits,
    groups,
    lists: <T>(read: () => T) => call("lists", read),
    next,
    always: (name: string, inTheWay: InTheWay) => void standing.set(name, inTheWay),
    call,
    write,
    membersOf,
    groupsOf,
    around,
    within,
    add,
    remove,
    reads,
    grants,
  };
}

export type MemorySource = MemoryTenant & {
  readonly users: Map<string, SourceUser | "soft-deleted">;
  readonly reader: SourceReader;
  readonly writer: SourceWriter;
  /** The same tenant as a place where access is given: everybody's account is their own user. */
  readonly home: { readonly reader: TargetReader; readonly writer: TargetWriter };
  /** Whether sync sees the user in this scope: nobody who is deleted is in any. */
  readonly isInScope: (scope: Scope, id: string) => boolean;
};

export function memorySource(groupIds: readonly GroupId[], now: () => number): MemorySource {
  const users = new Map<string, SourceUser | "soft-deleted">();
  const everybodyNow = () => new Map([...users].map(([id, user]) => [id, JSON.stringify(user)]));
  const { call, write, add, remove, reads, grants, ...tenant } = tenantOf(groupIds, now);
  const present = (id: string): SourceUser => {
    const user = users.get(id);
    if (user === undefined || user === "soft-deleted") throw graphFailure(404);
    return user;
  };
  const home: MemorySource["home"] = {
    reader: {
      readAccount: ({ id }) =>
        call("readOwn", () => {
          const user = users.get(id);
          if (user === undefined) return { kind: "none" };
          if (user === "soft-deleted") return { kind: "soft-deleted" };
          const { userPrincipalName, enabled } = user;
          const account = { id, userPrincipalName, enabled, createdAt: 0, isInvited: false, stamp: null };
          return { kind: "present", account };
        }),
      findByStamp: neverAtHome,
      findDeleted: neverAtHome,
      readInvitations: neverAtHome,
      readGuestRules: neverAtHome,
      ...reads(present),
    },
    writer: {
      // Who is in the recycle bin is not found, and keeps their memberships.
      ...grants(present, (group, id) =>
        users.get(id) === "soft-deleted" ? written("missing") : remove(group, id),
      ),
      invite: neverAtHome,
      setEnabled: neverAtHome,
      remove: neverAtHome,
      restore: neverAtHome,
    },
  };
  return {
    ...tenant,
    users,
    reader: {
      readUser: ({ id }) =>
        call("readUser", () => {
          const user = users.get(id);
          if (user === undefined) return { kind: "absent" };
          return user === "soft-deleted" ? { kind: "soft-deleted" } : { kind: "present", user };
        }),
      readMemberships: ({ id, groups }) =>
        call("readMemberships", () => {
          present(id);
          const all = tenant.around(id);
          return {
            direct: complete(tenant.groupsOf(id)),
            confirmed: new Set(groups.filter((group) => all.has(group))),
          };
        }),
      listMembers: (group) =>
        call("listMembers", () => {
          const ids = [...tenant.within(group)];
          return {
            ...complete(ids.filter((id) => !tenant.members.has(id))),
            groups: ids.filter((id) => tenant.members.has(id)),
          };
        }),
      listGroupsAround: (group) => call("listGroupsAround", () => complete([...tenant.around(group)])),
      listByAttributes: (attributes) =>
        call("listByAttributes", () =>
          complete(
            [...users].flatMap(([id, user]) =>
              user !== "soft-deleted" &&
              Object.entries(attributes).every(([name, value]) => user.attributes[name] === value)
                ? [id]
                : [],
            ),
          ),
        ),
      // A cursor is what everybody was like.
      changes: {
        latest: () => call("latest", () => JSON.stringify([...everybodyNow()])),
        since: (cursor) =>
          call("since", () => {
            const before = new Map(JSON.parse(cursor) as [string, string][]); // written by `latest`, or here
            const after = everybodyNow();
            const ids = [...before.keys(), ...after.keys()].filter((id) => before.get(id) !== after.get(id));
            return { kind: "changes", ids: new Set(ids), cursor: JSON.stringify([...after]) };
          }),
      },
    },
    writer: {
      stamp: (id, values, limits) =>
        write("stamp", id, limits, () => {
          const user = present(id);
          users.set(id, { ...user, stamps: { ...user.stamps, ...values } });
          return written();
        }),
      clearStamp: (id, values, limits) =>
        write("clearStamp", id, limits, () => {
          const user = present(id);
          users.set(id, { ...user, stamps: { ...user.stamps, ...values } });
          return written();
        }),
      revokeSessions: (id, limits) =>
        write("revokeSessions", id, limits, () => {
          users.set(id, { ...present(id), sessionsValidFrom: now() });
          return written();
        }),
      writeScope(way, scope, { analyst, limits }) {
        if (scope.kind !== "group")
          return putInto(home.writer.grants, way, {
            grant: scope,
            account: accountIdSchema.parse(analyst),
            limits,
          });
        const { group } = scope;
        return way === "take"
          ? write("leaveScope", analyst, limits, () => remove(group, analyst))
          : write("joinScope", analyst, limits, () => add(group, analyst));
      },
    },
    home,
    isInScope(scope, id) {
      const user = users.get(id);
      if (user === undefined || user === "soft-deleted") return false;
      if (scope.kind === "group") return tenant.members.get(scope.group)?.has(id) === true;
      if (scope.kind === "appRole") return tenant.appRoles.has(scope, id);
      return tenant.packages.isLive(scope.package, id);
    },
  };
}

const nothingToRenew = (): never => {
  throw new Error("an assignment of an app role has no end");
};

const neverAtHome = (): never => {
  throw new Error("nobody's own user is looked for, blocked, deleted or restored");
};

type Kept = TargetAccount & { readonly state: "live" | "recycled" };

export type MemoryTarget = MemoryTenant & {
  readonly accounts: Map<string, Kept>;
  /** The mail addresses of accounts, as far as anybody asks for them. */
  readonly addresses: Map<string, string>;
  readonly reader: TargetReader;
  readonly writer: TargetWriter;
  /** Makes the account that sync would make for this analyst. */
  readonly create: (analyst: AnalystId, changes?: Partial<Kept>) => AccountId;
  /** Puts every account into the recycle bin, as a cycle of sync does with those who are out of scope. */
  readonly recycleAll: () => void;
};

export function memoryTarget(groupIds: readonly GroupId[], now: () => number): MemoryTarget {
  const accounts = new Map<string, Kept>();
  const addresses = new Map<string, string>();
  const { call, write, remove, reads, grants, ...tenant } = tenantOf(groupIds, now);
  let made = 0;
  const live = (id: string): Kept => {
    const account = accounts.get(id);
    if (account?.state !== "live") throw graphFailure(404);
    return account;
  };
  const change = (id: string, changes: Partial<Kept>) =>
    void accounts.set(id, { ...(accounts.get(id) ?? live(id)), ...changes });
  function create(analyst: AnalystId, changes: Partial<Kept> = {}): AccountId {
    made += 1;
    const id = accountIdSchema.parse(`b0000000-0000-4000-8000-${String(made).padStart(12, "0")}`);
    const userPrincipalName = `${id}@target.example`;
    accounts.set(id, {
      id,
      userPrincipalName,
      enabled: true,
      createdAt: now(),
      isInvited: true,
      stamp: analyst,
      state: "live",
      ...changes,
    });
    return id;
  }

  /** Whoever has the address already; else somebody is invited. */
  function accountOf(mail: string, analyst: AnalystId) {
    const known = [...accounts.values()].find(
      (one) => one.state === "live" && addresses.get(one.id) === mail,
    );
    if (known !== undefined) return { id: known.id, isNew: false };
    const id = create(analyst, {
      stamp: null,
      guest: { userType: "Guest", invitation: "PendingAcceptance" },
    });
    addresses.set(id, mail);
    return { id, isNew: true };
  }

  return {
    ...tenant,
    accounts,
    addresses,
    reader: {
      readAccount: ({ id }) =>
        call("readAccount", () => {
          const account = accounts.get(id);
          if (account === undefined) return { kind: "none" };
          return account.state === "live" ? { kind: "present", account } : { kind: "soft-deleted" };
        }),
      findByStamp: ({ analyst }) =>
        call("findByStamp", () =>
          complete(
            [...accounts.values()].filter(({ stamp, state }) => stamp === analyst && state === "live"),
          ),
        ),
      findDeleted: ({ analyst }) =>
        call("findDeleted", () =>
          complete(
            [...accounts.values()].flatMap(({ id, stamp, state }) =>
              stamp === analyst && state === "recycled" ? [id] : [],
            ),
          ),
        ),
      readInvitations: (question) => call("readInvitations", () => tenant.packages.invitations(question)),
      readGuestRules: () => call("readGuestRules", () => ({ action: "block-and-delete", after: "P30D" })),
      ...reads(live),
    },
    writer: {
      invite: (grant, { analyst, mail, limits }) =>
        write("invite", `${grant.package} ${mail}`, limits, () =>
          tenant.packages.invite(grant, {
            mail,
            analyst,
            make: () => accountOf(mail, analyst),
          }),
        ),
      ...grants(live, remove),
      setEnabled: (id, state, limits) =>
        write(state === "blocked" ? "block" : "unblock", id, limits, () => {
          if (state === "blocked" && accounts.get(id)?.state !== "live") return written("missing");
          live(id);
          change(id, { enabled: state === "unblocked" });
          return written();
        }),
      remove: (id, limits) =>
        write("delete", id, limits, () => {
          if (accounts.get(id)?.state !== "live") return written("missing");
          change(id, { state: "recycled" });
          return written();
        }),
      restore: (id, limits) =>
        write("restore", id, limits, () => {
          change(id, { state: "live" });
          return written();
        }),
    },
    create,
    recycleAll() {
      for (const id of accounts.keys()) change(id, { state: "recycled" });
    },
  };
}

export type MemoryProvisioner = Provisioner &
  SyncJobReader & {
    /** Who was asked for, and when the call may be sent at the latest. */
    readonly asked: { readonly analyst: AnalystId; readonly limits: SendLimits }[];
    /** Why the job is in quarantine; null when it is not. */
    quarantine: string | null;
    /** When its last cycle began, epoch ms; null when it does not say. */
    cycleBegan: number | null;
    /** What comes of the next call instead of an account; it may make one all the same. */
    readonly next: (answer: () => ProvisionResult) => void;
  };

/** Sync on demand: whoever is in scope gets an account at once, or the one that is there. */
export function memoryProvisioner(
  targets: Readonly<
    Record<string, { readonly isInScope: (analyst: AnalystId) => boolean; readonly target: MemoryTarget }>
  >,
): MemoryProvisioner {
  const answers: (() => ProvisionResult)[] = [];
  const provision = (job: string, analyst: AnalystId): ProvisionResult => {
    const found = targets[job];
    if (found?.isInScope(analyst) !== true)
      return { kind: "not-in-scope", detail: "the user is not assigned" };
    const known = [...found.target.accounts.values()].find(
      ({ stamp, state }) => stamp === analyst && state === "live",
    );
    if (known !== undefined) return { kind: "provisioned", account: known.id, origin: "matched" };
    return { kind: "provisioned", account: found.target.create(analyst), origin: "created" };
  };
  const provisioner: MemoryProvisioner = {
    asked: [],
    quarantine: null,
    cycleBegan: null,
    next: (answer) => void answers.push(answer),
    async provisionOnDemand({ job }, analyst, limits) {
      await Promise.resolve();
      provisioner.asked.push({ analyst, limits });
      return { result: answers.shift()?.() ?? provision(job, analyst), trace };
    },
    readStatus: async () => ({
      code: provisioner.quarantine === null ? "Active" : "Quarantine",
      quarantine: provisioner.quarantine,
      cycleBegan: provisioner.cycleBegan,
    }),
  };
  return provisioner;
}
