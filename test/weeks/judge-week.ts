import type { RunningLab } from "../../lab/running-lab.ts";
import { isRenewal, judgeOf } from "../worlds/judge.ts";
import type { WorldScene } from "../worlds/scene.ts";
import { isWrite, wordsOfWrite } from "../worlds/writes.ts";
import { weeksEvidence } from "./evidence.ts";
import { judgeMemory, type Weighed } from "./judge-memory.ts";
import { judgeRows, type RowCounts } from "./judge-rows.ts";
import { judgeUpkeep } from "./judge-upkeep.ts";
import type { OpenTables } from "./tables.ts";

/** What was seen in a week, and at its end. */
export type WeekReport = {
  /** From 1. */
  readonly week: number;
  readonly problems: readonly string[];
  readonly deeds: number;
  readonly troubles: number;
  readonly requests: number;
  readonly writes: number;
  /** How those ended who differed in the nights of the week. */
  readonly nights: Readonly<Record<string, number>>;
  readonly openFindings: number;
  readonly rows: RowCounts;
  readonly heaps: readonly Weighed[];
};

type Played = {
  readonly thisWeek: WorldScene;
  readonly week: number;
  readonly deeds: number;
  /** Numbers of traffic, before the week and before its last night. */
  readonly seqs: { readonly ofWeek: number; readonly ofLastNight: number };
};

/** Judges one week after the other: people as in worlds, and what has to stay as it is however long Muster runs. */
export function weekJudge(
  { lab, census, beganAt }: WorldScene,
  tables: OpenTables,
): (played: Played) => Promise<WeekReport> {
  const evidenceFrom = weeksEvidence(lab, tables, beganAt);
  const weighed: Weighed[] = [];
  let writesSoFar = 0;

  return async ({ thisWeek, week, deeds, seqs }) => {
    const { plans, climate, beganAt: mannersSince } = thisWeek;
    const people = judgeOf(thisWeek, { evidenceFrom, mannersSince });
    const { told } = await people.lookedAt(seqs.ofLastNight);
    const traffic = lab.graph.traffic(seqs.ofWeek).filter(({ caller }) => caller === "app");
    const writes = traffic.filter(isWrite).length;
    writesSoFar += writes;
    const nights = await nightsSince(tables, mannersSince);
    const now = lab.clock.now();
    const rows = await judgeRows({ tables, plans, census, beganAt, now, writes: writesSoFar });
    const heaps = await weigh(lab, week);
    weighed.push(...heaps);
    const faults = plans.flatMap(({ story }) => story.filter(({ deed }) => deed.kind === "fault"));
    return {
      week,
      problems: [
        ...[...people.findings().values()].flat(),
        ...judgeLastNight(lab, seqs.ofLastNight),
        ...(nights.length > 0 && nights.every(({ endedAt }) => endedAt !== null)
          ? []
          : ["nights: one has not ended"]),
        ...(await judgeUpkeep(lab, tables)),
        ...rows.problems,
        ...judgeMemory(weighed),
      ],
      deeds,
      troubles: faults.length + climate.troubles.length,
      requests: traffic.length,
      writes,
      nights: summed(nights.flatMap(({ counts }) => counts)),
      openFindings: told.length,
      rows: rows.counts,
      heaps,
    };
  };
}

/** All is as it should be by then, and what ends by itself is renewed whenever it is time. */
const judgeLastNight = ({ graph }: RunningLab, mark: number): readonly string[] =>
  graph
    .traffic(mark)
    .filter(isWrite)
    .map((record) => wordsOfWrite(record))
    .filter((words) => !isRenewal(words))
    .map((words) => `the night in which nothing was to be done has written ${words}`);

async function nightsSince({ runs }: OpenTables, since: number) {
  const begun = (await runs.newest(40)).filter(
    ({ occasion, begunAt }) => occasion === "night" && begunAt >= since,
  );
  return Promise.all(
    begun.map(async ({ id, endedAt }) => ({
      endedAt,
      counts: (await runs.parts(id)).map(({ counts }) => counts),
    })),
  );
}

function summed(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const one of all)
    for (const [name, count] of Object.entries(one)) if (count > 0) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

async function weigh({ hosts }: RunningLab, week: number): Promise<readonly Weighed[]> {
  return Promise.all(
    hosts.map(async (host) => ({
      week,
      host: host.name,
      pid: host.pid() ?? 0,
      bytes: await host.heapBytes(),
    })),
  );
}
