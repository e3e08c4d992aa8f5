import { homeName } from "../../shared/policy/places.ts";
import type { JournalEntry } from "../../shared/state/journal.ts";
import {
  cast,
  delegatedGroup,
  doorPackageId,
  eligibleGroup,
  everybody,
  grantGroups,
  packageId,
  roleGroups,
  scopeGroups,
  scopePackageId,
  scopeRole,
  sourceTenant,
  tenants,
  type PersonName,
  type TenantName,
} from "./cast.ts";
import { departuresOf, type WorkflowDeed } from "./departures.ts";
import {
  allGroupsOf,
  deletedAccountOf,
  scopesOf,
  type Directory,
  type Giver,
  type Target,
} from "./directory.ts";
import { isAddition, isOpen as isUndecided, type Entitlement } from "./entitlement.ts";
import { findingsOracle } from "./findings-oracle.ts";
import { fateOf, type Glance } from "./fate.ts";
import type { Governance } from "./governance.ts";
import { governanceOracle, requestWords, type Held } from "./governance-oracle.ts";
import { analystIdSchema } from "../../shared/model/ids.ts";
import type { TargetWrite } from "./graph.ts";
import { delegatesOf, doorIn, hasWayOut, isRetired, scopeIn, type Guard, type Terms } from "./policies.ts";
import type { PolicyEdit } from "./story.ts";
import type { Told } from "./system.ts";
import type { Rows } from "./tables.ts";

/**
 * Says who should have what from the truth alone: it knows the directory, the story and the newest policy, and nothing of how
 * Muster works. What it finds is a sentence about a person.
 */
export type Oracle = {
  /** To be called after everything that people do. */
  readonly note: () => void;
  readonly onWrite: (write: TargetWrite) => void;
  readonly onEntry: (entry: JournalEntry) => void;
  /** A workflow runs, and waits to hear how its task went. */
  readonly onWorkflow: (deed: WorkflowDeed, task: { readonly at: number; readonly path: string }) => void;
  readonly onResume: (path: string, status: "completed" | "failed") => void;
  /** A message was delivered ten times and never settled. */
  readonly onDeath: (queue: string, body: string) => void;
  readonly onParked: (told: Told) => void;
  /** Somebody puts a person into a scope group, or takes them out. @returns whose the membership is */
  readonly handleScope: (deed: { readonly person: PersonName; readonly target: TenantName }) => Giver;
  /** Somebody puts a person into the group that is delegated to. @returns whose the membership is */
  readonly handleDelegated: (person: PersonName) => Giver;
  /** Whose a membership is that the target's administrator gives now. */
  readonly giverOf: (person: PersonName, account: string, group: string) => Giver;
  /** The same of what is not a membership; `share` is called when nobody can tell any more. */
  readonly governedBy: (
    person: PersonName,
    given: { readonly account: string; readonly what: string; readonly share: () => void },
  ) => Giver;
  /** An administrator takes away what Muster may have given: Muster gives it again when it next looks, and nothing makes it look. */
  readonly takenByHand: (account: string, what: string) => void;
  /** Muster sends a write. */
  readonly onTry: (what: string) => void;
  /** Before a tenant lets Muster in again: whoever has left it meanwhile is on show. */
  readonly judgeShut: (tenantId: string) => void;
  /** From now on nothing happens but looks. */
  readonly onlyLooks: () => void;
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
  /** Whether responders belong in the group of the source that targets delegate to. */
  readonly delegates: boolean;
  readonly governance: Governance;
  readonly homePackages: Entitlement;
  readonly terms: Terms;
  /** What Muster remembers, and shows people of it. */
  readonly tables: Readonly<Record<string, Rows>>;
  /** How far behind replicas may be at worst. */
  readonly hiddenMs: number;
  /** Longer than any replica is behind, any notification late and any call slow, with a look of Muster's after it. */
  readonly patienceMs: number;
  /** Whether a trouble may be told of twice: hosts die or stand still in this schedule. */
  readonly mayRepeat: boolean;
};

export function oracleOf(options: OracleOptions): Oracle {
  const {
    now,
    directory,
    governance,
    homePackages,
    terms,
    hiddenMs,
    edits,
    guard,
    delegates,
    patienceMs,
    mayRepeat,
  } = options;
  const shown = findingsOracle(options.tables, (id, tenantId) => {
    const person = everybody.find((name) => cast[name] === id);
    const last = entered.get(`${person}|${tenantId}`);
    if (last === undefined) return undefined;
    const key = tenantId === sourceTenant ? grantGroups.respond : "account";
    const belongedAt = lastEntitled.get(`${placeOf(nameOfTenant(tenantId))}|${person}|${key}`) ?? -Infinity;
    return { ...last, since: belongedAt > last.at ? "belonged" : "nothing" };
  });
  const governed = governanceOracle({ now, governance, terms, edits, unseenMs });
  const findings: string[] = [];
  const people = everybody.filter((name) => directory.source.users.get(cast[name]) !== undefined);
  /** Since when each person has been entitled to a group in a target, or to an account at all; by `person|group`. */
  const entitledSince = new Map<string, number>();
  const lastEntitled = new Map<string, number>();
  /** When a person's roles or account last changed: not long after that, the past may look like the present. */
  const turnedAt = new Map<PersonName, number>();
  const looks = new Map<PersonName, string>();
  /** When a workflow last said that they are there, and when what their roles go by last changed. */
  const calledAt = new Map<PersonName, number>();
  const rolesTurnedAt = new Map<PersonName, number>();
  const roleLooks = new Map<PersonName, string>();
  const restoredAt = new Map<PersonName, number>();
  const gone = new Set<PersonName>();
  /** The same, also while it was open what is to become of them: what is on show goes by it. */
  const entered = new Map<string, { readonly purpose: "join" | "leave"; readonly at: number }>();
  /** The last thing that was proven about a pair. */
  const proven = new Map<string, { readonly purpose: "join" | "leave"; readonly at: number }>();

  const departed = departuresOf();
  /** Workflows that have called, and those that still wait, by where they wait. */
  const workflows = new Set<string>();
  const waiting = new Map<string, WorkflowDeed>();

  /** When an administrator last put somebody into the group that is delegated to. */
  const givenByHandAt = new Map<PersonName, number>();

  /** What administrators gave by other ways than groups. */
  const givenGoverned: {
    readonly person: PersonName;
    readonly what: string;
    readonly at: number;
    readonly share: () => void;
  }[] = [];
  const takenAway = new Set<string>();
  let looksOnly = false;

  /** When Muster last took a membership back, by `group|account`. */
  const revokedAt = new Map<string, number>();

  /** What was true of each of a crowd since the beginning. */
  const glances: Glance[] = [];
  let roleGoneAt: number | null = null;
  const fate = (person: PersonName) => fateOf(person, { glances, roleGoneAt, now: now() });

  /** Pairs whose scope somebody changed by hand: whether there is an account is not Muster's to say any more. */
  const handled = new Set<string>();

  /** Since when each tenant has refused every call, and what people were told since the tenant last changed. */
  const shutSince = new Map<string, number>();
  const conditions = new Map<string, string>();
  const told = new Map<string, Set<string>>();
  /** Everything that people were told of a person in a tenant, by `person|tenant`. */
  const heard = new Map<string, string[]>();
  const isToldOf = (person: PersonName, tenantId: string) => (words: RegExp) =>
    heard.get(`${person}|${tenantId}`)?.some((reason) => words.test(reason)) === true;
  /** An activation is not Muster's doing: what replicas hide for longer than anybody allows for, nobody can know of. */
  const isHidden =
    (person: PersonName) =>
    ({ since = -Infinity }: Held) =>
      hiddenMs > unseenMs && (lastEntitled.get(`${person}|${eligibleGroup}`) ?? now()) - since < hiddenMs;
  const whoIs = (person: PersonName, { tenantId }: Target, account: string) => ({
    person,
    where: nameOfTenant(tenantId),
    tenantId,
    account,
    isTold: isToldOf(person, tenantId),
    isHidden: isHidden(person),
    isTaken: (what: string) => takenAway.has(`${what}|${account}`),
  });

  /** Whose loss of a role was refused: they keep it from then on. */
  const refused = new Set<PersonName>();
  /** An edit took a role away, and whether that was too many at once depends on when it was noticed. */
  const isOpen = (person: PersonName) =>
    guard === "few"
      ? fate(person) === "open"
      : guard === "tight" && edits().includes("remove-role") && !refused.has(person);

  const say = (text: string) => {
    if (!findings.includes(text)) findings.push(text);
  };

  /** With tight guardrails an edit that takes a role from everybody is refused: they keep it, in the targets as well. */
  function wantedBy(person: PersonName): ReadonlySet<string> {
    const id = cast[person];
    const user = directory.source.users.get(id);
    if (user === undefined || !user.enabled || departed.isOut("source", person)) return new Set();
    const groups = new Set<string>();
    if (guard === "few")
      return fate(person) === "goes" ? groups : groups.add(grantGroups.read).add(grantGroups.respond);
    const held = allGroupsOf(directory.source, id);
    const holds = (group: string) => held.includes(group);
    if (holds(roleGroups.readers)) groups.add(grantGroups.read);
    if (holds(roleGroups.responders) && (!edits().includes("remove-role") || guard === "tight"))
      for (const key of [...Object.values(grantGroups), ...governed.wanted()]) groups.add(key);
    return groups;
  }

  type PlaceName = TenantName | "source";
  const places: readonly PlaceName[] = ["contoso", "fabrikam", "source"];

  /** The same in one place: of the source, the group that is delegated to. */
  function wantedIn(place: PlaceName, person: PersonName): ReadonlySet<string> {
    const wanted = wantedBy(person);
    if (place !== "source" && departed.isOut(place, person)) return new Set();
    if (place === "contoso" && isRetired(edits())) return new Set();
    if (place === "contoso" && wanted.size > 0) return new Set([...wanted, ...doorOf(person)]);
    if (place !== "source") return wanted;
    const giving = delegatesOf(edits()).filter((name) => name !== "contoso" || !isRetired(edits()));
    return giving.length > 0 && wanted.has(grantGroups.respond) ? new Set([grantGroups.respond]) : new Set();
  }

  const isInviting = ({ tenantId }: { readonly tenantId: string }) =>
    terms.guests !== undefined && tenantId === tenants.contoso;
  const mailOf = (person: PersonName) =>
    (directory.source.users.get(cast[person]) ?? directory.source.bin.get(cast[person]))?.name ?? "";

  /** What whoever has a role in a target that invites is assigned for that. */
  function doorOf(person: PersonName): readonly string[] {
    const isReader = allGroupsOf(directory.source, cast[person]).includes(roleGroups.readers);
    return doorIn(edits(), terms, isReader ? "reader" : "responder") ? [doorPackageId] : [];
  }

  function rolesOf(person: PersonName): readonly unknown[] {
    const held = allGroupsOf(directory.source, cast[person]);
    const holds = Object.values(roleGroups).map((group) => held.includes(group));
    return [directory.source.users.get(cast[person])?.enabled, holds];
  }

  /** Everything about a person that makes them an analyst or not. */
  function lookOf(person: PersonName): string {
    // Names change nothing for anybody.
    return JSON.stringify([
      ...rolesOf(person),
      places.map((place) => departed.isOut(place, person)),
      edits().includes("remove-role"),
      governed.wanted(),
      isRetired(edits()),
      delegatesOf(edits()),
    ]);
  }

  const keys = ["account", grantGroups.read, grantGroups.respond, eligibleGroup, packageId, doorPackageId];

  function note(): void {
    if (guard === "few") for (const person of people) glance(person);
    for (const { tenantId, door, frozen } of directory.targets.values()) {
      if (door === "open") shutSince.delete(tenantId);
      else if (!shutSince.has(tenantId)) shutSince.set(tenantId, now());
      const condition = JSON.stringify([door, [...frozen]]);
      if (conditions.get(tenantId) !== condition) told.delete(tenantId);
      conditions.set(tenantId, condition);
    }
    for (const person of people) {
      const look = lookOf(person);
      if (looks.get(person) !== look) turnedAt.set(person, now());
      looks.set(person, look);
      const roles = JSON.stringify(rolesOf(person));
      if (roleLooks.get(person) !== roles) rolesTurnedAt.set(person, now());
      roleLooks.set(person, roles);
      if (directory.source.users.get(cast[person]) === undefined) gone.add(person);
      else if (gone.delete(person)) restoredAt.set(person, now());
      const wantedHere = places.map((place) => [place, wantedIn(place, person)] as const);
      for (const [place, wanted, key] of wantedHere.flatMap((here) =>
        keys.map((one) => [...here, one] as const),
      )) {
        const name = `${place}|${person}|${key}`;
        const entitled = key === "account" ? wanted.size > 0 : wanted.has(key);
        if (!entitled) {
          if (entitledSince.delete(name)) lastEntitled.set(name, now());
        } else if (!entitledSince.has(name)) {
          entitledSince.set(name, now());
          if (place === "source" && key === grantGroups.respond) share(person);
          for (const one of givenGoverned)
            if (one.person === person && one.what === key && now() - one.at < Math.max(unseenMs, hiddenMs))
              one.share();
        }
      }
    }
  }

  /** What somebody gave a moment before Muster was to, no replica may show yet: when an answer is lost as well, it is either's. */
  function share(person: PersonName): void {
    const at = givenByHandAt.get(person) ?? -Infinity;
    if (now() - at < unseenMs && isDelegated(person) === "admin")
      directory.source.members.set(`${delegatedGroup}|${cast[person]}`, "either");
  }

  function glance(person: PersonName): void {
    if (roleGoneAt === null && edits().includes("remove-role")) roleGoneAt = now();
    const id = cast[person];
    const holds = allGroupsOf(directory.source, id).includes(roleGroups.responders) ? "yes" : "no";
    const named = directory.source.users.get(id)?.enabled === true ? "no" : "yes";
    const last = glances.findLast((one) => one.person === person);
    if (last?.holds !== holds || last.named !== named) glances.push({ person, at: now(), holds, named });
  }

  function onWrite(write: TargetWrite): void {
    const { tenantId, account, kind, group, by } = write;
    const target = directory.targets.get(tenantId);
    const owner = target?.users.get(account) ?? target?.bin.get(account);
    const person = people.find((name) =>
      account.includes("@") ? mailOf(name) === account : cast[name] === (owner?.person ?? account),
    );
    // What a crowd may lose depends on the time as well.
    if (guard === "few") note();
    if (person === undefined || isOpen(person)) return;
    const where = nameOfTenant(tenantId);
    if (kind === "revoke") revokedAt.set(`${group}|${account}`, now());
    const { members } = target ?? directory.source;
    const since = entitledSince.get(`${placeOf(where)}|${person}|${entitling(group)}`);
    // Who fell together with too many others is not to lose anything for a moment.
    const isKept = guard === "few" && fate(person) === "stays" && glanceOf(person)?.holds === "no";
    const settled = since !== undefined && (isKept || now() - (turnedAt.get(person) ?? 0) > patienceMs);
    if (kind === "grant" && (group === packageId || group === doorPackageId) && target !== undefined)
      for (const finding of governed.onAsk(whoIs(person, target, account), group, since)) say(finding);
    if (target !== undefined && isInviting(target)) onGuest(person, target, write);
    if (kind === "revoke" && (by === "admin" || members.get(`${group}|${account}`) === "admin"))
      say(`robbed: ${person} loses a membership in ${where} that the administrator gave`);
    if (["revoke", "block", "delete"].includes(kind) && settled)
      say(`robbed: ${kind} of ${person} in ${where}, who has belonged there for long`);
    if (kind === "grant" && since === undefined && now() - (turnedAt.get(person) ?? 0) > patienceMs)
      say(`given: ${person} gets ${nameOfGroup(group ?? "")} in ${where} and has not been entitled to it`);
    const last = proven.get(`${person}|${tenantId}`);
    // Who is back may be given what an edit has just taken out of the policy: hosts go by the one before it for a while.
    const isBack =
      (group === eligibleGroup || group === packageId || group === doorPackageId) &&
      entitledSince.has(`${placeOf(where)}|${person}|account`);
    // Who is out of a place because nothing is given there may be in it for a moment when an edit gives something, on an old role.
    // Who is called back may have lost their role a moment ago, which nobody has heard of yet.
    const isCalledBack = [calledAt, rolesTurnedAt].every(
      (at) => now() - (at.get(person) ?? -Infinity) <= patienceMs,
    );
    const isEdited = edits().length > 0 && now() - (turnedAt.get(person) ?? 0) <= patienceMs;
    const isOut = since === undefined && !isBack && !isEdited && !isCalledBack && last?.purpose === "leave";
    if (["grant", "unblock", "restore"].includes(kind) && isOut) {
      const ways = ["account", entitling(group)];
      const until = Math.max(
        ...ways.map((key) => lastEntitled.get(`${placeOf(where)}|${person}|${key}`) ?? 0),
      );
      if (now() - until > patienceMs || last.at > until)
        say(`lost: ${kind} for ${person} in ${where} after the proof that they are out`);
    }
  }

  /** Whether Muster's own request for this analyst has brought this account about, or given it to them. */
  const isProven = (person: PersonName, tenantId: string, account: string): boolean =>
    governance.get(tenantId)?.packages.provenFor(analystIdSchema.parse(cast[person])).has(account) === true;

  /** The account is the target's, and it is Muster's to give it anything only when Muster's own request has brought it about. */
  function onGuest(person: PersonName, { tenantId }: Target, { account, kind, by }: TargetWrite): void {
    if (kind === "block" || kind === "delete")
      say(`robbed: ${kind} of the account of ${person} in a target that ends accounts itself`);
    if (kind !== "revoke" && !account.includes("@") && !isProven(person, tenantId, account))
      say(
        `unproven: ${kind} for an account in a target that invites, which nothing proves to be ${person}'s`,
      );
    const since = entitledSince.get(`contoso|${person}|account`) ?? now();
    if ((kind === "unblock" || kind === "restore") && by === "admin" && now() - since > patienceMs)
      say(`given: ${kind} of the account of ${person}, which an administrator of the target has ended`);
  }

  function onEntry({ kind, plan, analyst, target }: JournalEntry): void {
    const person = people.find((name) => cast[name] === analyst);
    if (person !== undefined && target === null && plan.notes.some((note) => note.kind === "refused"))
      refused.add(person);
    if (kind !== "proof" || person === undefined || target === null) return;
    const place = target === homeName ? sourceTenant : tenantCalled(target)[1].tenantId;
    entered.set(`${person}|${place}`, { purpose: plan.purpose, at: now() });
    if (isOpen(person)) return;
    if (target === homeName) return onHomeProof(person, plan.purpose);
    const [where, tenant] = tenantCalled(target);
    proven.set(`${person}|${tenant.tenantId}`, { purpose: plan.purpose, at: now() });
    if (now() - (shutSince.get(tenant.tenantId) ?? now()) > patienceMs)
      say(`false proof: ${person} is said to be right in ${where}, where nobody can look`);
    if (plan.purpose !== "leave") return;
    // Who was restored a moment ago got the scope back, and from sync an account, perhaps without a stamp to find it by.
    const fresh = now() - (restoredAt.get(person) ?? -Infinity) <= patienceMs;
    const cameBack = fresh ? [theScope, theAccount] : [];
    for (const what of accessOf(person, tenant, isHidden(person)).filter(
      (found) => !cameBack.includes(found),
    ))
      say(`false proof: ${person} is said to be out of ${where} and has ${what}`);
  }

  function onHomeProof(person: PersonName, purpose: "join" | "leave"): void {
    proven.set(`${person}|${sourceTenant}`, { purpose, at: now() });
    // Who was restored a moment ago got their memberships back.
    const isFresh = now() - (restoredAt.get(person) ?? -Infinity) <= patienceMs;
    if (purpose === "leave" && !isFresh && isDelegated(person) === "muster")
      say(`false proof: ${person} is said to be out of the source and is in the group that is delegated to`);
  }

  /** The memberships of a user in the recycle bin are in there, too. */
  const isDelegated = (person: PersonName): Giver | undefined =>
    directory.source.users.get(cast[person]) === undefined
      ? undefined
      : directory.source.members.get(`${delegatedGroup}|${cast[person]}`);

  function judgeHome(person: PersonName, wanted: ReadonlySet<string>): void {
    const giver = isDelegated(person);
    const belongs = wanted.has(grantGroups.respond);
    if (!belongs && giver === "muster")
      say(`lost: ${person} is in the group that is delegated to, and has no role that gives it`);
    if (belongs && giver === undefined) say(`robbed: ${person} is not in the group that is delegated to`);
  }

  /** One trouble of a tenant is told once, however many keys it hits. */
  function onParked({ session, reason }: Told): void {
    const person = people.find((name) => session.includes(cast[name]));
    // Nobody deletes accounts in these stories but Muster and sync; who changes scopes, or deletes the source user, makes sync do it.
    const byHand = [...handled].some((pair) => pair.startsWith(`${person}|`));
    const wasGone = person !== undefined && (gone.has(person) || restoredAt.has(person));
    if (!byHand && !wasGone && !isDeletedByHand(person) && reason.includes("is deleted, and not by Muster"))
      say(
        `false alarm: it was Muster that had an account of ${person} deleted, and people are told: ${reason}`,
      );
    const tenant = [...directory.targets.keys()].find((id) => session.includes(id));
    // Nobody blocks accounts that sync makes but Muster and sync; of guests it is known who did.
    const accounts = [...(directory.targets.get(tenant ?? "")?.users.entries() ?? [])].map(([, one]) => one);
    const isBlockedThere = accounts.some(
      ({ person: whose, endedBy = "nobody" }) =>
        person !== undefined && whose === cast[person] && endedBy !== "nobody",
    );
    if (!byHand && !isBlockedThere && reason.includes("is blocked, and not by Muster"))
      say(
        `false alarm: nobody of the target has blocked an account of ${person}, and people are told: ${reason}`,
      );
    const about = `${person}|${tenant}`;
    heard.set(about, [...(heard.get(about) ?? []), reason]);
    if (tenant === undefined || conditions.get(tenant) === allWell) return;
    const words = told.get(tenant) ?? new Set();
    if (words.has(reason) && !mayRepeat) say(`told twice: ${reason}`);
    told.set(tenant, words.add(reason));
  }

  /** Or by entitlement management, because what Muster gave had run its time. */
  const isDeletedByHand = (person: PersonName | undefined) =>
    person !== undefined &&
    [...directory.targets.values()].filter(isInviting).some((target) => {
      const deleted = deletedAccountOf(target, cast[person]);
      if (deleted === undefined) return false;
      return deleted.endedBy === "admin" || governed.hasRunOut(whoIs(person, target, deleted.id));
    });

  function tenantCalled(name: string): readonly [TenantName, Target] {
    const where = name.startsWith("fabrikam") || name === tenants.fabrikam ? "fabrikam" : "contoso";
    const target = directory.targets.get(tenants[where]);
    if (target === undefined) throw new Error(`there is no target ${name}`);
    return [where, target];
  }

  /** What a person has in a target that is Muster's doing. */
  function accessOf(
    person: PersonName,
    target: Target,
    isExcused: (held: Held) => boolean = () => false,
  ): readonly string[] {
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
      ...accounts.flatMap(({ enabled, by }) =>
        enabled && by === "muster" && !isInviting(target) && !handled.has(`${person}|${target.tenantId}`)
          ? [theAccount]
          : [],
      ),
      ...groups,
      ...[...accounts.map(({ id: one }) => one), ...(isInviting(target) ? [mailOf(person)] : [])].flatMap(
        (one) =>
          governed.heldBy(target.tenantId, one).flatMap((held) => (isExcused(held) ? [] : [held.what])),
      ),
      ...(isInScope(id, target) ? [theScope] : []),
    ];
  }

  /** The memberships of a user in the recycle bin are in there, too. */
  const isInScope = (id: string, target: Target) =>
    directory.source.users.get(id) !== undefined &&
    (scopesOf(target).some((group) => directory.source.members.get(`${group}|${id}`) === "muster") ||
      (target.tenantId === tenants.contoso && isScopeAsked(id)));

  /** Whether Muster's request for the package that is a scope has been granted, or may be yet. */
  const isScopeAsked = (id: string) =>
    homePackages.liveOf(id).some(({ by }) => by === "muster") ||
    homePackages.requestsOf(id).some((one) => isAddition(one) && isUndecided(one));

  function giverOf(person: PersonName, account: string, group: string): Giver {
    // Muster may have been about to give it, or about to take it back.
    const key = entitling(group);
    const latest = Math.max(
      revokedAt.get(`${group}|${account}`) ?? 0,
      ...places.map((place) => lastEntitled.get(`${place}|${person}|${key}`) ?? 0),
    );
    const isHome = group === delegatedGroup;
    const around = places.filter((place) => (place === "source") === isHome);
    return around.some((place) => wantedIn(place, person).has(key)) || now() - latest < patienceMs
      ? "either"
      : "admin";
  }

  const governedBy: Oracle["governedBy"] = (person, { account, what, share: shareIt }) => {
    givenGoverned.push({ person, what, at: now(), share: shareIt });
    return giverOf(person, account, what);
  };

  const handleDelegated: Oracle["handleDelegated"] = (person) => {
    givenByHandAt.set(person, now());
    // What a restored user brings along, and what they are given then, look alike.
    const isRestored = now() - (restoredAt.get(person) ?? -Infinity) < patienceMs;
    return isRestored ? "either" : giverOf(person, cast[person], delegatedGroup);
  };

  const glanceOf = (person: PersonName) => glances.findLast((one) => one.person === person);

  const handleScope: Oracle["handleScope"] = ({ person, target }) => {
    handled.add(`${person}|${tenants[target]}`);
    const lately = now() - (lastEntitled.get(`${target}|${person}|account`) ?? -Infinity) < patienceMs;
    return wantedIn(target, person).size > 0 || lately ? "either" : "admin";
  };

  function onWorkflow(
    deed: WorkflowDeed,
    { at, path }: { readonly at: number; readonly path: string },
  ): void {
    departed.say(deed, at);
    if (deed.category === "joiner") calledAt.set(deed.person, now());
    // Which of two words is heard first depends on the relays.
    turnedAt.set(deed.person, now());
    if (!workflows.has(path)) waiting.set(path, deed);
    workflows.add(path);
  }

  /** A leaver's task has ended when nothing is left of them, wherever the workflow speaks of; whoever was called back meanwhile is a joiner. */
  function onResume(path: string, status: "completed" | "failed"): void {
    const deed = waiting.get(path);
    waiting.delete(path);
    if (deed === undefined || status === "failed" || deed.category !== "leaver") return;
    const { person, of } = deed;
    if (!departed.isOut(of, person) || now() - (restoredAt.get(person) ?? -Infinity) <= patienceMs) return;
    for (const [tenantId, target] of directory.targets) {
      const where = nameOfTenant(tenantId);
      if (of !== "source" && of !== where) continue;
      for (const what of accessOf(person, target, isHidden(person)))
        say(`false end: a workflow is told that ${person} is out, who has ${what} in ${where}`);
    }
  }

  function judge(): void {
    for (const { category, person, of } of waiting.values())
      say(`unheard: a ${category} workflow of ${of} for ${person} was told nothing`);
    for (const person of people.filter((name) => !isOpen(name))) {
      const atHome = wantedIn("source", person);
      if (delegates && !refused.has(person)) {
        judgeHome(person, atHome);
        judgeShown(person, { tenantId: sourceTenant, where: "the source", belongs: atHome.size > 0 });
      }
      for (const [tenantId, target] of directory.targets) {
        const where = nameOfTenant(tenantId);
        const wanted = wantedIn(where === "contoso" ? "contoso" : "fabrikam", person);
        if (!refused.has(person)) judgeShown(person, { tenantId, where, belongs: wanted.size > 0 });
        if (wanted.size === 0) {
          const isTold = isToldOf(person, tenantId);
          const isHere = isHidden(person);
          const isExcused = (held: Held) =>
            (held.request !== undefined && isTold(requestWords)) || isHere(held);
          for (const what of accessOf(person, target, isExcused))
            say(`lost: ${person} has left and keeps ${what} in ${where}`);
          // Nobody can say any more what a role gives that the policy does not know: who had nothing of it yet gets nothing.
        } else if (guard === "few" || !refused.has(person)) judgeStaying(person, { wanted, target, where });
      }
    }
  }

  function judgeShut(tenantId: string): void {
    const where = nameOfTenant(tenantId);
    const since = shutSince.get(tenantId) ?? now();
    for (const person of people.filter((name) => !isOpen(name) && !refused.has(name))) {
      const leftAt = lastEntitled.get(`${where}|${person}|account`) ?? 0;
      const belongs = wantedIn(where === "contoso" ? "contoso" : "fabrikam", person).size > 0;
      const isLong = leftAt > since && now() - leftAt > patienceMs;
      if (!belongs && isLong) judgeShown(person, { tenantId, where, belongs });
    }
  }

  /** Whoever has left and is not proven out is an orphan on show, and nobody else is. */
  function judgeShown(
    person: PersonName,
    { tenantId, where, belongs }: { tenantId: string; where: string; belongs: boolean },
  ): void {
    const wrong = shown.judge({ id: cast[person], tenantId, belongs });
    if (wrong !== null) say(`findings: ${person} in ${where}: ${wrong}`);
  }

  function judgeStaying(
    person: PersonName,
    { wanted, target, where }: { wanted: ReadonlySet<string>; target: Target; where: string },
  ): void {
    const { tenantId } = target;
    const id = cast[person];
    const accounts = [...target.users.entries()].flatMap(([, account]) =>
      account.person === id ? [account] : [],
    );
    const [account, ...others] = accounts;
    const isHandled = handled.has(`${person}|${target.tenantId}`);
    if (isInviting(target)) {
      if (hasWayOut(edits()) && !isHandled && !isLetOut(id))
        say(`robbed: ${person} is not in the group that may go to ${where}`);
      if (!hasWayOut(edits()) && isInScope(id, target))
        say(`lost: ${person} is in the group that may go to ${where}, where nobody has to be in it`);
      if (account === undefined) return judgeUninvited(person, { wanted, target, where });
      // An administrator may have invited them, and assigned them what Muster would be refused.
      if (!isProven(person, tenantId, account.id)) {
        for (const finding of governed.judgeInvitation(whoIs(person, target, account.id), wanted))
          say(finding);
        return;
      }
      const who = whoIs(person, target, account.id);
      if (!account.enabled && account.endedBy !== "admin" && governed.hasPackage(who, wanted))
        say(`robbed: ${person} belongs in ${where}, has a package, and is blocked there`);
    } else {
      if (!account?.enabled && (isHandled || isScopeOnItsWay(person, target, where))) return;
      if (account === undefined || !account.enabled)
        return say(`robbed: ${person} belongs in ${where} and has no account that works`);
    }
    if (others.length > 0) say(`doubled: ${person} has ${accounts.length} accounts in ${where}`);
    const isMoved =
      where === "contoso" && !isInviting(target) && scopeIn(edits(), where) !== scopeGroups[where];
    const isThere = directory.source.members.get(`${wayIn(scopeIn(edits(), "contoso"))}|${id}`) !== undefined;
    if (isMoved && !isThere && !isScopeOnItsWay(person, target, where))
      say(`robbed: ${person} is not in the scope that the policy names for ${where}`);
    for (const [name, group] of Object.entries(grantGroups)) {
      const giver = target.members.get(`${group}|${account.id}`);
      if (wanted.has(group) && giver === undefined) say(`robbed: ${person} lacks ${name} in ${where}`);
      if (!wanted.has(group) && giver === "muster") say(`lost: ${person} keeps ${name} in ${where}`);
    }
    for (const finding of governed.judge(whoIs(person, target, account.id), wanted)) say(finding);
  }

  /** People know that the package that is a scope does not come, or it has come only now. */
  const isScopeOnItsWay = (person: PersonName, { tenantId }: Target, where: string) =>
    where === "contoso" &&
    scopeIn(edits(), where) === scopePackageId &&
    isToldOf(person, tenantId)(requestWords) &&
    homePackages
      .liveOf(cast[person])
      .some(({ state, since }) => state !== "delivered" || now() - since < cycleMs);

  const isLetOut = (id: string) => {
    return directory.source.members.get(`${scopeIn(edits(), "contoso")}|${id}`) !== undefined;
  };

  /** Somebody who is to be invited, and has no account: it is on its way, or people know why not. */
  function judgeUninvited(
    person: PersonName,
    { wanted, target, where }: { wanted: ReadonlySet<string>; target: Target; where: string },
  ): void {
    const deleted = deletedAccountOf(target, cast[person]);
    // What an administrator does there announces itself to nobody.
    if (deleted?.endedBy === "admin") return;
    if (deleted !== undefined) {
      const isRefused = isToldOf(person, target.tenantId)(requestWords);
      if (!isRefused && !governed.hasRunOut(whoIs(person, target, deleted.id)))
        say(`robbed: ${person} belongs in ${where}, and the account is in the recycle bin`);
    } else
      for (const finding of governed.judgeInvitation(whoIs(person, target, mailOf(person)), wanted))
        say(finding);
  }

  const onDeath: Oracle["onDeath"] = (queue, body) => say(`died: a message of ${queue}: ${body}`);

  return {
    note,
    onWrite,
    onEntry,
    onWorkflow,
    onResume,
    onDeath,
    onParked,
    handleScope,
    handleDelegated,
    giverOf,
    governedBy,
    takenByHand: (account, what) => void takenAway.add(`${what}|${account}`),
    onTry(what) {
      if (!looksOnly) return;
      // What somebody undid by hand is done again when somebody looks.
      const isUndone = handled.size > 0 && !what.includes("Requests ");
      const isRepair = [...takenAway].some((one) => one.split("|").every((word) => what.includes(word)));
      if (!isUndone && !isRepair && !mayComeAgain(what, terms)) say(`written once more: ${what}`);
    },
    judgeShut,
    onlyLooks: () => void (looksOnly = true),
    judge,
    findings,
  };
}

/** Who was out of scope meanwhile may have to wait for the next cycle of sync. */
const cycleMs = 45 * 60_000;
/** Longer than any replica is behind. */
const unseenMs = 150_000;
const theScope = "the scope";
const theAccount = "an enabled account";
const allWell = JSON.stringify(["open", []]);
/** What somebody has to be entitled to for a write: whoever may respond is delegated to. */
const entitling = (group: string | undefined) =>
  group === delegatedGroup ? grantGroups.respond : (group ?? "account");
/** What has an end is renewed, and what has failed is tried again, whoever looks. */
const mayComeAgain = (what: string, { eligible, packages }: Terms) =>
  what.includes("reprocess") ||
  (what.includes("adminUpdate") && (eligible?.duration === "PT2H" || packages?.renew === true)) ||
  (what.includes("adminAdd") && packages?.renew === true);
/** What sync goes by: a package puts people in scope by the role that it assigns. */
const wayIn = (scope: string) => (scope === scopePackageId ? scopeRole : scope);
const placeOf = (where: string): string => (where === "the source" ? "source" : where);
const nameOfTenant = (id: string): string =>
  id === tenants.contoso ? "contoso" : id === tenants.fabrikam ? "fabrikam" : "the source";
const nameOfGroup = (key: string) =>
  key.startsWith(grantGroups.read)
    ? "read"
    : key.startsWith(grantGroups.respond)
      ? "respond"
      : key.startsWith(delegatedGroup)
        ? "the delegated group"
        : "a governed group";
