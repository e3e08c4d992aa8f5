import { GraphError } from "../../shared/graph/error.ts";
import type { GroupDirectory } from "../../shared/graph/group-directory.ts";
import type { Written } from "../../shared/graph/group-members.ts";
import type { SourceReader } from "../../shared/graph/source-reader.ts";
import type { SourceWriter } from "../../shared/graph/source-writer.ts";
import type { Provisioner, SyncJobReader } from "../../shared/graph/synchronization.ts";
import type { TargetReader } from "../../shared/graph/target-reader.ts";
import type { TargetWriter } from "../../shared/graph/target-writer.ts";
import type { Trace } from "../../shared/graph/tenant.ts";
import { accountIdSchema, analystIdSchema, groupIdSchema } from "../../shared/model/ids.ts";
import type { Chance } from "./chance.ts";
import { groupsOf, membersOf, move, type Account, type Directory, type Target } from "./directory.ts";
import { provisionOnDemand } from "./sync.ts";
import { attempt, type Travel } from "./tables.ts";
import type { Time } from "./time.ts";

export type GraphTrouble = {
  /** Share of the reads that come from a replica that is behind, and how far behind that is. */
  readonly stale: number;
  readonly lagMs: number;
  /** Shares of the writes that are refused for now, and of those whose first answer is lost. */
  readonly refused: number;
  readonly lostAnswers: number;
  /** How long an assignment is unseen by on-demand provisioning. */
  readonly assignmentMs: number;
};

export type GraphOptions = {
  readonly directory: Directory;
  readonly time: Time;
  readonly chance: Chance;
  readonly travel: Travel;
  readonly trouble: () => GraphTrouble;
  /** Hears of every write of Muster's that took effect in a target. */
  readonly onWrite: (what: TargetWrite) => void;
};

export type TargetWrite = {
  readonly tenantId: string;
  readonly account: string;
  readonly kind: "grant" | "revoke" | "block" | "unblock" | "delete" | "restore";
  readonly group?: string;
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
};

const trace: Trace = { clientRequestId: "", requestId: null, status: 200, ms: 0, tries: 1 };
const complete = { kind: "complete" } as const;

/** The sync jobs of the referee's world are called by the tenant they lead to. */
const tenantOfJob = (job: string) => job.replace("Azure2Azure.", "");

export function graphOf(options: GraphOptions): Graph {
  const { directory, time, chance, travel, trouble, onWrite } = options;
  const { source } = directory;

  /** `at` is the moment the answering replica shows; undefined for the present. */
  async function read<T>(what: string, look: (at: number | undefined) => T): Promise<T> {
    await travel.there(what);
    const { stale, lagMs } = trouble();
    const at = chance.happens(`stale: ${what}`, stale)
      ? time.now() - chance.between(`behind: ${what}`, 1, lagMs)
      : undefined;
    const result = attempt(() => look(at));
    await travel.back(what);
    return result();
  }

  async function write(what: string, act: () => Written["result"]): Promise<Written> {
    await travel.there(what);
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
        read(`source groups of ${id}`, (at) => held(id, at)),
        read(`source check of ${id}`, (at) =>
          held(id, at).filter((group) => groups.includes(groupIdSchema.parse(group))),
        ),
      ]);
      return { direct: { items: direct, completeness: complete }, confirmed: new Set(confirmed) };
    },
    listMembers: (group) =>
      read(`source members of ${group}`, (at) => ({
        items: membersOf(source, group, at).filter((id) => source.users.get(id, at) !== undefined),
        groups: [],
        completeness: complete,
      })),
    listGroupsAround: async () => ({ items: [], completeness: complete }),
    listByAttributes: (attributes) =>
      read("source users by attributes", (at) => ({
        items: [...source.users.entries(at)].flatMap(([id, person]) =>
          Object.entries(attributes).every(([name, value]) => person.attributes[name] === value) ? [id] : [],
        ),
        completeness: complete,
      })),
  };

  function held(id: string, at: number | undefined): readonly string[] {
    if (source.users.get(id, at) === undefined)
      throw failure(`memberships of ${id}`, { status: 404, code: "Request_ResourceNotFound" });
    return groupsOf(source, id, at);
  }

  const sourceWriter: SourceWriter = {
    stamp: (id, values) =>
      write(`stamp ${id}`, () => {
        const person = source.users.get(id);
        if (person === undefined) throw failure("stamp", { status: 404, code: "Request_ResourceNotFound" });
        directory.change(id, { stamps: { ...person.stamps, ...values } });
        return "done";
      }),
    revokeSessions: (id) =>
      write(`revoke sessions of ${id}`, () => {
        directory.change(id, { sessionsValidFrom: time.now() });
        return "done";
      }),
    joinScope: (group, id) =>
      write(`join scope ${id}`, () => {
        if (source.users.get(id) === undefined)
          throw failure("join scope", { status: 404, code: "Request_ResourceNotFound" });
        return directory.join(group, id, "muster") ? "done" : "already";
      }),
    leaveScope: (group, id) =>
      // Who is in the recycle bin is not found, and keeps their memberships.
      write(`leave scope ${id}`, () =>
        source.users.get(id) !== undefined && directory.drop(group, id) ? "done" : "missing",
      ),
  };

  return {
    sourceReader,
    sourceWriter,
    targetReader: (tenantId) => targetReader(tenantId),
    targetWriter: (tenantId) => targetWriter(tenantId),
    provisioner: {
      provisionOnDemand: async ({ job }, id) => {
        const target = targetOf(tenantOfJob(job));
        await travel.there(`provision ${id}`);
        const since = scopedSince(target, id);
        const isSeenInScope = since !== undefined && since <= time.now() - trouble().assignmentMs;
        const done = provisionOnDemand(directory, target, { id, isSeenInScope });
        await travel.back(`provision ${id}`);
        const result =
          done.kind === "provisioned"
            ? ({ ...done, account: accountIdSchema.parse(done.account) } as const)
            : ({ kind: "not-in-scope", detail: "not assigned" } as const);
        return { result, trace };
      },
    },
    jobs: { readStatus: async () => ({ code: "Active", quarantine: null }) },
    groups: {
      find: async (name) => ({
        kind: "found",
        facts: {
          id: groupIdSchema.parse(name.kind === "id" ? name.id : name.name),
          displayName: name.kind === "id" ? name.id : name.name,
          membership: "assigned",
        },
      }),
    },
  };

  function scopedSince(target: Target, id: string): number | undefined {
    const key = `${target.scopeGroup}|${id}`;
    if (source.members.get(key) === undefined) return undefined;
    for (const ago of [0, 30_000, 60_000, 120_000, 240_000, 480_000]) {
      if (source.members.get(key, time.now() - ago) === undefined) return time.now() - ago;
    }
    return time.now() - 480_000;
  }

  function targetReader(tenantId: string): TargetReader {
    const target = targetOf(tenantId);
    const shown = (account: Account) => ({
      id: accountIdSchema.parse(account.id),
      userPrincipalName: account.person,
      enabled: account.enabled,
      createdAt: account.createdAt,
      isInvited: true,
      stamp: account.stamp,
    });
    return {
      readAccount: ({ id }) =>
        read(`account ${id}`, (at) => {
          const account = target.users.get(id, at);
          // On its way between the directory and the recycle bin an object may be on show in neither.
          const moved = (account === undefined) !== (target.users.get(id) === undefined);
          if (moved && chance.happens(`nowhere: ${id}`, 0.5)) return { kind: "none" };
          if (account !== undefined) return { kind: "present", account: shown(account) };
          return { kind: target.bin.get(id, at) === undefined ? "none" : "soft-deleted" };
        }),
      findByStamp: ({ analyst }) =>
        read(`account of ${analyst}`, (at) => ({
          items: [...target.users.entries(at)].flatMap(([, account]) =>
            account.stamp === analyst ? [shown(account)] : [],
          ),
          completeness: complete,
        })),
      isMember: (account, group) =>
        read(`${account} in ${group}`, (at) => target.members.get(`${group}|${account}`, at) !== undefined),
      listMemberOf: (account) =>
        read(`groups of ${account}`, (at) => {
          if (target.users.get(account, at) === undefined)
            throw failure("memberOf", { status: 404, code: "Request_ResourceNotFound" });
          return { items: groupsOf(target, account, at), completeness: complete };
        }),
    };
  }

  function targetWriter(tenantId: string): TargetWriter {
    const target = targetOf(tenantId);
    const tell = (kind: TargetWrite["kind"], account: string, group?: string) =>
      onWrite({ tenantId, account, kind, ...(group === undefined ? {} : { group }) });
    const setEnabled = (id: string, enabled: boolean): Written["result"] => {
      const account = target.users.get(id);
      if (account === undefined) throw failure("enable", { status: 404, code: "Request_ResourceNotFound" });
      target.users.set(id, { ...account, enabled });
      tell(enabled ? "unblock" : "block", id);
      return "done";
    };
    return {
      grant: ({ group }, account) =>
        write(`grant ${group} to ${account}`, () => {
          if (target.users.get(account) === undefined)
            throw failure("grant", { status: 404, code: "Request_ResourceNotFound" });
          if (target.members.get(`${group}|${account}`) !== undefined) return "already";
          target.members.set(`${group}|${account}`, "muster");
          tell("grant", account, group);
          return "done";
        }),
      revoke: ({ group }, account) =>
        write(`revoke ${group} from ${account}`, () => {
          if (target.users.get(account) === undefined) return "missing";
          if (target.members.get(`${group}|${account}`) === undefined) return "missing";
          tell("revoke", account, group);
          target.members.delete(`${group}|${account}`);
          return "done";
        }),
      setEnabled: (account, state) =>
        write(`${state} ${account}`, () => setEnabled(account, state === "unblocked")),
      remove: (account) =>
        write(`delete ${account}`, () => {
          if (move(target.users, target.bin, account) === undefined) return "missing";
          tell("delete", account);
          return "done";
        }),
      restore: (account) =>
        write(`restore ${account}`, () => {
          if (move(target.bin, target.users, account) === undefined)
            throw failure("restore", { status: 404, code: "Request_ResourceNotFound" });
          tell("restore", account);
          return "done";
        }),
    };
  }
}

function failure(
  what: string,
  answer: { readonly status: number; readonly code: string; readonly appliedBefore?: "maybe" },
): GraphError {
  return new GraphError({
    ...answer,
    message: "the referee's Graph does not do it",
    method: "?",
    template: what,
    tenantId: "",
    requestId: null,
    clientRequestId: "",
    retryAfterMs: null,
  });
}
