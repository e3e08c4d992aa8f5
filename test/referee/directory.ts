import { versionedMap, type VersionedMap } from "../../lab/graph/directory/versioned-map.ts";
import { isTeam, otherScopeGroup, scopeRole, tenants } from "./cast.ts";

/** A user of the source tenant, as it truly is. */
export type Person = {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly stamps: Readonly<Record<string, string>>;
  readonly sessionsValidFrom: number;
  /** Grows with every change: what sync compares with. */
  readonly revision: number;
};

/** A user of a target tenant. `person` is whose it is by sync's own link, which Graph does not show. */
export type Account = {
  readonly id: string;
  readonly person: string;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly stamp: string | null;
  /** Whose doing it is that there is one. */
  readonly by: Giver;
  /** Of a guest, whom their target invited at this address. */
  readonly mail?: string;
  /** Who blocked or deleted a guest's account: entitlement management, or an administrator of the target. */
  readonly endedBy?: "target" | "admin" | "nobody";
};

/** Whose doing a membership is; "either" where nobody could tell: both wanted it at about the same time. */
export type Giver = "muster" | "admin" | "either";

type Tenant<User> = {
  readonly users: VersionedMap<User>;
  readonly bin: VersionedMap<User>;
  /** By `group|member`; a member is a user or a team. */
  readonly members: VersionedMap<Giver>;
};

/** What cross-tenant sync remembers of one person in one target. */
type Link = {
  readonly account: string;
  readonly revision: number;
  readonly enabled: boolean;
  readonly state: "active" | "deleted" | "left";
};

export type Target = Tenant<Account> & {
  readonly tenantId: string;
  readonly scopeGroup: string;
  readonly links: Map<string, Link>;
  /** Without Muster's application there is no token; without its permissions, every call is refused by itself. */
  door: "open" | "no application" | "no permission";
  /** Groups that have become dynamic: nobody can write their members. */
  readonly frozen: Set<string>;
  /** Whether the scope groups may be written in the source; a person of the source may lock them. */
  lock: "open" | "locked";
  /** Whether the synchronization job runs. */
  job: "Active" | "Paused";
  /** When the last sync cycle that has ended began; null before the first. */
  cycleBegan: number | null;
};

type Users<User> = Pick<VersionedMap<User>, "get" | "set" | "delete" | "entries">;

/** What entitlement management has to do with in a tenant. */
export type Accounts = {
  readonly users: Users<Account>;
  readonly bin: Users<Account>;
  readonly members: Pick<VersionedMap<Giver>, "set" | "delete">;
};

export type Change =
  | { readonly kind: "user"; readonly id: string }
  | { readonly kind: "group"; readonly id: string; readonly member: string; readonly added: boolean };

/** The truth about every tenant. Nothing is late here; what readers are shown is decided elsewhere. */
export type Directory = {
  readonly source: Tenant<Person>;
  readonly targets: ReadonlyMap<string, Target>;
  /** Replaces the source user; a change is announced. */
  readonly change: (id: string, change: Partial<Omit<Person, "id" | "revision">>) => void;
  readonly remove: (id: string) => void;
  readonly restore: (id: string) => void;
  /** @returns whether there was anything to change */
  readonly join: (group: string, member: string, by: Giver) => boolean;
  readonly drop: (group: string, member: string) => boolean;
  readonly createAccount: (target: Target, person: Person, by: Giver) => Account;
  readonly createGuest: (target: Target, mail: string, by: Giver) => Account;
};

/** Everything that is true at one moment, to begin other schedules with. */
export type DirectoryState = {
  readonly people: readonly Person[];
  readonly members: readonly (readonly [string, Giver])[];
  readonly targets: readonly {
    readonly tenantId: string;
    readonly scopeGroup: string;
    readonly accounts: readonly Account[];
    readonly members: readonly (readonly [string, Giver])[];
    readonly links: readonly (readonly [string, Link])[];
  }[];
};

export type DirectoryOptions = {
  readonly now: () => number;
  readonly state: DirectoryState;
  readonly onChange: (change: Change) => void;
  /** Hears of everything that changes anywhere. */
  readonly onStir: () => void;
};

export function directoryOf(options: DirectoryOptions): Directory {
  const { now, state, onChange } = options;
  const source = tenantOf(options, state.people, state.members);
  const targets = new Map(
    state.targets.map(({ tenantId, scopeGroup, accounts, members, links }): readonly [string, Target] => [
      tenantId,
      {
        ...tenantOf(options, accounts, members),
        tenantId,
        scopeGroup,
        links: new Map(links),
        door: "open",
        frozen: new Set(),
        lock: "open",
        job: "Active",
        cycleBegan: null,
      },
    ]),
  );
  let created = state.targets.reduce((sum, { accounts }) => sum + accounts.length, 0);

  return {
    source,
    targets,
    change(id, change) {
      const known = source.users.get(id);
      if (known === undefined) return;
      source.users.set(id, { ...known, ...change, revision: known.revision + 1 });
      onChange({ kind: "user", id });
    },
    remove(id) {
      if (move(source.users, source.bin, id) !== undefined) onChange({ kind: "user", id });
    },
    restore(id) {
      const back = move(source.bin, source.users, id);
      if (back === undefined) return;
      source.users.set(id, { ...back, revision: back.revision + 1 });
      onChange({ kind: "user", id });
    },
    join(group, member, by) {
      if (source.members.get(`${group}|${member}`) !== undefined) return false;
      source.members.set(`${group}|${member}`, by);
      onChange({ kind: "group", id: group, member, added: true });
      return true;
    },
    drop(group, member) {
      if (source.members.get(`${group}|${member}`) === undefined) return false;
      source.members.delete(`${group}|${member}`);
      onChange({ kind: "group", id: group, member, added: false });
      return true;
    },
    createAccount(target, person, by) {
      return create(target, { person: person.id, stamp: person.stamps["socSourceId"] ?? null, by });
    },
    createGuest(target, mail, by) {
      const [owner] = [...source.users.entries(), ...source.bin.entries()].flatMap(([id, { name }]) =>
        name === mail ? [id] : [],
      );
      return create(target, { person: owner ?? "", stamp: null, by, mail });
    },
  };

  function create(target: Target, draft: Pick<Account, "person" | "stamp" | "by" | "mail">): Account {
    created += 1;
    const id = `b0000000-0000-4000-8000-${String(created).padStart(12, "0")}`;
    const account = { ...draft, id, enabled: true, createdAt: Math.floor(now() / 1_000) * 1_000 };
    target.users.set(id, account);
    return account;
  }
}

function tenantOf<User extends { readonly id: string }>(
  { now, onStir }: Pick<DirectoryOptions, "now" | "onStir">,
  users: readonly User[],
  members: DirectoryState["members"],
): Tenant<User> {
  const tenant = {
    users: versionedMap<User>(now, onStir),
    bin: versionedMap<User>(now, onStir),
    members: versionedMap<Giver>(now, onStir),
  };
  for (const user of users) tenant.users.plant(user.id, user);
  for (const [key, giver] of members) tenant.members.plant(key, giver);
  return tenant;
}

/** The present, without anybody who was deleted. */
export function stateOf({ source, targets }: Directory): DirectoryState {
  const usersOf = <User>({ users }: Tenant<User>) => [...users.entries()].map(([, user]) => user);
  return {
    people: usersOf(source),
    members: [...source.members.entries()],
    targets: [...targets.values()].map((target) => ({
      tenantId: target.tenantId,
      scopeGroup: target.scopeGroup,
      accounts: usersOf(target),
      members: [...target.members.entries()],
      links: [...target.links],
    })),
  };
}

/** The groups that are assigned to the sync job, and its own role; the policy names one of them. */
export const scopesOf = ({ tenantId, scopeGroup }: Target): readonly string[] =>
  tenantId === tenants.contoso ? [scopeGroup, otherScopeGroup, scopeRole] : [scopeGroup];

/** The source as a tenant in which everybody's account is their own user. */
export function homeOf({ source, join, drop }: Directory): Accounts {
  const ownOf = ({ id, enabled }: Person): Account => ({
    id,
    person: id,
    enabled,
    createdAt: 0,
    stamp: null,
    by: "admin",
  });
  const usersOf = (people: VersionedMap<Person>): Accounts["users"] => ({
    get(id) {
      const person = people.get(id);
      return person && ownOf(person);
    },
    *entries() {
      for (const [id, person] of people.entries()) yield [id, ownOf(person)];
    },
    set: noGuest,
    delete: noGuest,
  });
  const apart = (key: string) => key.split("|") as [string, string]; // keys are `group|member`
  return {
    users: usersOf(source.users),
    bin: usersOf(source.bin),
    members: { set: (key, by) => void join(...apart(key), by), delete: (key) => void drop(...apart(key)) },
  };
}

export const noGuest = (): never => {
  throw new Error("nobody is a guest at home");
};

/** From the users to the recycle bin, or back. */
export function move<User>(from: Users<User>, to: Users<User>, id: string): User | undefined {
  const user = from.get(id);
  if (user === undefined) return undefined;
  from.delete(id);
  to.set(id, user);
  return user;
}

export function membersOf(tenant: Tenant<unknown>, group: string, at?: number): readonly string[] {
  const begins = `${group}|`;
  return keysOf(tenant, at)
    .filter((key) => key.startsWith(begins))
    .map((key) => key.slice(begins.length));
}

export function groupsOf(tenant: Tenant<unknown>, user: string, at?: number): readonly string[] {
  const ends = `|${user}`;
  return keysOf(tenant, at)
    .filter((key) => key.endsWith(ends) && !key.startsWith(scopeRole))
    .map((key) => key.slice(0, -ends.length));
}

/** Everybody in a group, and the teams in it, those in teams included. */
export function allMembersOf(tenant: Tenant<unknown>, group: string, at?: number): readonly string[] {
  const direct = membersOf(tenant, group, at);
  return [...new Set([...direct, ...direct.filter(isTeam).flatMap((team) => membersOf(tenant, team, at))])];
}

/** The groups that a user or a team is in, directly or through a team. */
export function allGroupsOf(tenant: Tenant<unknown>, member: string, at?: number): readonly string[] {
  const direct = groupsOf(tenant, member, at);
  return [...new Set([...direct, ...direct.filter(isTeam).flatMap((team) => groupsOf(tenant, team, at))])];
}

const keysOf = ({ members }: Tenant<unknown>, at?: number) => members.keys(at);

/** The account of a person that is live in a target, by sync's own link. */
export function accountOf(target: Target, person: string): Account | undefined {
  for (const [, account] of target.users.entries()) if (account.person === person) return account;
  return undefined;
}

export function deletedAccountOf(target: Target, person: string): Account | undefined {
  for (const [, account] of target.bin.entries()) if (account.person === person) return account;
  return undefined;
}
