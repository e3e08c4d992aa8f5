import type { RunningLab } from "../../lab/running-lab.ts";
import { usualScript } from "../baseline/usual-script.ts";
import { withLab } from "../bench-lab.ts";
import type { Figure } from "../figure.ts";
import { answeredAt } from "../measure/chains.ts";
import { rest } from "../measure/deed.ts";
import { forgetPeak, memoryOf } from "../measure/processes.ts";
import { everybodyAtWork } from "../measure/proofs.ts";
import { measureScript, withoutMuster } from "../measure/script-run.ts";
import { countsOf, isWrite, lastSeq, requestsOf } from "../measure/traffic.ts";
import { sweepFigures, type Sweep } from "./sweep.ts";

export type NightSize = { readonly analysts: number; readonly targets: number };

type Options = {
  readonly sizes: readonly NightSize[];
  readonly rttMs: number;
  readonly onNote: (line: string) => void;
};

/** Nights in which nothing is to be done, of several sizes, beside the script that looks at one pair after another. */
export async function nightFigures({ sizes, rttMs, onNote }: Options): Promise<readonly Figure[]> {
  const sweeps: Sweep[] = [];
  for (const size of sizes) {
    onNote(`${size.analysts} analysts are given their access in ${size.targets} targets`);
    // What a catch-up asks at the same time is none of the night's.
    const night = (lab: RunningLab) => measureNight(lab, size, rttMs);
    sweeps.push(await withLab(size, night, { disabled: ["catch-up"] }));
  }
  return sweepFigures(sweeps);
}

async function measureNight(lab: RunningLab, size: NightSize, rttMs: number): Promise<Sweep> {
  await everybodyAtWork(lab, size.analysts * size.targets);
  await lab.advance(hourMs);
  await rest(lab);
  lab.graph.setRtt(rttMs);
  const [host] = lab.hosts;
  const since = lastSeq(lab);
  await forgetPeak(host?.pid());
  const startedAt = lab.clock.now();
  await host?.fireTimer("nightly");
  await lab.settled({ timeoutMs: patienceMs });
  const requests = requestsOf(lab, lab.world.apps.muster.clientId, since);
  const { peakMiB } = await memoryOf(host?.pid());
  const counts = countsOf(requests);
  await withoutMuster(lab);
  const script = usualScript(lab);
  const one = await measureScript(lab, () => script.check(lab.world.analysts.slice(0, 1)));
  const ofOne = countsOf(one.requests);
  return {
    ...size,
    requests: counts.requests,
    units: counts.units,
    writes: requests.filter(isWrite).length,
    ms: Math.max(startedAt, ...requests.map(answeredAt)) - startedAt,
    peakMiB,
    script: {
      requests: ofOne.requests * size.analysts,
      units: ofOne.units * size.analysts,
      ms: one.ms * size.analysts,
    },
  };
}

const hourMs = 3_600_000;
const patienceMs = 300_000;
