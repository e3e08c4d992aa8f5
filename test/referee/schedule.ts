import { analystIdSchema, tenantIdSchema } from "../../shared/model/ids.ts";
import { sessionOf } from "../../shared/queue/keys.ts";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import type * as fc from "fast-check";
import { busOf } from "./bus.ts";
import {
  cast,
  delegatedGroup,
  eligibleGroup,
  grantGroups,
  packageId,
  sourceGroups,
  sourceTenant,
  teams,
  tenants,
} from "./cast.ts";
import { chanceOf, type Chance } from "./chance.ts";
import {
  accountOf,
  directoryOf,
  homeOf,
  noGuest,
  stateOf,
  type Change,
  type Directory,
  type DirectoryState,
  type Target,
} from "./directory.ts";
import type { WorkflowDeed } from "./departures.ts";
import { entitlementOf, type EntitlementState, type PackageDeed } from "./entitlement.ts";
import type { Governance, GovernanceDeed } from "./governance.ts";
import { graphOf } from "./graph.ts";
import { changeGuest, type GuestDeed } from "./guests.ts";
import { lifeOf, type Life } from "./host.ts";
import { judgeNights } from "./nights.ts";
import { oracleOf, type Oracle } from "./oracle.ts";
import { pimOf, type PimDeed } from "./pim.ts";
import { policyAfter, type GuestTerms, type PackageTerms, type Terms } from "./policies.ts";
import type { Deed, Moment, PolicyEdit } from "./story.ts";
import type { Kept, Subscriptions } from "./subscriptions.ts";
import { runCycle, seenBySync } from "./sync.ts";
import { startSystem, type System } from "./system.ts";
import type { Rows } from "./tables.ts";
import { timeOf, type Time } from "./time.ts";
import { calm, type Trouble } from "./trouble.ts";
import { workflowCall, workflowPath } from "../support/workflow-call.ts";

/** One course that things may take: the seed chooses what the story, the trouble and the scheduler leave open. */
export type Schedule = {
  readonly seed: number;
  readonly begin: Beginning;
  readonly story: readonly Moment[];
  readonly trouble: Trouble;
  readonly terms: Terms;
  /** Without the catch-up, what is heard has to be enough. */
  readonly timers: Timers;
  readonly cycleMs: number;
  /** How long everything has to come to its end when the story and the trouble are over. */
  readonly quietMs: number;
  readonly scheduler: fc.Scheduler;
  /** Hears everything that happens, in words. */
  readonly onLine?: (line: string) => void;
};

type Timers = "none" | "catch-up" | "subscriptions" | "catch-up and subscriptions";

/** What is true, and what Muster remembers, when a schedule begins. */
export type Beginning = {
  readonly at: number;
  readonly directory: DirectoryState;
  readonly tables: Readonly<Record<string, Rows>>;
  readonly subscriptions: readonly Kept[];
  /** By tenant id; what is left out is empty. */
  readonly entitlement?: Readonly<Record<string, EntitlementState>>;
};

export type Played = {
  /** What the oracle has to say; nothing when all is well. */
  readonly findings: readonly string[];
  readonly end: Beginning;
};

const minuteMs = 60_000;
const patienceMs = 10 * minuteMs;
/** When reminders die, a catch-up has to come first; when looks fail, there are minutes between them. */
const unremindedMs = 40 * minuteMs;
/** How long the trouble outlasts the story. */
const aftermathsMs = [minuteMs, 3 * minuteMs, 6 * minuteMs] as const;
const tickMs = 5 * minuteMs;
/** How long a night may take of which nobody is to be looked at, and when the last one comes after all trouble. */
const nightMs = 45 * minuteMs;
const lastNightMs = 5 * minuteMs;
/** Long enough to look at everybody once. */
const onceMoreMs = 5 * minuteMs;
/** Graph gives up on an answer that does not come, and delivers again. */
const unansweredMs = 2 * minuteMs;
const refusedMs = 10_000;
/** Longer than the longest reminder, the time after which it counts as lost, and a catch-up together. */
const stillMs = 50 * minuteMs;

/** Plays one schedule to its end. */
export async function playSchedule(schedule: Schedule): Promise<Played> {
  const { seed, begin, story, scheduler, quietMs } = schedule;
  const chance = chanceOf(seed);
  const calls = schedule.terms.guests === undefined ? "usual" : "deep";
  const time = timeOf(begin.at, scheduler, { chance, calls });
  const storyEnds = story.reduce((at, { afterMs }) => at + afterMs, begin.at);
  const troubleUntil = storyEnds + chance.pick("trouble: outlasts the story by", aftermathsMs);
  const stage = openStage(schedule, {
    time,
    chance,
    trouble: () => (time.now() > troubleUntil ? calm : schedule.trouble),
  });
  let at = begin.at;
  for (const { afterMs, deed } of story) {
    at += afterMs;
    time.at(at, () => stage.act(deed));
  }
  stage.runUntil(troubleUntil, troubleUntil + quietMs);
  await time.play(troubleUntil + quietMs);
  stage.oracle.judge();
  if (schedule.terms.eligible !== undefined || schedule.terms.packages !== undefined) {
    stage.lookOnceMore();
    await time.play(time.now() + onceMoreMs);
  }
  const findings = [
    ...stage.oracle.findings,
    ...(hasNights(schedule) ? await oneMoreNight(stage, time) : []),
  ];
  for (const finding of findings) stage.say(`!! ${finding}`);
  return { findings, end: { at: time.now(), ...stage.world } };
}

/** When nothing has happened any more, a night writes nothing, and finds nobody to look at. */
async function oneMoreNight(stage: Stage, time: Time): Promise<readonly string[]> {
  const before = stage.oracle.findings.length;
  stage.oracle.onlyLooks();
  stage.act({ kind: "night" });
  await time.play(time.now() + nightMs);
  const isQuiet = stage.oracle.findings.length === before && before === 0;
  return judgeNights(
    stage.world.tables.Runs ?? new Map(),
    isQuiet ? "found nothing to do" : "may have found more",
  );
}

const hasNights = ({ story }: Pick<Schedule, "story">) => story.some(({ deed }) => deed.kind === "night");

type Surroundings = { readonly time: Time; readonly chance: Chance; readonly trouble: () => Trouble };

type Stage = {
  readonly world: Omit<Beginning, "at">;
  readonly oracle: Oracle;
  readonly act: (deed: Deed) => void;
  /** Everybody is looked at in every target, although nothing has happened. */
  readonly lookOnceMore: () => void;
  /** Sets the sync cycles and the timers going; from `calm` on nothing goes wrong any more. */
  readonly runUntil: (calm: number, until: number) => void;
  readonly say: (line: string | (() => string)) => void;
};

/** The world, two hosts with the app in them, and Graph's notifications between them. */
function openStage(schedule: Schedule, { time, chance, trouble }: Surroundings): Stage {
  const { begin, onLine } = schedule;
  const edits: PolicyEdit[] = [];
  const say = (line: string | (() => string)) =>
    onLine?.(
      `${((time.now() - begin.at) / 1_000).toFixed(1).padStart(8)} s  ${typeof line === "string" ? line : line()}`,
    );
  let isBroken = false;
  /** When anything last happened that was not a look at what was known. */
  let stirredAt = begin.at;
  const directory: Directory = directoryOf({
    now: time.now,
    state: begin.directory,
    onChange: (change) => announce(change),
    onStir: () => (stirredAt = time.now()),
  });
  const governance = governanceOf(schedule, directory, {
    time,
    chance,
    onStir: () => (stirredAt = time.now()),
  });
  const homePackages = entitlementOf({
    target: homeOf(directory),
    time,
    chance,
    terms: scopePackage,
    guests: noGuests,
    begin: nothingYet,
    createGuest: noGuest,
    onStir: () => (stirredAt = time.now()),
  });
  const tables = Object.fromEntries(
    Object.entries(begin.tables).map(([name, rows]) => [name, new Map(rows)]),
  );
  const oracle = oracleOf({
    now: time.now,
    tables,
    directory,
    governance,
    homePackages,
    terms: schedule.terms,
    hiddenMs: Math.max(schedule.trouble.lagMs, schedule.trouble.groupsLagMs),
    edits: () => edits,
    guard: schedule.terms.guard,
    delegates: schedule.terms.delegates === "yes",
    patienceMs: patienceOf(schedule),
    mayRepeat: isTough(schedule.trouble),
  });
  const bus = busOf({ time, chance, trouble, onDeath: oracle.onDeath });
  const subscriptions: Subscriptions = new Map(begin.subscriptions.map((one) => [one.resource, one]));
  let tasks = 0;
  const asked: number[] = [];
  const hosts: { life: Life; system: System }[] = [];
  const syncing = new Set<Target>();

  function live(index: number, begins: "first" | "again"): void {
    const name = `host-${index + 1}`;
    const life = lifeOf({
      name,
      skewMs: schedule.trouble.skewMs[index] ?? 0,
      time,
      chance,
      trouble,
      onEnd: () => {
        say(`${name} dies`);
        const lostAt = chance.happens(`${name}: its links close`, 0.7) ? 0 : minuteMs;
        time.at(time.now() + lostAt, bus.closeLinks);
        time.at(time.now() + chance.between(`${name}: down for`, 500, 40_000), () => live(index, "again"));
      },
    });
    const graph = graphOf({
      directory,
      governance,
      homePackages,
      asked,
      time,
      hostNow: life.now,
      chance,
      travel: life.travel,
      trouble,
      onTry: (what) => oracle.onTry(what),
      onWrite: (write) => {
        say(`${name} ${write.kind} ${write.group ?? ""} ${write.account}`);
        oracle.onWrite(write);
      },
    });
    const deployed = {
      policy: policyAfter(edits, schedule.terms),
      hash: edits.join(" "),
      changedAt: edits.length,
    };
    const system = startSystem({
      life,
      nights: hasNights(schedule) ? "yes" : "no",
      policy: () => {
        if (isBroken) throw new PolicyUnusable("broken", "the policy is broken");
        return deployed;
      },
      graphNow: time.now,
      pause: () => time.sleep(10),
      graph,
      subscriptions,
      bus,
      tables,
      onResume: (path, status) => {
        say(`${name} tells ${path.split("/").at(-2)} that its task has ${status}`);
        stirredAt = time.now();
        oracle.onResume(path, status);
      },
      onEntry: (entry) => {
        const steps = entry.steps.map(({ step, result }) => `${step.kind} ${result}`).join(", ");
        const { kind, target, plan, analyst, outcome } = entry;
        say(
          `${name} ${kind} of ${plan.purpose} ${target ?? "source"} ${analyst.slice(-1)}: ${steps} -> ${outcome}`,
        );
        stirredAt = time.now();
        oracle.onEntry(entry);
      },
      onParked: (told) => {
        say(`${name} parks ${told.session}: ${told.reason}`);
        stirredAt = time.now();
        oracle.onParked(told);
      },
      onLog: say,
    });
    hosts[index] = { life, system };
    // Whatever happened while no host was there was heard by nobody.
    if (begins === "again" && schedule.timers !== "none") run("the start", system.start());
  }

  function run(what: string, running: Promise<void>): void {
    running.catch((error: unknown) => say(`${what} failed: ${String(error)}`));
  }

  function announce(change: Change): void {
    oracle.note();
    const subscription = subscriptions.get(change.kind === "user" ? "users" : `groups/${change.id}`);
    if (subscription === undefined) return;
    const { longestNoticeMs, doubledNotices, unnamed, lostNotices } = trouble();
    if (chance.happens("notice: lost", lostNotices)) return;
    const copies = chance.happens("notice: doubled", doubledNotices) ? 2 : 1;
    const text = noticeOf(
      change,
      subscription,
      chance.happens("notice: unnamed", unnamed) ? "unnamed" : "named",
    );
    for (let copy = 0; copy < copies; copy += 1) {
      time.at(time.now() + chance.between("notice: late", 200, longestNoticeMs), () => void notify(text));
    }
  }

  async function notify(text: string): Promise<void> {
    const index = chance.between("notice: to host", 0, 1);
    const host = [hosts[index], hosts[1 - index]].find((one) => one !== undefined && !one.life.isOver());
    let answer: "none" | "accepted" | "refused" = host === undefined ? "refused" : "none";
    const again = () => void notify(text);
    time.at(time.now() + unansweredMs, () => (answer === "none" ? again() : undefined));
    if (host !== undefined) answer = (await host.system.notify(text)) ? "accepted" : "refused";
    if (answer === "refused") time.at(time.now() + refusedMs, again);
  }

  /** A workflow runs for somebody. The relay calls again until it is heard. */
  function runWorkflow(deed: WorkflowDeed): void {
    const target = deed.of === "source" ? undefined : directory.targets.get(tenants[deed.of]);
    const subject = target === undefined ? cast[deed.person] : accountOf(target, cast[deed.person])?.id;
    if (subject === undefined) return;
    tasks += 1;
    // No two tasks begin in the same millisecond.
    const at = Math.floor(time.now()) + tasks;
    const result = `7a7a7a7a-0000-4000-8000-${String(tasks).padStart(12, "0")}`;
    const text = workflowCall({ category: deed.category, subject, result, at });
    const tenant = target?.tenantId ?? sourceTenant;
    const copies = chance.happens("workflow: doubled", 0.2) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1)
      time.at(at + chance.between("workflow: late", 0, 20_000), () => {
        // Nobody can know of it before.
        oracle.onWorkflow(deed, { at, path: workflowPath(result) });
        oracle.note();
        relay(text, tenant);
      });
  }

  function relay(text: string, tenant: string): void {
    const again = () => time.at(time.now() + refusedMs, () => relay(text, tenant));
    const host = hosts.find(({ life }) => !life.isOver());
    if (host === undefined) return again();
    let isHeard = false;
    // A host that dies does not answer.
    time.at(time.now() + unansweredMs, () => (isHeard ? undefined : again()));
    host.system.relay(text, tenant).then(
      (accepted) => {
        isHeard = true;
        if (!accepted) again();
      },
      (error: unknown) => say(`the relay failed: ${String(error)}`),
    );
  }

  /** A cycle that is due while one is under way is left out. */
  function sync(target: Target): void {
    if (syncing.has(target) || target.job === "Paused") return;
    syncing.add(target);
    const beganAt = time.now();
    const seen = seenBySync(directory, target);
    time.at(beganAt + trouble().cycleLastsMs, () => {
      syncing.delete(target);
      target.cycleBegan = beganAt;
      runCycle(directory, target, seen);
    });
  }

  /** A timer runs on one host, whichever lives. */
  function fireTimers(): void {
    const host = hosts.find(({ life }) => !life.isOver());
    if (host === undefined || schedule.timers === "none") return;
    if (schedule.timers !== "catch-up") run("the subscription timer", host.system.subscribe());
    if (schedule.timers !== "subscriptions") run("the catch-up timer", host.system.catchUp());
  }

  /** A night that falls while no host is there begins when the timer comes round. */
  function fall(): void {
    const host = hosts.find(({ life }) => !life.isOver());
    if (host === undefined) time.at(time.now() + minuteMs, fall);
    else run("the night", host.system.night());
  }

  /** What people do with what somebody's account may have besides its groups. */
  function govern(deed: GovernanceDeed): void {
    const target = directory.targets.get(tenants[deed.target]);
    const services = governance.get(tenants[deed.target]);
    const person = directory.source.users.get(cast[deed.person]);
    if (services === undefined || target === undefined) return;
    const account = accountOf(target, cast[deed.person]);
    const isInviting = schedule.terms.guests !== undefined && deed.target === "contoso";
    const mail = isInviting ? person?.name : undefined;
    if (isGuest(deed)) {
      if (mail === undefined) return;
      const invite = () => directory.createGuest(target, mail, "admin");
      return changeGuest(deed.kind, target, { account, mail, invite });
    }
    const whom = account?.id ?? (isPim(deed) ? undefined : mail);
    if (whom === undefined) return;
    const { pim, packages } = services;
    const giver = (what: string, share: (whom: string) => void) => () =>
      oracle.governedBy(deed.person, { account: whom, what, share: () => share(whom) });
    if (isPim(deed)) {
      if (deed.kind === "end-eligibility") oracle.takenByHand(whom, eligibleGroup);
      if (account !== undefined) pim.act(deed.kind, account, giver(eligibleGroup, pim.share));
      return;
    }
    const what = deed.package ?? packageId;
    if (deed.kind === "remove-package") oracle.takenByHand(whom, what);
    packages.act(deed, whom, giver(what, packages.share));
  }

  live(0, "first");
  live(1, "first");
  oracle.note();
  return {
    get world() {
      return {
        directory: stateOf(directory),
        tables,
        subscriptions: [...subscriptions.values()],
        entitlement: Object.fromEntries(
          [...governance].map(([tenantId, { packages }]) => [tenantId, packages.state()]),
        ),
      };
    },
    oracle,
    say,
    act(deed) {
      say(`** ${JSON.stringify(deed)}`);
      if (deed.kind === "deploy") {
        edits.push(deed.edit);
        for (const { life } of hosts)
          time.at(time.now() + chance.between(`${life.name}: deployed after`, 0, 20_000), life.end);
      } else if (deed.kind === "forget-subscription")
        subscriptions.delete(`groups/${sourceGroups[deed.group]}`);
      else if (deed.kind === "break-policy" || deed.kind === "mend-policy")
        isBroken = deed.kind === "break-policy";
      else if (deed.kind === "night") fall();
      else if (deed.kind === "workflow") runWorkflow(deed);
      else if (isGoverned(deed)) govern(deed);
      else change(directory, deed, oracle);
      stirredAt = time.now();
      oracle.note();
    },
    lookOnceMore() {
      oracle.onlyLooks();
      for (const { id } of begin.directory.people) {
        for (const tenant of directory.targets.keys()) {
          const key = {
            kind: "access",
            tenant: tenantIdSchema.parse(tenant),
            analyst: analystIdSchema.parse(id),
          } as const;
          const heardAt = Math.floor(time.now());
          const message = { key, cause: "once more", heardAt, occasion: "check", version: null } as const;
          bus.send("access", sessionOf(key), message);
        }
      }
    },
    runUntil(calm, until) {
      const { cycleMs } = schedule;
      for (const [index, target] of [...directory.targets.values()].entries()) {
        // Nobody is synchronized where people are invited.
        if (schedule.terms.guests !== undefined && target.tenantId === tenants.contoso) continue;
        const first = begin.at + chance.between(`cycle of ${index}`, 0, cycleMs);
        for (let at = first; at < until; at += cycleMs) time.at(at, () => sync(target));
      }
      if (hasNights(schedule)) time.at(calm + lastNightMs, fall);
      if (schedule.timers === "none") return;
      for (let at = begin.at; at < until; at += tickMs) {
        time.at(at, () => {
          // What nothing has happened to since everybody was looked at looks the same the next time, unless it has an end.
          if (time.now() < calm || time.now() - stirredAt < stillMs || hasEnds(schedule.terms)) fireTimers();
        });
      }
    },
  };
}

const isPim = (deed: GovernanceDeed): deed is PimDeed => pimKinds.has(deed.kind);
const pimKinds: ReadonlySet<string> = new Set<PimDeed["kind"]>([
  "activate",
  "deactivate",
  "make-eligible",
  "end-eligibility",
  "assign-for-good",
  "end-assignment",
]);
const isGuest = (deed: GovernanceDeed): deed is GuestDeed => guestKinds.has(deed.kind);
const guestKinds: ReadonlySet<string> = new Set<GuestDeed["kind"]>([
  "invite-guest",
  "block-guest",
  "unblock-guest",
  "delete-guest",
]);
const isGoverned = (deed: Deed): deed is GovernanceDeed =>
  pimKinds.has(deed.kind) || packageKinds.has(deed.kind) || guestKinds.has(deed.kind);
const packageKinds: ReadonlySet<string> = new Set<PackageDeed["kind"]>([
  "assign-package",
  "remove-package",
  "approve",
  "deny",
]);

const hasEnds = ({ eligible, packages }: Terms) =>
  eligible?.duration === "PT2H" || (packages !== undefined && packages.expires !== null);

/** What no policy names is there all the same. */
const anyPackage: PackageTerms = {
  in: "both",
  approval: "none",
  expires: null,
  renew: false,
  longestDeliveryMs: 0,
  failing: 0,
  sticking: 0,
};

const scopePackage: PackageTerms = { ...anyPackage, longestDeliveryMs: 20 * minuteMs, failing: 0.2 };
const noGuests: GuestTerms = { ends: "none", deletedAfterMs: 0 };
const nothingYet: EntitlementState = { subjects: [], assignments: [], requests: [] };

function governanceOf(
  { begin, terms: { packages = anyPackage, guests = noGuests } }: Pick<Schedule, "begin" | "terms">,
  { targets, createGuest }: Directory,
  { time, chance, onStir }: Pick<Surroundings, "time" | "chance"> & { readonly onStir: () => void },
): Governance {
  const young = chance.pick("pim: young activations", ["may end", "stay"] as const);
  return new Map(
    [...targets].map(([tenantId, target]) => [
      tenantId,
      {
        pim: pimOf({ target, time, young, onStir }),
        packages: entitlementOf({
          target,
          time,
          chance,
          terms: packages,
          guests,
          begin: begin.entitlement?.[tenantId] ?? nothingYet,
          createGuest: (mail, by) => createGuest(target, mail, by),
          onStir,
        }),
      },
    ]),
  );
}

/** Whether hosts die or stand still in it: whoever begins to tell people may not come to writing that down. */
const isTough = ({ crashes, slow, lostLocks, lostWakes }: Trouble) =>
  crashes + slow + lostLocks + lostWakes > 0;

/** While the policy is broken, nothing happens. */
function patienceOf({ trouble, story }: Schedule): number {
  const breaksAt = story.findIndex(({ deed }) => deed.kind === "break-policy");
  const mendsAt = story.findIndex(({ deed }) => deed.kind === "mend-policy");
  const brokenMs = story.slice(breaksAt + 1, mendsAt + 1).reduce((sum, { afterMs }) => sum + afterMs, 0);
  const slow = trouble.lostWakes + trouble.lostNotices + trouble.brokenOff > 0 || brokenMs > 0;
  return (slow ? unremindedMs : patienceMs) + brokenMs;
}

/** What a person does to the directory. */
function change(
  directory: Directory,
  deed: Exclude<
    Deed,
    | GovernanceDeed
    | WorkflowDeed
    | { kind: "night" | "deploy" | "forget-subscription" | "break-policy" | "mend-policy" }
  >,
  oracle: Oracle,
): void {
  const id = "person" in deed ? cast[deed.person] : "";
  const target = "target" in deed ? directory.targets.get(tenants[deed.target]) : undefined;
  switch (deed.kind) {
    case "join":
      directory.join(sourceGroups[deed.group], id, "admin");
      break;
    case "drop":
      directory.drop(sourceGroups[deed.group], id);
      break;
    case "nest":
      directory.join(sourceGroups[deed.group], teams.juniors, "admin");
      break;
    case "unnest":
      directory.drop(sourceGroups[deed.group], teams.juniors);
      break;
    case "scope-in":
      if (target !== undefined) directory.join(target.scopeGroup, id, oracle.handleScope(deed));
      break;
    case "scope-out":
      oracle.handleScope(deed);
      if (target !== undefined) directory.drop(target.scopeGroup, id);
      break;
    case "shut-out":
    case "let-in":
      if (target !== undefined && target.door !== "open") oracle.judgeShut(target.tenantId);
      if (target !== undefined) target.door = deed.kind === "let-in" ? "open" : deed.how;
      break;
    case "freeze":
      target?.frozen.add(grantGroups.respond);
      break;
    case "thaw":
      target?.frozen.delete(grantGroups.respond);
      break;
    case "lock-scope":
    case "unlock-scope":
      if (target !== undefined) target.lock = deed.kind === "lock-scope" ? "locked" : "open";
      break;
    case "pause-sync":
    case "start-sync":
      if (target !== undefined) target.job = deed.kind === "pause-sync" ? "Paused" : "Active";
      break;
    case "disable":
    case "enable":
      directory.change(id, { enabled: deed.kind === "enable" });
      break;
    case "delete":
      directory.remove(id);
      break;
    case "restore":
      directory.restore(id);
      break;
    case "delegate":
      directory.join(delegatedGroup, id, oracle.handleDelegated(deed.person));
      break;
    case "take-group": {
      const account = target === undefined ? undefined : accountOf(target, id);
      target?.members.delete(`${grantGroups[deed.group]}|${account?.id}`);
      break;
    }
    case "undelegate":
      directory.drop(delegatedGroup, id);
      break;
    case "native": {
      const account = target === undefined ? undefined : accountOf(target, id);
      const key = `${grantGroups.respond}|${account?.id}`;
      if (account !== undefined && target?.members.get(key) === undefined)
        target?.members.set(key, oracle.giverOf(deed.person, account.id, grantGroups.respond));
      break;
    }
    default:
      deed satisfies never;
  }
}

function noticeOf(change: Change, { id, clientState }: Kept, who: "named" | "unnamed"): string {
  const data =
    change.kind === "user"
      ? { "@odata.type": "#Microsoft.Graph.User", id: change.id }
      : {
          "@odata.type": "#Microsoft.Graph.Group",
          id: change.id,
          ...(who === "named" && {
            "members@delta": [{ id: change.member, ...(!change.added && { "@removed": "deleted" }) }],
          }),
        };
  const resource = `${change.kind === "user" ? "Users" : "Groups"}/${change.id}`;
  return JSON.stringify({
    value: [{ subscriptionId: id, clientState, tenantId: sourceTenant, resource, resourceData: data }],
  });
}
