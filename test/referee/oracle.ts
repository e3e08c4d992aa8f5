import type { JournalEntry } from "../../shared/state/journal.ts";
import type { Directory, Giver, Target } from "./directory.ts";
import type { TargetWrite } from "./graph.ts";
import type { Guard } from "./policies.ts";
import {
  cast,
  grantGroups,
  roleGroups,
  tenants,
  type PersonName,
  type PolicyEdit,
  type TenantName,
} from "./story.ts";

/**
 * Says who should have what from the truth alone: it knows the directory, the story and the newest policy, and nothing of how
 * Muster works. What it finds is a sentence about a person.
 */
export type Oracle = {
  /** To be called after everything that people do. */
  readonly note: () => void;
  readonly onWrite: (write: TargetWrite) => void;
  readonly onEntry: (entry: JournalEntry) => void;
  /** Whose a membership is that the target's administrator gives now. */
  readonly giverOf: (person: PersonName, account: string, group: string) => Giver;
  /** What is wrong now that everything has had its time. */
  readonly judge: () => void;
  readonly findings: readonly string[];
};

export type OracleOptions = {
  readonly now: () => number;
  readonly directory: Directory;
  /** The edits of the newest policy. */
  readonly edits: () => readonly PolicyEdit[];
  readonly guard: Guard;
};

/** Longer than any replica is behind, any notification late and any call slow, with a look of Muster's after it. */
const patienceMs = 10 * 60_000;

export function oracleOf({ now, directory, edits, guard }: OracleOptions): Oracle {
  const findings: string[] = [];
  /** Since when each person has been entitled to a group in a target, or to an account at all; by `person|group`. */
  const entitledSince = new Map<string, number>();
  const lastEntitled = new Map<string, number>();
  /** When a person's roles or account last changed: not long after that, the past may look like the present. */
  const turnedAt = new Map<PersonName, number>();
  const looks = new Map<PersonName, string>();
  const restoredAt = new Map<PersonName, number>();
  const gone = new Set<PersonName>();
  /** The last thing that was proven about a pair. */
  const proven = new Map<string, { readonly purpose: "join" | "leave"; readonly at: number }>();

  /** When Muster last took a membership back, by `group|account`. */
  const revokedAt = new Map<string, number>();

  /** Whose loss of a role was refused: they keep it from then on. */
  const refused = new Set<PersonName>();
  /** An edit took a role away, and whether that was too many at once depends on when it was noticed. */
  const isOpen = (person: PersonName) =>
    guard === "tight" && edits().includes("remove-role") && !refused.has(person);

  const say = (text: string) => {
    if (!findings.includes(text)) findings.push(text);
  };

  /** With tight guardrails an edit that takes a role from everybody is refused: they keep it, in the targets as well. */
  function wantedBy(person: PersonName): ReadonlySet<string> {
    const id = cast[person];
    const user = directory.source.users.get(id);
    if (user === undefined || !user.enabled) return new Set();
    const holds = (group: string) => directory.source.members.get(`${group}|${id}`) !== undefined;
    const groups = new Set<string>();
    if (holds(roleGroups.readers)) groups.add(grantGroups.read);
    if (holds(roleGroups.responders) && (!edits().includes("remove-role") || guard === "tight"))
      groups.add(grantGroups.read).add(grantGroups.respond);
    return groups;
  }

  /** Everything about a person that makes them an analyst or not. */
  function lookOf(person: PersonName): string {
    const id = cast[person];
    const holds = Object.values(roleGroups).map((group) => directory.source.members.get(`${group}|${id}`));
    return JSON.stringify([directory.source.users.get(id)?.enabled, holds, edits()]);
  }

  const keys = ["account", grantGroups.read, grantGroups.respond];

  function note(): void {
    for (const person of namesOfPeople) {
      const look = lookOf(person);
      if (looks.get(person) !== look) turnedAt.set(person, now());
      looks.set(person, look);
      if (directory.source.users.get(cast[person]) === undefined) gone.add(person);
      else if (gone.delete(person)) restoredAt.set(person, now());
      const wanted = wantedBy(person);
      for (const key of keys) {
        const name = `${person}|${key}`;
        const entitled = key === "account" ? wanted.size > 0 : wanted.has(key);
        if (!entitled) {
          if (entitledSince.delete(name)) lastEntitled.set(name, now());
        } else if (!entitledSince.has(name)) entitledSince.set(name, now());
      }
    }
  }

  function onWrite({ tenantId, account, kind, group }: TargetWrite): void {
    const target = directory.targets.get(tenantId);
    const owner = target?.users.get(account) ?? target?.bin.get(account);
    const person = namesOfPeople.find((name) => cast[name] === owner?.person);
    if (target === undefined || person === undefined || isOpen(person)) return;
    const where = nameOfTenant(tenantId);
    if (kind === "revoke") revokedAt.set(`${group}|${account}`, now());
    const since = entitledSince.get(`${person}|${group ?? "account"}`);
    const settled = since !== undefined && now() - (turnedAt.get(person) ?? 0) > patienceMs;
    if (kind === "revoke" && target.members.get(`${group}|${account}`) === "admin")
      say(`robbed: ${person} loses a membership in ${where} that the administrator gave`);
    if (["revoke", "block", "delete"].includes(kind) && settled)
      say(`robbed: ${kind} of ${person} in ${where}, who has belonged there for long`);
    const last = proven.get(`${person}|${tenantId}`);
    if (["grant", "unblock", "restore"].includes(kind) && since === undefined && last?.purpose === "leave") {
      const until = Math.max(...["account", group].map((key) => lastEntitled.get(`${person}|${key}`) ?? 0));
      if (now() - until > patienceMs || last.at > until)
        say(`lost: ${kind} for ${person} in ${where} after the proof that they are out`);
    }
  }

  function onEntry({ kind, plan, analyst, target }: JournalEntry): void {
    const person = namesOfPeople.find((name) => cast[name] === analyst);
    if (person !== undefined && target === null && plan.notes.some((note) => note.kind === "refused"))
      refused.add(person);
    if (kind !== "proof" || person === undefined || target === null || isOpen(person)) return;
    const [where, tenant] = tenantCalled(target);
    proven.set(`${person}|${tenant.tenantId}`, { purpose: plan.purpose, at: now() });
    if (plan.purpose !== "leave") return;
    // Who was restored a moment ago got the scope back with the account, and no replica need know it yet.
    const fresh = now() - (restoredAt.get(person) ?? -Infinity) <= patienceMs;
    for (const what of accessOf(person, tenant).filter((found) => !fresh || found !== theScope))
      say(`false proof: ${person} is said to be out of ${where} and has ${what}`);
  }

  function tenantCalled(name: string): readonly [TenantName, Target] {
    const where = name.startsWith("fabrikam") || name === tenants.fabrikam ? "fabrikam" : "contoso";
    const target = directory.targets.get(tenants[where]);
    if (target === undefined) throw new Error(`there is no target ${name}`);
    return [where, target];
  }

  /** What a person has in a target that is Muster's doing. */
  function accessOf(person: PersonName, target: Target): readonly string[] {
    const id = cast[person];
    const accounts = [...target.users.entries()].flatMap(([, account]) =>
      account.person === id ? [account] : [],
    );
    const groups = accounts.flatMap((account) =>
      [...target.members.entries()].flatMap(([key, by]) =>
        key.endsWith(`|${account.id}`) && by === "muster" ? [`a membership of ${nameOfGroup(key)}`] : [],
      ),
    );
    return [
      ...accounts.flatMap(({ enabled }) => (enabled ? ["an enabled account"] : [])),
      ...groups,
      ...(isInScope(id, target) ? [theScope] : []),
    ];
  }

  /** The memberships of a user in the recycle bin are in there, too. */
  const isInScope = (id: string, { scopeGroup }: Target) =>
    directory.source.users.get(id) !== undefined &&
    directory.source.members.get(`${scopeGroup}|${id}`) === "muster";

  function giverOf(person: PersonName, account: string, group: string): Giver {
    const revoked = revokedAt.get(`${group}|${account}`) ?? 0;
    return wantedBy(person).has(group) || now() - revoked < patienceMs ? "either" : "admin";
  }

  function judge(): void {
    for (const person of namesOfPeople.filter((name) => !isOpen(name))) {
      const wanted = wantedBy(person);
      for (const [tenantId, target] of directory.targets) {
        const where = nameOfTenant(tenantId);
        if (wanted.size === 0) {
          for (const what of accessOf(person, target))
            say(`lost: ${person} has left and keeps ${what} in ${where}`);
          // Nobody can say any more what a role gives that the policy does not know: who had nothing of it yet gets nothing.
        } else if (!refused.has(person)) judgeStaying(person, { wanted, target, where });
      }
    }
  }

  function judgeStaying(
    person: PersonName,
    { wanted, target, where }: { wanted: ReadonlySet<string>; target: Target; where: TenantName },
  ): void {
    const id = cast[person];
    const accounts = [...target.users.entries()].flatMap(([, account]) =>
      account.person === id ? [account] : [],
    );
    const [account, ...others] = accounts;
    if (account === undefined || !account.enabled)
      return say(`robbed: ${person} belongs in ${where} and has no account that works`);
    if (others.length > 0) say(`doubled: ${person} has ${accounts.length} accounts in ${where}`);
    for (const [name, group] of Object.entries(grantGroups)) {
      const giver = target.members.get(`${group}|${account.id}`);
      if (wanted.has(group) && giver === undefined) say(`robbed: ${person} lacks ${name} in ${where}`);
      if (!wanted.has(group) && giver === "muster") say(`lost: ${person} keeps ${name} in ${where}`);
    }
  }

  return { note, onWrite, onEntry, giverOf, judge, findings };
}

const theScope = "the scope";
const namesOfPeople = Object.keys(cast) as readonly PersonName[]; // the keys of a literal
const nameOfTenant = (id: string): TenantName => (id === tenants.contoso ? "contoso" : "fabrikam");
const nameOfGroup = (key: string) => (key.startsWith(grantGroups.read) ? "read" : "respond");
