import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningLab } from "../../lab/running-lab.ts";
import { startLab } from "../../lab/start-lab.ts";
import { censusOf } from "./census.ts";
import { companyOf, drawClimate } from "./draw-climate.ts";
import { drawWorld } from "./draw-world.ts";
import { judgeOf, type Findings } from "./judge.ts";
import { layOut } from "./lay-out.ts";
import { lookAtEverybody } from "./look-at-everybody.ts";
import { memoryOf, type WorldScene } from "./scene.ts";
import { tellerOf, type Teller } from "./tell.ts";
import { timelineOf } from "./timeline.ts";
import { lookMs, quietMs, storyMs } from "./times.ts";

export type Verdict = {
  readonly findings: Findings;
  /** Why people were told something, for whoever wants to know what excuses what. */
  readonly told: readonly string[];
};

export type PlayOptions = { readonly onLine?: (line: string) => void };

/** Plays these worlds, all of one company, side by side in one lab. */
export async function playCompany(seeds: readonly number[], options: PlayOptions = {}): Promise<Verdict> {
  const [first] = seeds;
  if (first === undefined) throw new Error("a company has a world at least");
  const climate = drawClimate(companyOf(first));
  const plans = seeds.map((seed) => drawWorld(seed));
  const folder = await mkdtemp(join(tmpdir(), "muster-worlds-"));
  let lab: RunningLab | undefined;
  try {
    lab = await startLab({
      seed: climate.company,
      world: layOut(climate, plans),
      weather: climate.weather,
      out: join(folder, "lab.json"),
    });
    const { clock } = lab;
    const census = censusOf(plans, () => clock.now());
    const memory = memoryOf(lab, plans);
    const scene = { lab, climate, plans, census, memory, beganAt: clock.now() };
    return await play(scene, tellerOf(scene, options.onLine));
  } finally {
    await lab?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(scene: WorldScene, tell: Teller): Promise<Verdict> {
  const { lab, climate, memory, beganAt } = scene;
  const { happenings, end } = timelineOf(scene);
  const judge = judgeOf(scene);
  const passUntil = (at: number) => lab.advance(Math.max(0, beganAt + at - lab.clock.now()));
  for (const { at, words, run } of happenings) {
    await passUntil(at);
    // Before anybody purges an account.
    memory.noteOwners();
    const result = await run();
    tell(result === "done" ? words : `${words} (${result})`);
  }
  await passUntil(storyMs);
  await end();
  tell("all troubles are over");
  await lab.advance(quietMs[climate.weather]);
  tell("everything has had its time");
  await judge.leftAlone();
  const mark = Math.max(0, ...lab.graph.traffic().map(({ seq }) => seq));
  await lookAtEverybody(scene);
  await lab.advance(lookMs);
  tell("everybody was looked at once more");
  const { told } = await judge.lookedAt(mark);
  return { findings: judge.findings(), told: told.map(({ reason }) => reason) };
}
