import type * as fc from "fast-check";
import { busOf } from "./bus.ts";
import { chanceOf, type Chance } from "./chance.ts";
import {
  accountOf,
  directoryOf,
  stateOf,
  type Change,
  type Directory,
  type DirectoryState,
} from "./directory.ts";
import { graphOf } from "./graph.ts";
import { lifeOf, type Life } from "./host.ts";
import { oracleOf, type Oracle } from "./oracle.ts";
import { policyAfter, type Terms } from "./policies.ts";
import {
  cast,
  grantGroups,
  roleGroups,
  sourceTenant,
  tenants,
  type Deed,
  type Moment,
  type PolicyEdit,
} from "./story.ts";
import { runCycle } from "./sync.ts";
import { startSystem, subscription, type System } from "./system.ts";
import type { Rows } from "./tables.ts";
import { timeOf, type Time } from "./time.ts";
import { calm, type Trouble } from "./trouble.ts";

/** One course that things may take: the seed chooses what the story, the trouble and the scheduler leave open. */
export type Schedule = {
  readonly seed: number;
  readonly begin: Beginning;
  readonly story: readonly Moment[];
  readonly trouble: Trouble;
  readonly terms: Terms;
  /** Without it, what is heard has to be enough. */
  readonly catchUp: "on" | "off";
  /** How long everything has to come to its end when the story and the trouble are over. */
  readonly quietMs: number;
  readonly scheduler: fc.Scheduler;
  /** Hears everything that happens, in words. */
  readonly onLine?: (line: string) => void;
};

/** What is true, and what Muster remembers, when a schedule begins. */
export type Beginning = {
  readonly at: number;
  readonly directory: DirectoryState;
  readonly tables: Readonly<Record<string, Rows>>;
};

export type Played = {
  /** What the oracle has to say; nothing when all is well. */
  readonly findings: readonly string[];
  readonly end: Beginning;
};

const minuteMs = 60_000;
/** How long the trouble outlasts the story. */
const aftermathMs = 6 * minuteMs;
const cycleMs = 40 * minuteMs;
const tickMs = 5 * minuteMs;
/** Graph gives up on an answer that does not come, and delivers again. */
const unansweredMs = 2 * minuteMs;
const refusedMs = 10_000;

/** Plays one schedule to its end. */
export async function playSchedule(schedule: Schedule): Promise<Played> {
  const { seed, begin, story, scheduler, quietMs } = schedule;
  const chance = chanceOf(seed);
  const time = timeOf(begin.at, scheduler, chance);
  const storyEnds = story.reduce((at, { afterMs }) => at + afterMs, begin.at);
  const troubleUntil = storyEnds + aftermathMs;
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
  stage.runUntil(troubleUntil + quietMs);
  await time.play(troubleUntil + quietMs);
  stage.oracle.judge();
  for (const finding of stage.oracle.findings) stage.say(`!! ${finding}`);
  return { findings: stage.oracle.findings, end: { at: time.now(), ...stage.world } };
}

type Surroundings = { readonly time: Time; readonly chance: Chance; readonly trouble: () => Trouble };

type Stage = {
  readonly world: { readonly directory: DirectoryState; readonly tables: Readonly<Record<string, Rows>> };
  readonly oracle: Oracle;
  readonly act: (deed: Deed) => void;
  /** Sets the sync cycles and the timers going. */
  readonly runUntil: (until: number) => void;
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
  const directory: Directory = directoryOf({
    now: time.now,
    state: begin.directory,
    onChange: (change) => announce(change),
  });
  const oracle = oracleOf({ now: time.now, directory, edits: () => edits, guard: schedule.terms.guard });
  const bus = busOf(time, chance, trouble);
  const tables = Object.fromEntries(
    Object.entries(begin.tables).map(([name, rows]) => [name, new Map(rows)]),
  );
  const hosts: { life: Life; system: System }[] = [];

  function live(index: number): void {
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
        time.at(time.now() + chance.between(`${name}: down for`, 500, 40_000), () => live(index));
      },
    });
    const graph = graphOf({
      directory,
      time,
      chance,
      travel: life.travel,
      trouble,
      onWrite: (write) => {
        say(`${name} ${write.kind} ${write.group ?? ""} ${write.account}`);
        oracle.onWrite(write);
      },
    });
    const system = startSystem({
      life,
      policy: {
        policy: policyAfter(edits, schedule.terms),
        hash: edits.join(" "),
        changedAt: edits.length,
      },
      graphNow: time.now,
      pause: () => time.sleep(10),
      graph,
      bus,
      tables,
      onEntry: (entry) => {
        const steps = entry.steps.map(({ step, result }) => `${step.kind} ${result}`).join(", ");
        const { kind, target, plan, analyst, outcome } = entry;
        say(
          `${name} ${kind} of ${plan.purpose} ${target ?? "source"} ${analyst.slice(-1)}: ${steps} -> ${outcome}`,
        );
        oracle.onEntry(entry);
      },
      onParked: (session, reason) => say(`${name} parks ${session}: ${reason}`),
      onLog: say,
    });
    hosts[index] = { life, system };
  }

  function announce(change: Change): void {
    oracle.note();
    const { longestNoticeMs, doubledNotices, unnamed } = trouble();
    const copies = chance.happens("notice: doubled", doubledNotices) ? 2 : 1;
    const text = noticeOf(change, chance.happens("notice: unnamed", unnamed) ? "unnamed" : "named");
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

  /** A timer runs on one host, whichever lives. */
  function fireTimer(): void {
    const host = hosts.find(({ life }) => !life.isOver());
    host?.system.tick().catch((error: unknown) => say(`the timer failed: ${String(error)}`));
  }

  live(0);
  live(1);
  oracle.note();
  return {
    get world() {
      return { directory: stateOf(directory), tables };
    },
    oracle,
    say,
    act(deed) {
      say(`** ${JSON.stringify(deed)}`);
      if (deed.kind === "deploy") {
        edits.push(deed.edit);
        for (const { life } of hosts)
          time.at(time.now() + chance.between(`${life.name}: deployed after`, 0, 20_000), life.end);
      } else change(directory, deed, oracle);
      oracle.note();
    },
    runUntil(until) {
      for (const [index, target] of [...directory.targets.values()].entries()) {
        const first = begin.at + chance.between(`cycle of ${index}`, 0, cycleMs);
        for (let at = first; at < until; at += cycleMs) time.at(at, () => runCycle(directory, target));
      }
      if (schedule.catchUp === "off") return;
      for (let at = begin.at; at < until; at += tickMs) time.at(at, fireTimer);
    },
  };
}

/** What a person does to the directory. */
function change(directory: Directory, deed: Exclude<Deed, { kind: "deploy" }>, oracle: Oracle): void {
  const id = cast[deed.person];
  switch (deed.kind) {
    case "join":
      directory.join(roleGroups[deed.group], id, "admin");
      break;
    case "drop":
      directory.drop(roleGroups[deed.group], id);
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
    case "native": {
      const target = directory.targets.get(tenants[deed.target]);
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

function noticeOf(change: Change, who: "named" | "unnamed"): string {
  const { subscriptionId, clientState } = subscription;
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
    value: [{ subscriptionId, clientState, tenantId: sourceTenant, resource, resourceData: data }],
  });
}
