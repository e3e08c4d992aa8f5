import type { RunningLab } from "../../lab/running-lab.ts";
import { usualScript } from "../baseline/usual-script.ts";
import { withLab } from "../bench-lab.ts";
import type { Figure } from "../figure.ts";
import { longest } from "../measure/chains.ts";
import { rest } from "../measure/deed.ts";
import { measureScript, withoutMuster } from "../measure/script-run.ts";
import { joinerFigures, measureJoiner } from "./joiner.ts";
import { leaverFigures, measureLeaver } from "./leaver.ts";
import { chainInWords } from "../measure/chain-in-words.ts";

type Options = {
  readonly targets: readonly number[];
  readonly rtt: readonly number[];
  readonly onNote: (line: string) => void;
};

/** One analyst comes and goes, in labs of several sizes. */
export async function onePersonFigures({ targets, rtt, onNote }: Options): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const count of targets)
    figures.push(...(await withLab({ targets: count }, (lab) => inLab(lab, { count, rtt, onNote }))));
  return figures;
}

type Size = Pick<Options, "rtt" | "onNote"> & { readonly count: number };

async function inLab(lab: RunningLab, { count, rtt, onNote }: Size): Promise<readonly Figure[]> {
  await rest(lab);
  const people = lab.world.people.slice(0, rtt.length);
  const lives = [];
  for (const [index, person] of people.entries()) {
    lab.graph.setRtt(rtt[index] ?? 0);
    onNote(`${count} targets, ${rtt[index]} ms: an analyst joins`);
    const joiner = await measureJoiner(lab, person);
    onNote(chainInWords(longest(joiner.inPlace).chain, joiner.deed.startedAt, lab));
    onNote(`${count} targets, ${rtt[index]} ms: an analyst leaves`);
    const leaver = await measureLeaver(lab, person);
    onNote(chainInWords(longest(leaver.readClean).chain, leaver.deed.startedAt, lab));
    lives.push({ joiner, leaver });
  }
  await withoutMuster(lab);
  const script = usualScript(lab);
  const figures: Figure[] = [];
  for (const [index, { joiner, leaver }] of lives.entries()) {
    const rttMs = rtt[index] ?? 0;
    lab.graph.setRtt(rttMs);
    onNote(`${count} targets, ${rttMs} ms: the usual script`);
    const others = lab.world.people.slice(rtt.length + index, rtt.length + index + 1);
    const joined = await measureScript(lab, () => script.join(others));
    const left = await measureScript(lab, () => script.leave(others));
    const at = `targets-${count}.rtt-${rttMs}`;
    figures.push(...joinerFigures(at, joiner, joined), ...leaverFigures(at, leaver, left, rttMs));
  }
  return figures;
}
