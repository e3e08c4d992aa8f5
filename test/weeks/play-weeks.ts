import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostOfTimer } from "../../lab/host/host-process.ts";
import type { TrafficRecord } from "../../lab/graph/record/traffic.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { startLab } from "../../lab/start-lab.ts";
import type { WeatherName } from "../../lab/weather.ts";
import { atHome, censusOf } from "../worlds/census.ts";
import { layOut } from "../worlds/lay-out.ts";
import { memoryOf, pairsOf, type WorldScene } from "../worlds/scene.ts";
import { tellerOf, type Teller } from "../worlds/tell.ts";
import { timelineOf } from "../worlds/timeline.ts";
import { weekFrom, weeksBeginAt, type Calendar } from "./calendar.ts";
import { drawOrganisation, drawTerms } from "./draw-organisation.ts";
import { drawWeek } from "./draw-week.ts";
import { weekJudge, type WeekReport } from "./judge-week.ts";
import { openTables } from "./tables.ts";

export type WeeksOptions = {
  readonly seed: number;
  readonly weeks: number;
  /** When the first one begins, epoch ms, virtual; the same for every seed, so that its nights come where they came before. */
  readonly startsAt?: number;
  /** Default: weeks of seven days. */
  readonly calendarFrom?: (beginsAt: number) => Calendar;
  /** Default: azure. */
  readonly weather?: WeatherName;
  readonly onLine?: (line: string) => void;
  readonly onWeek?: (report: WeekReport) => void;
  /** Hears how to end everything before its time. */
  readonly onBegun?: (end: () => Promise<void>) => void;
};

const minuteMs = 60_000;

/** Plays weeks of an organisation's life in a lab with two hosts. @returns what was seen in each of them, and what was wrong */
export async function playWeeks(options: WeeksOptions): Promise<readonly WeekReport[]> {
  const { seed, weeks, weather = "azure", startsAt = weeksBeginAt } = options;
  const organisation = drawOrganisation(seed, weeks);
  const climate = { ...drawTerms(seed), weather };
  const folder = await mkdtemp(join(tmpdir(), "muster-weeks-"));
  let lab: RunningLab | undefined;
  const end = async () => {
    await lab?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  options.onBegun?.(end);
  try {
    lab = await startLab({
      seed,
      startsAt,
      hosts: 2,
      world: layOut(climate, [organisation]),
      weather,
      out: join(folder, "lab.json"),
    });
    const { clock } = lab;
    const census = censusOf([organisation], () => clock.now());
    const memory = memoryOf(lab, [organisation]);
    return await live({ lab, climate, plans: [organisation], census, memory, beganAt: clock.now() }, options);
  } finally {
    await end();
  }
}

async function live(
  scene: WorldScene,
  { seed, weeks, calendarFrom = weekFrom, onWeek, onLine }: WeeksOptions,
): Promise<readonly WeekReport[]> {
  const { lab, beganAt } = scene;
  const tables = openTables(lab);
  const tell = tellerOf(scene, onLine);
  await tables.plantOldRows(beganAt);
  const judge = weekJudge(scene, tables);
  const reports: WeekReport[] = [];
  for (let week = 0; week < weeks; week += 1) {
    const calendar = calendarFrom(lab.clock.now());
    const thisWeek = inWeek(scene, { seed, week, calendar });
    const seqs = { ofWeek: lastSeq(lab), ofLastNight: 0 };
    const deeds = await playStory(thisWeek, calendar, tell);
    seqs.ofLastNight = lastSeq(lab);
    if (calendar.lastNight === "by hand") {
      await lab.advance(Math.max(0, calendar.lastNightAt - lab.clock.now()));
      await hostOfTimer(lab.hosts, "nightly")?.fireTimer("nightly");
    }
    await lab.advance(Math.max(0, calendar.endsAt - lab.clock.now()));
    const report = await judge({ thisWeek, week: week + 1, deeds, seqs });
    reports.push(report);
    onWeek?.(report);
    forgetWhoIsOut(thisWeek);
    lab.graph.forgetTraffic((record) => !isKept(record));
  }
  return reports;
}

type Drawn = { readonly seed: number; readonly week: number; readonly calendar: Calendar };

function inWeek(scene: WorldScene, { seed, week, calendar }: Drawn): WorldScene {
  const stories = scene.plans.map((plan) => ({
    plan,
    ...drawWeek(plan, { seed, week, storyMs: calendar.storyMs }),
  }));
  return {
    ...scene,
    climate: { ...scene.climate, troubles: stories.flatMap(({ troubles }) => troubles) },
    plans: stories.map(({ plan, story }) => ({ ...plan, story })),
    beganAt: calendar.beginsAt,
  };
}

/** Until the night in which nothing is to be done. @returns how many deeds were not in vain */
async function playStory(
  thisWeek: WorldScene,
  { beginsAt, storyMs, lastNightAt }: Calendar,
  tell: Teller,
): Promise<number> {
  const { lab, memory } = thisWeek;
  const { happenings, end } = timelineOf(thisWeek, storyMs);
  const passUntil = (at: number) => lab.advance(Math.max(0, at - lab.clock.now()));
  let deeds = 0;
  for (const { at, words, run } of happenings) {
    await passUntil(beginsAt + at);
    // Before anybody purges an account.
    memory.noteOwners();
    const result = await run();
    if (result === "done") deeds += 1;
    tell(result === "done" ? words : `${words} (${result})`);
  }
  await passUntil(beginsAt + storyMs);
  await end();
  tell("all troubles are over");
  await passUntil(lastNightAt - 10 * minuteMs);
  tell("everything has had its time, and a night");
  return deeds;
}

/** Of past weeks: what says whose an assignment is, and what nobody knows the end of. */
const isKept = ({ method, template, status }: TrafficRecord) =>
  method === "POST" &&
  (template.endsWith("/appRoleAssignedTo") || (status >= 500 && template.endsWith("/members/$ref")));

const lastSeq = ({ graph }: RunningLab) => graph.traffic().at(-1)?.seq ?? 0;

/** Whoever is out begins anew when they come back: what was done to them by hand is gone with their accounts. */
function forgetWhoIsOut(thisWeek: WorldScene): void {
  const { census, memory } = thisWeek;
  for (const { citizen, target } of pairsOf(thisWeek)) {
    if (census.wantedIn(citizen, target).size === 0) memory.forgetHands(citizen.id, target.name);
    if (census.wantedAtHome(citizen).size === 0) memory.forgetHands(citizen.id, atHome);
  }
}
